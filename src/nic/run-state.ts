/** Whether the device works: stopped, its queues, timers and time stand still while it goes on answering accesses. */
import type { Stoppable } from '../pci/index.ts';

export class RunState {
  /** Told after each change. */
  onChange: ((running: boolean) => void) | undefined;
  readonly #parts: readonly Stoppable[];
  #running: boolean;

  constructor(parts: readonly Stoppable[]) {
    this.onChange = undefined;
    this.#parts = parts;
    this.#running = true;
  }

  get running(): boolean {
    return this.#running;
  }

  /** At once, also from within an access or the device's own work; what is under way ends first. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    for (const part of this.#parts) part.stop();
    this.onChange?.(false);
  }

  /** Goes on where it stopped. */
  cont(): void {
    if (this.#running) return;
    this.#running = true;
    for (const part of this.#parts) part.cont();
    this.onChange?.(true);
  }
}

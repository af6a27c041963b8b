/** INTx from a slot's pin to an input of the I/O APIC. Pins share the chipset's PIRQ lines, and lines share inputs. */
import type { InterruptPin } from '../../pci/index.ts';

const INPUTS = 24;

/** How a chipset routes. */
export interface PirqRouting {
  /** PIRQ line of INTA of a slot on the root bus. */
  lineOf(slot: number): number;
  /** Inputs of the I/O APIC that a line drives now. */
  inputsOf(line: number): readonly number[];
}

export class InterruptLines {
  readonly #routing: PirqRouting;
  /** Asserted pins of each line. */
  readonly #lines: number[];
  readonly #levels: Uint8Array;
  /** Inputs forced from outside (`set_irq_in`). */
  readonly #forced: Uint8Array;
  /** Told of each change while somebody has asked for it. */
  intercept: ((input: number, asserted: boolean) => void) | undefined;

  constructor(routing: PirqRouting) {
    this.#routing = routing;
    this.#lines = Array.from({ length: 8 }, () => 0);
    this.#levels = new Uint8Array(INPUTS);
    this.#forced = new Uint8Array(INPUTS);
    this.intercept = undefined;
  }

  /** INTA of a slot. A slot behind a root port is wired to the port's own pin. */
  pinOf(slot: number): InterruptPin {
    const line = this.#routing.lineOf(slot);
    return {
      setLevel: (asserted) => {
        this.#lines[line]! += asserted ? 1 : -1;
        this.refresh();
      },
    };
  }

  /** Forces an input; false where there is none of that number. */
  force(input: number, asserted: boolean): boolean {
    if (!(input >= 0 && input < INPUTS)) return false;
    this.#forced[input] = asserted ? 1 : 0;
    this.refresh();
    return true;
  }

  /** Levels or routing have changed. */
  refresh(): void {
    const next = Uint8Array.from(this.#forced);
    this.#lines.forEach((pins, line) => {
      if (pins > 0) for (const input of this.#routing.inputsOf(line)) next[input] = 1;
    });
    for (let input = 0; input < INPUTS; input += 1) {
      if (next[input] === this.#levels[input]) continue;
      this.#levels[input] = next[input]!;
      this.intercept?.(input, next[input] === 1);
    }
  }
}

/** All faults of a NIC, as its device thread has them. */
import { makeTask, type Task, type Tasks } from '../ports/index.ts';
import { Fault, type FaultSpec } from './fault.ts';
import { type FaultyPort, PortFaults } from './port-faults.ts';

/** A fault as monitors show it. */
export interface FaultStatus {
  readonly spec: FaultSpec;
  /** Occasions so far, and those at which it struck. */
  readonly seen: number;
  readonly struck: number;
  readonly spent: boolean;
}

export class Faults {
  readonly #ports: readonly PortFaults[];
  /** By id. */
  readonly #faults: Map<string, Fault>;
  readonly #tasks: Tasks;
  readonly #review: Task;

  constructor(ports: readonly FaultyPort[], tasks: Tasks) {
    this.#tasks = tasks;
    this.#faults = new Map();
    this.#review = makeTask(() => {
      this.#set(false);
      return false;
    });
    this.#ports = ports.map((port) => new PortFaults(port, () => this.#tasks.mark(this.#review)));
  }

  /** False where there is one of that id, or no such port. */
  add(spec: FaultSpec): boolean {
    if (this.#faults.has(spec.id) || spec.port >= this.#ports.length) return false;
    this.#faults.set(spec.id, new Fault(spec));
    this.#set(false);
    return true;
  }

  /** Takes one away, or all; returns how many. What they hold back goes on. */
  clear(id?: string): number {
    const before = this.#faults.size;
    if (id === undefined) this.#faults.clear();
    else this.#faults.delete(id);
    this.#set(true);
    return before - this.#faults.size;
  }

  list(): FaultStatus[] {
    return [...this.#faults.values()].map(({ spec, seen, struck, spent }) => ({ spec, seen, struck, spent }));
  }

  #set(settle: boolean): void {
    const all = [...this.#faults.values()];
    for (const [number, port] of this.#ports.entries())
      port.set(
        all.filter(({ spec }) => spec.port === number),
        settle,
      );
  }
}

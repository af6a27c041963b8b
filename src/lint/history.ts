/** What rules must remember of a port, because its registers do not tell. */
import { POOLS, QUEUES } from '../devices/igb/context.ts';
import { pf } from '../devices/igb/tables/index.ts';

/** A reset is over by then, whether or not software asked. */
const RESET_NS = 1e6;
/** Changes of queues have settled: no driver is half way through its set-up. */
const SETTLED_NS = 1e7;
/** What the device tells of an access to memory follows it at once, unless its thread has to wait for a processor. */
const DMA_TOLD_NS = 1e7;

/** Registers by which a command is given and its end is asked for. */
const commands: readonly { readonly index: number; readonly start: number }[] = [
  { index: pf.MDIC.index, start: pf.MDIC.OP_READ.mask | pf.MDIC.OP_WRITE.mask },
  { index: pf.EERD.index, start: pf.EERD.START.mask },
  { index: pf.EEWR.index, start: pf.EEWR.START.mask },
];
const queueControls = [pf.RXDCTL, pf.TXDCTL].map(({ index, step }) => ({ first: index, end: index + QUEUES * step }));

export class PortHistory {
  readonly #now: () => number;
  #resetNs: number;
  #queuesNs: number;
  /** Storage indices of registers whose command has not been asked for. */
  readonly #asked: Set<number>;
  /** When DMA of each function failed last because a fault was asked for. */
  readonly #dmaFaultNs: Float64Array;
  /** By VF: it was reset and has not said RESET since. */
  readonly #unsaid: Uint8Array;
  /** The write to mailbox memory that comes next is a VF's. */
  vfWrites: boolean;

  constructor(now: () => number) {
    this.#now = now;
    this.#resetNs = -Infinity;
    this.#queuesNs = -Infinity;
    this.#asked = new Set();
    this.#dmaFaultNs = new Float64Array(1 + POOLS).fill(-Infinity);
    this.#unsaid = new Uint8Array(POOLS);
    this.vfWrites = false;
  }

  /** CTRL.RST was just written: neither a read nor time has passed since. */
  get resetting(): boolean {
    return this.#now() - this.#resetNs < RESET_NS;
  }

  /** No queue has been switched on or off lately. */
  get settled(): boolean {
    return this.#now() - this.#queuesNs > SETTLED_NS;
  }

  /** A command was given by this register and software has not looked whether it is done. */
  unanswered(index: number): boolean {
    return this.#asked.has(index);
  }

  /** DMA of this function has just failed, and not by its driver's mistake. */
  dmaFaulted(fn: number): boolean {
    return this.#now() - this.#dmaFaultNs[fn]! < DMA_TOLD_NS;
  }

  dmaFault(fn: number): void {
    this.#dmaFaultNs[fn] = this.#now();
  }

  /** The VF has yet to say RESET. */
  mustReset(vf: number): boolean {
    return this.#unsaid[vf] === 1;
  }

  vfReset(vf: number): void {
    this.#unsaid[vf] = 1;
  }

  vfSaidReset(vf: number): void {
    this.#unsaid[vf] = 0;
  }

  /** A register of the port was written, by storage index; after the rules have looked. */
  written(index: number, value: number): void {
    this.vfWrites = false;
    for (const command of commands) {
      if (index === command.index && (value & command.start) !== 0) this.#asked.add(index);
    }
    for (const { first, end } of queueControls) if (index >= first && index < end) this.#queuesNs = this.#now();
    this.#resetNs = -Infinity;
    if (index !== pf.CTRL.index || (value & pf.CTRL.RST.mask) === 0) return;
    this.#resetNs = this.#now();
    this.#queuesNs = this.#resetNs;
    this.#asked.clear();
  }

  read(index: number): void {
    this.#resetNs = -Infinity;
    this.#asked.delete(index);
  }
}

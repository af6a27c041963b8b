/**
 * What a VF has of the port (reference §7.1): queues v and v + 8, three vectors, its bits of VFRE and VFTE, its mailbox. A VF
 * has them while it is live; until then its queues and vectors are the PF's, and only the mailbox is its own.
 */
import { POOLS, type PortContext } from '../context.ts';
import type { InterruptMessages } from '../interrupts/interrupt-messages.ts';
import type { Mailbox } from './mailbox.ts';
import { VF_VECTORS } from '../sizes.ts';
import { pf, pfPlan, pfSpecs } from '../tables/index.ts';
import { rxQueues } from '../tables/rx-queues.ts';
import { txQueues } from '../tables/tx-queues.ts';
import { firstVector, type VfInterrupts } from '../interrupts/vf-interrupts.ts';

/**
 * How a VF was reset: `software` by VTCTRL.RST of either side; `function` by FLR or because it vanished; `machine` when
 * another virtual machine gets it.
 */
export type VfResetKind = 'software' | 'function' | 'machine';

/** A side of the data path, as far as a VF's reset concerns it. */
export interface ResettableQueues {
  /** Forgets everything about a queue whose registers have just been reset. */
  resetQueue(queue: number): void;
  controlWritten(queue: number): void;
}

export interface VfResourceParts {
  readonly messages: Pick<InterruptMessages, 'assignVector'>;
  readonly vfInterrupts: Pick<VfInterrupts, 'resetVf'>;
  readonly mailbox: Pick<Mailbox, 'forget' | 'release' | 'vfReset'>;
  readonly transmit: ResettableQueues;
  readonly receive: ResettableQueues;
}

export class VfResources {
  /** One for each VF that has its resources. */
  readonly live: Uint8Array;
  private readonly context: PortContext;
  private readonly parts: VfResourceParts;

  constructor(context: PortContext, parts: VfResourceParts) {
    this.live = new Uint8Array(POOLS);
    this.context = context;
    this.parts = parts;
  }

  /** Gives a VF its resources, idle whoever used them before, or takes them back for the PF. */
  setLive(vf: number, live: boolean): void {
    if ((this.live[vf] === 1) === live) return;
    this.clear(vf);
    this.live[vf] = live ? 1 : 0;
    const owner = live ? 1 + vf : 0;
    this.context.queueFunction[vf] = owner;
    this.context.queueFunction[vf + POOLS] = owner;
    this.context.settings.version += 1;
    for (let vector = 0; vector < VF_VECTORS; vector += 1) {
      const number = firstVector(vf) + vector;
      this.parts.messages.assignVector(number, owner, live ? vector : number);
    }
    const { trace, events } = this.context;
    if (trace.on[events.igb_vf_live] !== 0) trace.emit(events.igb_vf_live, vf, live ? 1 : 0);
  }

  /** Resets a VF (§1.5) and tells the PF by VFLRE and ICR.VMMB. RSTI is left alone: the PF is not in reset. */
  reset(vf: number, kind: VfResetKind): void {
    const { values } = this.context.registers;
    const { trace, events } = this.context;
    if (trace.on[events.igb_reset_vf] !== 0) trace.emit(events.igb_reset_vf, vf);
    if (this.live[vf] === 1) {
      this.clear(vf);
      values[pf.VFRE.index]! &= ~(1 << vf);
      values[pf.VFTE.index]! &= ~(1 << vf);
    }
    this.context.settings.version += 1;
    if (kind === 'function') this.parts.mailbox.release(vf);
    else if (kind === 'machine') {
      this.parts.mailbox.forget(vf);
      for (const { index, step } of COUNTERS) values[index + vf * step] = 0;
    }
    this.parts.mailbox.vfReset(vf);
  }

  /** Queues off and their registers as after power-up, vectors as well; nothing that was under way goes on. */
  private clear(vf: number): void {
    const { values } = this.context.registers;
    for (const queue of [vf, vf + POOLS]) {
      for (const first of QUEUE_REGISTERS) {
        const index = first + queue * QUEUE_STEP;
        values[index] = pfPlan.reset[index]!;
      }
      // Queue 0 is on after power-up, which is not what a VF's reset makes of it.
      values[pf.RXDCTL.index + queue * QUEUE_STEP]! &= ~pf.RXDCTL.ENABLE.mask;
      values[pf.TXDCTL.index + queue * QUEUE_STEP]! &= ~pf.TXDCTL.ENABLE.mask;
      this.parts.transmit.resetQueue(queue);
      this.parts.receive.resetQueue(queue);
      this.parts.transmit.controlWritten(queue);
      this.parts.receive.controlWritten(queue);
    }
    values[pf.PSRTYPE.index + vf] = pf.PSRTYPE.reset;
    this.parts.vfInterrupts.resetVf(vf);
  }
}

/** What a VF counts. No reset of the chip's clears it, but what one machine did is not the next one's to read. */
const COUNTERS = [
  pf.PVFGPRC,
  pf.PVFGPTC,
  pf.PVFGORC,
  pf.PVFGOTC,
  pf.PVFMPRC,
  pf.PVFGPRLBC,
  pf.PVFGPTLBC,
  pf.PVFGORLBC,
  pf.PVFGOTLBC,
];

/** Dwords from a register of one queue to that of the next. */
const QUEUE_STEP = pf.RXDCTL.step;

/** Index, for queue 0, of each register that every queue has. */
const QUEUE_REGISTERS = [...Object.keys(rxQueues), ...Object.keys(txQueues)]
  .map((name) => pfSpecs[name as keyof typeof rxQueues | keyof typeof txQueues])
  .filter(({ count }) => count === 16)
  .map(({ at }) => at >>> 2);

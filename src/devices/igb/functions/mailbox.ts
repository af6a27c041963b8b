/**
 * Mailboxes between PF and VFs (reference §7.4). Each has a buffer (VMBMEM) that one side owns at a time, which both see in
 * their register; events go to the PF through MBVFICR and ICR.VMMB, to a VF through PFSTS and PFACK, which its read clears,
 * and its mailbox vector. A write does all it says before any interrupt leaves. RSTI is what V2PMAILBOX resets to, so every
 * reset of the port sets it.
 */
import { POOLS, type PortContext } from '../context.ts';
import type { Interrupts } from '../interrupts/interrupts.ts';
import { pf } from '../tables/index.ts';
import type { VfInterrupts } from '../interrupts/vf-interrupts.ts';

const { ICR, MBVFICR, MBVFIMR, P2VMAILBOX, V2PMAILBOX, VFLRE, VMBMEM } = pf;
const MESSAGE_DWORDS = 16;

export interface MailboxParts {
  readonly interrupts: Pick<Interrupts, 'raise'>;
  readonly vfInterrupts: Pick<VfInterrupts, 'mailboxEvent'>;
}

export class Mailbox {
  /** Whether a message to one side is lost, for faults on demand; asked for each message, if there is anybody to ask. */
  loses: ((vf: number, to: 'pf' | 'vf') => boolean) | undefined;
  private readonly context: PortContext;
  private readonly parts: MailboxParts;
  private readonly values: Uint32Array;

  constructor(context: PortContext, parts: MailboxParts) {
    this.loses = undefined;
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
  }

  /** The PF wrote its side of a mailbox. */
  writePf(vf: number, value: number): void {
    const { events } = this.context;
    if ((value & P2VMAILBOX.RVFU.mask) !== 0) this.revoke(vf);
    const wants = (value & P2VMAILBOX.PFU.mask) !== 0;
    const granted = wants && (this.side(vf) & V2PMAILBOX.VFU.mask) === 0;
    if (wants && !granted) this.trace(events.igb_mailbox_refused, vf, 1);
    if (granted) this.trace(events.igb_mailbox_taken, vf, 1);
    this.setSide(vf, V2PMAILBOX.PFU.mask, granted ? V2PMAILBOX.PFU.mask : 0);
    const posts = (value & P2VMAILBOX.STS.mask) !== 0 && this.loses?.(vf, 'vf') !== true;
    const acknowledges = (value & P2VMAILBOX.ACK.mask) !== 0;
    if (posts) this.tellVf(vf, V2PMAILBOX.PFSTS.mask, events.igb_mailbox_pf_message);
    if (acknowledges) this.tellVf(vf, V2PMAILBOX.PFACK.mask, events.igb_mailbox_pf_acknowledge);
    if (posts || acknowledges) this.parts.vfInterrupts.mailboxEvent(vf);
  }

  /** A VF wrote its side. */
  writeVf(vf: number, value: number): void {
    const { events } = this.context;
    const wants = (value & V2PMAILBOX.VFU.mask) !== 0;
    const granted = wants && (this.side(vf) & V2PMAILBOX.PFU.mask) === 0;
    if (wants && !granted) this.trace(events.igb_mailbox_refused, vf, 0);
    if (granted) this.trace(events.igb_mailbox_taken, vf, 0);
    this.setSide(vf, V2PMAILBOX.VFU.mask, granted ? V2PMAILBOX.VFU.mask : 0);
    const requests = (value & V2PMAILBOX.REQ.mask) !== 0 && this.loses?.(vf, 'pf') !== true;
    const acknowledges = (value & V2PMAILBOX.ACK.mask) !== 0;
    if (!requests && !acknowledges) return;
    if (requests) this.tellPf(MBVFICR.VFREQ.shift + vf, vf, events.igb_mailbox_request);
    if (acknowledges) this.tellPf(MBVFICR.VFACK.shift + vf, vf, events.igb_mailbox_acknowledge);
    if ((this.values[MBVFIMR.index]! & (1 << vf)) !== 0) this.parts.interrupts.raise(ICR.VMMB.mask);
  }

  /** MBVFIMR: an event that came while it was masked interrupts now. */
  maskWritten(before: number): void {
    const fresh = this.values[MBVFIMR.index]! & ~before;
    const pending = this.values[MBVFICR.index]!;
    if ((fresh & (pending | (pending >>> MBVFICR.VFACK.shift))) !== 0) this.parts.interrupts.raise(ICR.VMMB.mask);
  }

  /** VFLRE: a VF was reset. MBVFIMR is for messages, and does not hide it. */
  vfReset(vf: number): void {
    this.values[VFLRE.index]! |= 1 << vf;
    this.parts.interrupts.raise(ICR.VMMB.mask);
  }

  /** The VF's function was reset: it owns no buffer and nobody waits for an answer. RSTI and RSTD are the PF's to say. */
  release(vf: number): void {
    this.setSide(vf, V2PMAILBOX.VFU.mask | V2PMAILBOX.PFSTS.mask | V2PMAILBOX.PFACK.mask, 0);
  }

  /** Another machine has the VF now: it must not see the messages of the one before, nor the PF take them for its. */
  forget(vf: number): void {
    this.release(vf);
    this.dropRequests(vf);
    const first = VMBMEM.index + vf * MESSAGE_DWORDS;
    this.values.fill(0, first, first + MESSAGE_DWORDS);
  }

  /** CTRL_EXT.PFRSTD, RSTI becomes RSTD: the PF's driver is ready; acts whether or not VFs exist (Linux 6.12 writes it before it enables them). */
  resetDone(): void {
    this.trace(this.context.events.igb_reset_done, 0, 0);
    for (let vf = 0; vf < POOLS; vf += 1) this.setSide(vf, V2PMAILBOX.RSTI.mask, V2PMAILBOX.RSTD.mask);
  }

  private side(vf: number): number {
    return this.values[V2PMAILBOX.index + vf * V2PMAILBOX.step]!;
  }

  /** Changes the VF's side, and the two owner bits of the PF's with it; they lie in the same places. */
  private setSide(vf: number, clear: number, set: number): void {
    const side = (this.side(vf) & ~clear) | set;
    this.values[V2PMAILBOX.index + vf * V2PMAILBOX.step] = side;
    this.values[P2VMAILBOX.index + vf * P2VMAILBOX.step] = side & (V2PMAILBOX.VFU.mask | V2PMAILBOX.PFU.mask);
  }

  private revoke(vf: number): void {
    this.trace(this.context.events.igb_mailbox_revoked, vf, 0);
    this.setSide(vf, V2PMAILBOX.VFU.mask, 0);
    this.dropRequests(vf);
  }

  private dropRequests(vf: number): void {
    this.values[MBVFICR.index]! &= ~((1 << (MBVFICR.VFREQ.shift + vf)) | (1 << (MBVFICR.VFACK.shift + vf)));
  }

  private tellVf(vf: number, bit: number, event: number): void {
    this.setSide(vf, 0, bit);
    this.trace(event, vf, this.firstWord(vf));
  }

  private tellPf(bit: number, vf: number, event: number): void {
    this.values[MBVFICR.index]! |= 1 << bit;
    this.trace(event, vf, this.firstWord(vf));
  }

  /** Of the message in the buffer. */
  private firstWord(vf: number): number {
    return this.values[VMBMEM.index + vf * MESSAGE_DWORDS]!;
  }

  private trace(event: number, a: number, b: number): void {
    const { trace } = this.context;
    if (trace.on[event] !== 0) trace.emit(event, a, b);
  }
}

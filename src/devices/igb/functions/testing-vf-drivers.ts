/**
 * igb's side of SR-IOV and igbvf, as they touch the device (reference §7.2 to §7.8, §9.6, §9.7), over a PF and VFs behind a
 * VMD. What a driver treats as failure throws.
 */
import {
  ACCEPTED,
  busOver,
  CLEAR_TO_SEND,
  MAILBOX_DWORDS,
  Message,
  PfMailboxes,
  ReceiveRing,
  REFUSED,
  setAddress,
  TransmitRing,
  TYPE_MASK,
  VfPort,
  type RingPlace,
  type RegisterBus,
} from '../../../driver/index.ts';
import { FakeDriverMemory } from '../../../driver/testing.ts';
import { pf } from '../tables/index.ts';
import type { Region, SriovRig } from './testing-sriov.ts';
import type { FakeMemory } from '../testing.ts';

const BUFFER_BYTES = 2048;
const FIRST_VF_ADDRESS = 23;

/** One ring each way. */
interface Rings {
  send(frame: Uint8Array): void;
  /** Frames that came since the last call. */
  receive(): Uint8Array[];
}

const ringsOf = (transmit: TransmitRing, receive: ReceiveRing): Rings => ({
  send: (frame) => transmit.send(frame),
  receive: () => receive.take().map(({ bytes }) => bytes),
});

/** igb with `count` VFs. */
export class SriovPfDriver {
  readonly rig: SriovRig;
  readonly count: number;
  /** Whether each VF has said RESET since it was reset. */
  readonly clearToSend: boolean[];
  rings: Rings | undefined;
  readonly #bus: RegisterBus;
  readonly #mailboxes: PfMailboxes;
  readonly #message: Uint32Array;

  constructor(rig: SriovRig, count: number) {
    this.rig = rig;
    this.count = count;
    this.clearToSend = [];
    this.rings = undefined;
    this.#bus = busOver(rig.registers);
    this.#mailboxes = new PfMailboxes(this.#bus);
    this.#message = new Uint32Array(MAILBOX_DWORDS);
  }

  read(register: { at: number }, element = 0, stride = 4): number {
    return this.rig.registers.read(register.at + element * stride);
  }

  write(register: { at: number }, value: number, element = 0, stride = 4): void {
    this.rig.registers.write(register.at + element * stride, value);
  }

  update(register: { at: number }, clear: number, set: number, element = 0): void {
    this.write(register, (this.read(register, element) & ~clear) | set, element);
  }

  /** igb_sriov_reinit: the reset, pools, rings and interrupts of the PF in pool `count`, and PFRSTD at the end. */
  reinit(): void {
    const { count } = this;
    this.write(pf.IMC, 0xffff_ffff);
    this.write(pf.RCTL, 0);
    this.update(pf.CTRL, 0, pf.CTRL.RST.mask);
    if ((this.read(pf.CTRL) & pf.CTRL.RST.mask) !== 0) throw new Error('CTRL.RST');
    this.clearToSend.fill(false);
    this.write(pf.VFRE, 0);
    this.write(pf.VFTE, 0);
    this.update(pf.CTRL, 0, pf.CTRL.SLU.mask);
    const low = this.read(pf.RAL);
    this.write(pf.RAL, low);
    this.update(pf.RAH, 0, (1 << 31) | (1 << (18 + count)));
    this.update(pf.RPLOLR, 0, pf.RPLOLR.STRVLAN.mask);
    this.write(pf.DTXSWC, 0x8000_0000 | (0xffff & ~(0x101 << count)));
    this.write(pf.VT_CTL, pf.VT_CTL.REPL_EN.mask | (count << pf.VT_CTL.DEF_PL.shift));
    this.write(pf.MRQC, 3);
    for (let pool = 0; pool <= count && pool < 8; pool += 1) {
      this.update(pf.VMOLR, 0, pf.VMOLR.AUPE.mask | pf.VMOLR.BAM.mask | pf.VMOLR.STRCRC.mask, pool);
    }
    this.update(pf.VFRE, 0, 1 << count);
    this.update(pf.VFTE, 0, 1 << count);
    this.update(pf.TCTL, 0, pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
    this.write(pf.RCTL, pf.RCTL.EN.mask | pf.RCTL.BAM.mask | pf.RCTL.SECRC.mask | pf.RCTL.LPE.mask);
    const memory = new FakeDriverMemory(this.rig.memory);
    const place: RingPlace = { bus: this.#bus, memory, registers: pf, queue: count, bufferBytes: BUFFER_BYTES };
    this.rings = ringsOf(new TransmitRing(place), new ReceiveRing(place));
    this.write(pf.GPIE, 0xc000_0011);
    this.write(pf.IVAR_MISC, 0x80 << 8);
    this.read(pf.ICR);
    this.write(pf.EIAC, 1);
    this.write(pf.EIAM, 1);
    this.write(pf.EIMS, 1);
    this.write(pf.IMS, pf.ICR.LSC.mask | pf.ICR.VMMB.mask | pf.ICR.DOUTSYNC.mask | pf.ICR.DRSTA.mask);
    this.update(pf.CTRL_EXT, 0, pf.CTRL_EXT.PFRSTD.mask);
  }

  /** Serves the interrupt of vector 0 if it came: igb_msix_other with igb_msg_task. */
  service(): void {
    if (!this.rig.messages().includes('100')) return;
    if ((this.read(pf.ICR) & pf.ICR.VMMB.mask) !== 0) {
      for (let vf = 0; vf < this.count; vf += 1) {
        if (this.#mailboxes.takeReset(vf)) this.clearToSend[vf] = false;
        if (this.#mailboxes.takeRequest(vf)) this.#answer(vf);
        this.#mailboxes.takeAcknowledgement(vf);
      }
    }
    this.write(pf.EIMS, 1);
  }

  /** A ping: with CTS where the VF may talk. */
  ping(vf: number): void {
    this.#post(vf, [Message.control | (this.clearToSend[vf] === true ? CLEAR_TO_SEND : 0)]);
  }

  /** igb lets the message of a VF that holds its mailbox be. */
  #answer(vf: number): void {
    if (!this.#mailboxes.read(vf, this.#message)) return;
    const type = this.#message[0]! & TYPE_MASK;
    if (type === Message.reset) this.#answerReset(vf);
    else if (this.clearToSend[vf] !== true) this.#post(vf, [type | REFUSED]);
    else this.#post(vf, [type | CLEAR_TO_SEND | ACCEPTED]);
  }

  #answerReset(vf: number): void {
    setAddress(this.#bus, FIRST_VF_ADDRESS - vf, Uint8Array.of(2, 0, vf, 0, 0, 1), 1 << vf);
    this.update(pf.VFTE, 0, 1 << vf);
    this.update(pf.VFRE, 0, 1 << vf);
    this.clearToSend[vf] = true;
    this.#post(vf, [Message.reset | ACCEPTED, 2 | (vf << 16), 0x0100]);
  }

  #post(vf: number, message: readonly number[]): void {
    this.#mailboxes.write(vf, Uint32Array.from(message), message.length);
  }
}

/** igbvf. */
export class VfDriver {
  readonly registers: Region;
  readonly port: VfPort;
  macBytes: readonly number[];
  #rings: Rings | undefined;

  /** `service` lets the PF's driver and the device run; it is called wherever igbvf waits. */
  constructor(registers: Region, memory: FakeMemory, base: number, service: () => void) {
    this.registers = registers;
    this.port = new VfPort({ ...busOver(registers), wait: service }, new FakeDriverMemory(memory, base));
    this.macBytes = [];
    this.#rings = undefined;
  }

  get rings(): Rings {
    if (this.#rings === undefined) throw new Error('not open');
    return this.#rings;
  }

  /** §7.8. */
  reset(): void {
    if (!this.port.reset()) throw new Error('the PF is in reset, or does not answer');
    this.macBytes = [...this.port.mac];
    if (this.macBytes.every((byte) => byte === 0)) throw new Error('RESET was refused');
  }

  /** §9.7. */
  open(): void {
    const { transmit, receive } = this.port.open();
    this.#rings = ringsOf(transmit, receive);
  }

  /** check_for_link_vf, with its flag set. */
  linkUp(): boolean {
    this.port.mailboxInterrupt();
    return this.port.checkLink() === 'up';
  }
}

/**
 * igb's side of SR-IOV and igbvf, as they touch the device (reference §7.2 to §7.8, §9.6, §9.7), over a PF and VFs behind a
 * VMD. What a driver treats as failure throws. Rings of 64 descriptors, one each way.
 */
import { pf } from './tables/index.ts';
import type { Region, SriovRig } from './testing-sriov.ts';
import type { FakeMemory } from './testing.ts';

const RING = 64;
const BUFFER = 2048;
const V2P = { REQ: 1, ACK: 2, VFU: 4, PFSTS: 0x10, PFACK: 0x20, RSTI: 0x40, RSTD: 0x80 };
const P2V = { STS: 1, ACK: 2, PFU: 8 };
const CTS = 0x2000_0000;
const ACK = 0x8000_0000;
const NACK = 0x4000_0000;

/** A ring pair in a machine's memory, behind a function's registers. */
export class Rings {
  readonly memory: FakeMemory;
  readonly #registers: Region;
  readonly #rx: number;
  readonly #tx: number;
  readonly #base: number;
  #txTail: number;
  #rxNext: number;

  /** `rx` and `tx`: offsets of RDBAL and TDBAL; everything lies from `base` on. */
  constructor(registers: Region, memory: FakeMemory, rx: number, tx: number, base: number) {
    this.memory = memory;
    this.#registers = registers;
    this.#rx = rx;
    this.#tx = tx;
    this.#base = base;
    this.#txTail = 0;
    this.#rxNext = 0;
  }

  /** §9.7 steps 3 to 6; `longest` is what SET_LPE would say and is sent between by the caller's `beforeReceive`. */
  enable(beforeReceive: () => void): void {
    const r = this.#registers;
    const ring = this.#base;
    r.write(this.#tx + 0x28, r.read(this.#tx + 0x28) & ~0x0200_0000);
    for (const [at, value] of [
      [0x08, RING * 16],
      [0x00, ring],
      [0x04, 0],
      [0x10, 0],
      [0x18, 0],
    ] as const) {
      r.write(this.#tx + at, value);
    }
    r.write(this.#tx + 0x14, r.read(this.#tx + 0x14) & ~0x800);
    r.write(this.#tx + 0x28, r.read(this.#tx + 0x28) | 0x0200_0000);
    r.write(this.#rx + 0x0c, 0x8200_0002);
    const control = r.read(this.#rx + 0x28);
    r.write(this.#rx + 0x28, control & ~0x0200_0000);
    for (const [at, value] of [
      [0x00, ring + RING * 16],
      [0x04, 0],
      [0x08, RING * 16],
      [0x10, 0],
      [0x18, 0],
    ] as const) {
      r.write(this.#rx + at, value);
    }
    beforeReceive();
    r.write(this.#rx + 0x28, (control & 0xfff0_0000) | 0x0200_0000 | 16 | (8 << 8) | (1 << 16));
    this.#txTail = 0;
    this.#rxNext = 0;
    for (let n = 0; n < RING; n += 1) this.#refill(n);
    r.write(this.#rx + 0x18, RING - 1);
  }

  send(frame: Uint8Array): void {
    const buffer = this.#base + RING * 32 + (RING + this.#txTail) * BUFFER;
    const descriptor = this.#base + this.#txTail * 16;
    this.memory.pokeBytes(buffer, frame);
    this.memory.poke64(descriptor, buffer);
    this.memory.poke32(descriptor + 8, 0x2b30_0000 | frame.length);
    this.memory.poke32(descriptor + 12, frame.length << 14);
    this.#txTail = (this.#txTail + 1) % RING;
    this.#registers.write(this.#tx + 0x18, this.#txTail);
  }

  /** Frames that came since the last call. */
  receive(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (;;) {
      const descriptor = this.#base + RING * 16 + this.#rxNext * 16;
      if ((this.memory.peek32(descriptor + 8) & 1) === 0) return frames;
      const length = this.memory.peek32(descriptor + 12) & 0xffff;
      frames.push(this.memory.peekBytes(this.#base + RING * 32 + this.#rxNext * BUFFER, length));
      this.#refill(this.#rxNext);
      this.#registers.write(this.#rx + 0x18, this.#rxNext);
      this.#rxNext = (this.#rxNext + 1) % RING;
    }
  }

  #refill(n: number): void {
    const descriptor = this.#base + RING * 16 + n * 16;
    this.memory.poke64(descriptor, this.#base + RING * 32 + n * BUFFER);
    this.memory.poke64(descriptor + 8, 0);
  }
}

/** igb with `count` VFs. */
export class SriovPfDriver {
  readonly rig: SriovRig;
  readonly count: number;
  /** Whether each VF has said RESET since it was reset. */
  readonly clearToSend: boolean[];
  rings: Rings | undefined;

  constructor(rig: SriovRig, count: number) {
    this.rig = rig;
    this.count = count;
    this.clearToSend = [];
    this.rings = undefined;
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
    const queue = 0x40 * count;
    this.rings = new Rings(this.rig.registers, this.rig.memory, pf.RDBAL.at + queue, pf.TDBAL.at + queue, 0x1_0000);
    this.rings.enable(() => undefined);
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
        if ((this.read(pf.VFLRE) & (1 << vf)) !== 0) {
          this.write(pf.VFLRE, 1 << vf);
          this.clearToSend[vf] = false;
        }
        if (this.take(1 << vf)) this.receive(vf);
        this.take(1 << (16 + vf));
      }
    }
    this.write(pf.EIMS, 1);
  }

  /** A ping: with CTS where the VF may talk. */
  ping(vf: number): void {
    this.post(vf, [0x100 | (this.clearToSend[vf] === true ? CTS : 0)]);
  }

  private take(bit: number): boolean {
    if ((this.read(pf.MBVFICR) & bit) === 0) return false;
    this.write(pf.MBVFICR, bit);
    return true;
  }

  private receive(vf: number): void {
    if (!this.lock(vf)) return;
    const message = Array.from({ length: 16 }, (_, word) => this.read(pf.VMBMEM, 16 * vf + word));
    this.write(pf.P2VMAILBOX, P2V.ACK, vf);
    const type = message[0]! & 0xffff;
    if (type === 1) this.receiveReset(vf);
    else if (this.clearToSend[vf] !== true) this.post(vf, [(type | NACK) >>> 0]);
    else this.post(vf, [(type | CTS | ACK) >>> 0]);
  }

  private receiveReset(vf: number): void {
    const low = 0x0000_0002 | (vf << 16);
    const high = 0x0100;
    const rar = 23 - vf - 16;
    this.write(pf.RA2L, low, rar, 8);
    this.write(pf.RA2H, high | (1 << 31) | (1 << (18 + vf)), rar, 8);
    this.update(pf.VFTE, 0, 1 << vf);
    this.update(pf.VFRE, 0, 1 << vf);
    this.clearToSend[vf] = true;
    this.post(vf, [(1 | ACK) >>> 0, low, high]);
  }

  private post(vf: number, message: readonly number[]): void {
    if (!this.lock(vf)) return;
    this.take(1 << vf);
    this.take(1 << (16 + vf));
    message.forEach((word, n) => this.write(pf.VMBMEM, word, 16 * vf + n));
    this.write(pf.P2VMAILBOX, P2V.STS, vf);
  }

  /** False where the VF holds its mailbox: igb then lets the message be. */
  private lock(vf: number): boolean {
    this.write(pf.P2VMAILBOX, P2V.PFU, vf);
    return (this.read(pf.P2VMAILBOX, vf) & P2V.PFU) !== 0;
  }
}

/** igbvf. */
export class VfDriver {
  readonly registers: Region;
  readonly rings: Rings;
  macBytes: readonly number[];
  readonly #service: () => void;
  #remembered: number;

  /** `service` lets the PF's driver and the device run; it is called wherever igbvf waits. */
  constructor(registers: Region, memory: FakeMemory, base: number, service: () => void) {
    this.registers = registers;
    this.rings = new Rings(registers, memory, 0x2800, 0x3800, base);
    this.macBytes = [];
    this.#service = service;
    this.#remembered = 0;
  }

  /** §7.8. */
  reset(): void {
    this.registers.read(0);
    this.registers.write(0, 0x0400_0000);
    for (let poll = 0; this.check(V2P.RSTI | V2P.RSTD); poll += 1) {
      if (poll === 200) throw new Error('the PF is in reset');
    }
    this.post([1]);
    const [type, low, high] = this.answer(3) as [number, number, number];
    if (type !== (1 | ACK) >>> 0) throw new Error(`RESET was answered by ${type.toString(16)}`);
    this.macBytes = [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8].map((byte) => byte & 0xff);
  }

  /** §9.7. */
  open(): void {
    this.post([3, ...Array<number>(15).fill(0)]);
    this.request([4 | (1 << 16), 0]);
    this.rings.enable(() => this.post([5, 1522]));
    this.registers.write(0x1700, 0x8081);
    this.registers.write(0x1740, 0x82);
    this.registers.write(0x1680, 0);
    this.registers.write(0x1684, 0);
    this.registers.read(0x1580);
    for (const at of [0x152c, 0x1530, 0x1524]) this.registers.write(at, 7);
  }

  /** check_for_link_vf, with its flag set. */
  linkUp(): boolean {
    if ((this.registers.read(8) & 2) === 0) return false;
    this.lock();
    const [word] = this.message(1);
    this.registers.write(0xc40, V2P.ACK);
    return (word! & CTS) !== 0;
  }

  check(mask: number): boolean {
    const value = this.registers.read(0xc40) | this.#remembered;
    this.#remembered = value & 0xb0 & ~mask;
    return (value & mask) !== 0;
  }

  private request(message: readonly number[]): void {
    this.post(message);
    const [word] = this.answer(1);
    if ((((word! & ~CTS) >>> 0) & 0xffff) !== (message[0]! & 0xffff) || (word! & NACK) !== 0) {
      throw new Error(`answered by ${word!.toString(16)}`);
    }
  }

  private post(message: readonly number[]): void {
    this.lock();
    this.check(V2P.PFACK);
    this.check(V2P.PFSTS);
    message.forEach((word, n) => this.registers.write(0x800 + 4 * n, word));
    this.registers.write(0xc40, V2P.REQ);
    this.wait(V2P.PFACK);
  }

  private answer(length: number): number[] {
    this.wait(V2P.PFSTS);
    this.lock();
    const words = this.message(length);
    this.registers.write(0xc40, V2P.ACK);
    return words;
  }

  private message(length: number): number[] {
    return Array.from({ length }, (_, n) => this.registers.read(0x800 + 4 * n));
  }

  private wait(bit: number): void {
    for (let poll = 0; !this.check(bit); poll += 1) {
      if (poll === 20) throw new Error(`the PF did not set ${bit.toString(16)}`);
      this.#service();
    }
  }

  private lock(): void {
    this.registers.write(0xc40, V2P.VFU);
    if (!this.check(V2P.VFU)) throw new Error('the PF holds the mailbox');
  }
}

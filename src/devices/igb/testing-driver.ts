/**
 * The accesses of Linux' igb, in its order (reference §9.1 to §9.3, §1.5, §8.3), against a port in this process: one ring each
 * way on queue 0. What the driver treats as failure throws.
 */
import type { IgbPort } from './port.ts';
import { pf, pfPlan } from './tables/index.ts';
import { eerdRead, expectBits, mdicRead, mdicWrite, type TestPort } from './testing-port.ts';
import type { TestContext } from './testing.ts';

const ALL = 0xffffffff;
export const RING_DESCRIPTORS = 256;
const RING_BYTES = RING_DESCRIPTORS * 16;
const BUFFER_BYTES = 2048;

/** Where the driver keeps its rings and buffers in the fake memory. */
export const layout = { tx: 0x1_0000, rx: 0x1_1000, txBuffers: 0x1_2000, rxBuffers: 0x5_0000 } as const;

/** Interrupt modes of the driver. */
export type DriverMode = 'msix' | 'msi' | 'intx';

export class TestDriver {
  readonly port: IgbPort;
  readonly context: TestContext;
  readonly mode: DriverMode;
  macBytes: readonly number[];
  /** Next descriptor to fill or to look at. */
  txTail: number;
  rxNext: number;

  constructor({ port, context }: TestPort, mode: DriverMode) {
    this.port = port;
    this.context = context;
    this.mode = mode;
    this.macBytes = [];
    this.txTail = 0;
    this.rxNext = 0;
  }

  read(register: { at: number }, element = 0, stride = 4): number {
    return this.port.read(register.at + element * stride);
  }

  write(register: { at: number }, value: number, element = 0, stride = 4): void {
    this.port.write(register.at + element * stride, value >>> 0);
  }

  /** Read, modify, write. */
  update(register: { at: number }, clear: number, set: number): void {
    this.write(register, (this.read(register) & ~clear) | set);
  }

  flush(): void {
    this.read(pf.STATUS);
  }

  sleep(ms: number): void {
    this.context.tasks.runAll();
    this.context.clock.advance(ms * 1e6);
    this.context.tasks.runAll();
  }

  /** Ownership of a resource by SWSM and SW_FW_SYNC, as for every PHY access. */
  acquire(mask: number): void {
    this.takeSemaphore();
    const sync = this.read(pf.SW_FW_SYNC);
    expectBits('SW_FW_SYNC', sync, mask | (mask << 16), 0);
    this.write(pf.SW_FW_SYNC, sync | mask);
    this.putSemaphore();
  }

  release(mask: number): void {
    this.takeSemaphore();
    this.update(pf.SW_FW_SYNC, mask, 0);
    this.putSemaphore();
  }

  phyRead(register: number): number {
    this.acquire(pf.SW_FW_SYNC.SW_PHY0.mask);
    if (register > 15) mdicWrite(this.port, 31, register);
    const value = mdicRead(this.port, register & 31);
    this.release(pf.SW_FW_SYNC.SW_PHY0.mask);
    return value;
  }

  phyWrite(register: number, value: number): void {
    this.acquire(pf.SW_FW_SYNC.SW_PHY0.mask);
    if (register > 15) mdicWrite(this.port, 31, register);
    mdicWrite(this.port, register & 31, value);
    this.release(pf.SW_FW_SYNC.SW_PHY0.mask);
  }

  /** §9.1. */
  probe(): void {
    expectBits('CTRL_EXT', this.read(pf.CTRL_EXT), pf.CTRL_EXT.LINK_MODE.mask, 0);
    expectBits('FWSM', this.read(pf.FWSM), pf.FWSM.MODE.mask, 0);
    const eecd = this.read(pf.EECD);
    expectBits('EECD', eecd, pf.EECD.PRES.mask, pf.EECD.PRES.mask);
    const size = (eecd & pf.EECD.SIZE_EX.mask) >>> pf.EECD.SIZE_EX.shift;
    if (size < 1 || size > 8) throw new Error(`EECD.SIZE_EX is ${size}`);
    this.update(pf.CTRL_EXT, pf.CTRL_EXT.I2C_ENABLE.mask, 0);
    expectBits('STATUS', this.read(pf.STATUS), pf.STATUS.FUNC.mask, 0);
    expectBits('PHY id', (this.phyRead(2) << 16) | this.phyRead(3), 0xfffffff0, 0x02a80390);
    this.disableIrq();
    expectBits('MANC', this.read(pf.MANC), 1 << 18, 0);
    this.resetHw();
    this.checkNvm();
    const low = this.read(pf.RAL);
    const high = this.read(pf.RAH);
    expectBits('RAH0', high, pf.RAH.AV.mask, pf.RAH.AV.mask);
    this.macBytes = [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8].map((byte) => byte & 0xff);
    if ((this.macBytes[0]! & 1) !== 0 || this.macBytes.every((byte) => byte === 0)) throw new Error('MAC address');
    for (const word of [0x05, 0x42, 0x43, 0x3d, 0x24]) eerdRead(this.port, word);
    this.reset();
    this.update(pf.CTRL_EXT, 0, pf.CTRL_EXT.DRV_LOAD.mask);
    this.write(pf.TIMINCA, 0x01800000);
    for (const word of [8, 9]) eerdRead(this.port, word);
    this.phyWrite(0, this.phyRead(0) | 0x0800);
  }

  /** The checks of the 64 words that probe and ethtool -t make. */
  checkNvm(): void {
    let sum = 0;
    for (let word = 0; word < 64; word += 1) sum += eerdRead(this.port, word);
    if ((sum & 0xffff) !== 0xbaba) throw new Error('The NVM Checksum Is Not Valid');
  }

  disableIrq(): void {
    if (this.mode === 'msix') {
      this.update(pf.EIAM, 3, 0);
      this.write(pf.EIMC, 3);
      this.update(pf.EIAC, 3, 0);
    }
    this.write(pf.IAM, 0);
    this.write(pf.IMC, ALL);
    this.flush();
  }

  /** §1.5, around CTRL.RST. */
  resetHw(): void {
    this.update(pf.CTRL, 0, pf.CTRL.GIO_MASTER_DISABLE.mask);
    expectBits('STATUS', this.read(pf.STATUS), pf.STATUS.GIO_MASTER_ENABLE.mask, 0);
    const gcr = this.read(pf.GCR);
    expectBits('GCR', gcr, pf.GCR.CAP_VER2.mask, pf.GCR.CAP_VER2.mask);
    this.write(pf.GCR, gcr & ~pf.GCR.CMPL_TMOUT_RESEND.mask);
    this.write(pf.IMC, ALL);
    this.write(pf.RCTL, 0);
    this.write(pf.TCTL, pf.TCTL.PSP.mask);
    this.flush();
    this.sleep(10);
    this.update(pf.CTRL, 0, pf.CTRL.RST.mask);
    expectBits('EECD', this.read(pf.EECD), pf.EECD.AUTO_RD.mask, pf.EECD.AUTO_RD.mask);
    expectBits('CTRL', this.read(pf.CTRL), pf.CTRL.RST.mask, 0);
    this.write(pf.IMC, ALL);
    this.read(pf.ICR);
    if (eerdRead(this.port, 0x37) !== 0xffff) throw new Error('alternate MAC address');
  }

  /** §9.2. */
  reset(): void {
    if ((this.read(pf.RXPBS) & 0x7f) === 0) throw new Error('RXPBS');
    this.resetHw();
    this.write(pf.WUC, 0);
    eerdRead(this.port, 4);
    this.read(pf.LEDCTL);
    for (let n = 0; n < 128; n += 1) {
      this.write(pf.VFTA, 0, n);
      this.flush();
    }
    this.setStationAddress();
    for (let n = 0; n < 128; n += 1) this.write(pf.MTA, 0, n);
    this.setUpLink();
    // All counters, and nothing in the gaps between them.
    for (let at = 0x4000; at <= 0x4138; at += 4) if (pfPlan.register[at >>> 2] !== 0) this.port.read(at);
    this.write(pf.VET, 0x8100);
    this.write(pf.TIMINCA, 0x01800000);
    for (const register of [0, 1, 17, 18, 10, 0x11b1, 0x12b1, 0x14b1, 0x18b1]) this.phyRead(register);
  }

  /** §9.3: rings, filters, interrupts; the link comes later. */
  open(): void {
    this.phyWrite(0, this.phyRead(0) & ~0x0800);
    this.update(pf.CTRL_EXT, 0, pf.CTRL_EXT.DRV_LOAD.mask);
    for (let n = 127; n >= 0; n -= 1) this.write(pf.MTA, 0, n);
    this.write(pf.RLPML, 0x2600);
    this.write(pf.TXDCTL, 0);
    this.update(pf.TCTL, pf.TCTL.CT.mask, pf.TCTL.EN.mask | pf.TCTL.PSP.mask | pf.TCTL.RTLC.mask | (0xf << 4));
    this.update(pf.RXCSUM, 0, (1 << 13) | (1 << 11));
    this.write(pf.MRQC, 0);
    const strip = pf.RCTL.SECRC.mask | pf.RCTL.LPE.mask;
    this.write(pf.RCTL, pf.RCTL.EN.mask | pf.RCTL.BAM.mask | strip);
    this.configureRings();
    this.configureInterrupts();
  }

  configureRings(): void {
    this.write(pf.TXDCTL, 0);
    this.flush();
    this.sleep(10);
    this.write(pf.TDLEN, RING_BYTES);
    this.write(pf.TDBAL, layout.tx);
    this.write(pf.TDBAH, 0);
    this.write(pf.TDH, 0);
    this.write(pf.TDT, 0);
    this.write(pf.TXDCTL, 8 | (1 << 8) | (1 << 16) | pf.TXDCTL.ENABLE.mask);
    this.write(pf.RXDCTL, 0);
    this.write(pf.RDBAL, layout.rx);
    this.write(pf.RDBAH, 0);
    this.write(pf.RDLEN, RING_BYTES);
    this.write(pf.RDH, 0);
    this.write(pf.RDT, 0);
    this.write(pf.SRRCTL, 0x02000402);
    this.write(pf.RXDCTL, 8 | (8 << 8) | (4 << 16) | pf.RXDCTL.ENABLE.mask);
    this.update(pf.RFCTL, 0, 1 << 16);
    this.txTail = 0;
    this.rxNext = 0;
    for (let n = 0; n < RING_DESCRIPTORS; n += 1) this.refill(n);
    this.write(pf.RDT, RING_DESCRIPTORS - 1);
  }

  configureInterrupts(): void {
    if (this.mode === 'msix') {
      this.write(pf.GPIE, 0xc0000011);
      this.write(pf.IVAR_MISC, 0x80 << 8);
      this.write(pf.IVAR, 0x8181);
      for (const vector of [0, 1]) this.write(pf.EITR, 648, vector);
      this.read(pf.ICR);
      this.update(pf.EIAC, 0, 3);
      this.update(pf.EIAM, 0, 3);
      this.write(pf.EIMS, 3);
      this.write(pf.IMS, pf.ICR.LSC.mask | pf.ICR.DOUTSYNC.mask | pf.ICR.DRSTA.mask);
    } else {
      this.write(pf.IVAR, 0x8080);
      this.write(pf.EITR, 648);
      this.read(pf.ICR);
      this.write(pf.IMS, 0x5000009d);
      this.write(pf.IAM, 0x5000009d);
    }
  }

  /** Puts a frame on the ring as one data descriptor with EOP, RS and IFCS, and writes TDT. */
  send(frame: Uint8Array): void {
    const memory = this.context.memory[0]!;
    const buffer = layout.txBuffers + (this.txTail % 64) * BUFFER_BYTES;
    const descriptor = layout.tx + this.txTail * 16;
    memory.pokeBytes(buffer, frame);
    memory.poke64(descriptor, buffer);
    memory.poke32(descriptor + 8, 0x2b300000 | frame.length);
    memory.poke32(descriptor + 12, frame.length << 14);
    this.txTail = (this.txTail + 1) % RING_DESCRIPTORS;
    this.write(pf.TDT, this.txTail);
  }

  /** Frames written back since the last call, so many at most; gives their descriptors back. */
  receiveAll(most = Infinity): Uint8Array[] {
    const memory = this.context.memory[0]!;
    const frames: Uint8Array[] = [];
    while (frames.length < most) {
      const descriptor = layout.rx + this.rxNext * 16;
      if ((memory.peek32(descriptor + 8) & 1) === 0) break;
      const length = memory.peek32(descriptor + 12) & 0xffff;
      frames.push(memory.peekBytes(layout.rxBuffers + this.rxNext * BUFFER_BYTES, length));
      this.refill(this.rxNext);
      this.write(pf.RDT, this.rxNext);
      this.rxNext = (this.rxNext + 1) % RING_DESCRIPTORS;
    }
    return frames;
  }

  private refill(n: number): void {
    const memory = this.context.memory[0]!;
    memory.poke64(layout.rx + n * 16, layout.rxBuffers + n * BUFFER_BYTES);
    memory.poke64(layout.rx + n * 16 + 8, 0);
  }

  private takeSemaphore(): void {
    expectBits('SWSM', this.read(pf.SWSM), pf.SWSM.SMBI.mask, 0);
    this.update(pf.SWSM, 0, pf.SWSM.SWESMBI.mask);
    expectBits('SWSM', this.read(pf.SWSM), pf.SWSM.SWESMBI.mask, pf.SWSM.SWESMBI.mask);
  }

  private putSemaphore(): void {
    this.update(pf.SWSM, pf.SWSM.SMBI.mask | pf.SWSM.SWESMBI.mask, 0);
  }

  private setStationAddress(): void {
    const [a, b, c, d, e, f] = this.macBytes as [number, number, number, number, number, number];
    this.write(pf.RAL, a | (b << 8) | (c << 16) | (d << 24));
    this.flush();
    this.write(pf.RAH, e | (f << 8) | pf.RAH.AV.mask);
    this.flush();
    for (let n = 1; n < 16; n += 1) {
      this.write(pf.RAL, 0, n, 8);
      this.write(pf.RAH, 0, n, 8);
    }
  }

  /** §8.2, order of a copper link's set-up. */
  private setUpLink(): void {
    eerdRead(this.port, 0x0f);
    this.write(pf.FCT, 0x8808);
    this.write(pf.FCAH, 0x0100);
    this.write(pf.FCAL, 0x00c28001);
    this.write(pf.FCTTV, 0xffff);
    this.update(pf.CTRL, pf.CTRL.FRCSPD.mask | pf.CTRL.FRCDPX.mask, pf.CTRL.SLU.mask);
    this.acquire(pf.SW_FW_SYNC.SW_PHY0.mask);
    const ctrl = this.read(pf.CTRL);
    this.write(pf.CTRL, ctrl | pf.CTRL.PHY_RST.mask);
    this.flush();
    this.sleep(0.1);
    this.write(pf.CTRL, ctrl);
    this.flush();
    this.sleep(0.15);
    this.release(pf.SW_FW_SYNC.SW_PHY0.mask);
    expectBits('EEMNGCTL', this.read(pf.EEMNGCTL), 1 << 18, 1 << 18);
    this.sleep(100);
    this.phyWrite(25, this.phyRead(25) & ~0x0006);
    this.phyWrite(18, this.phyRead(18) | 0x1000);
    this.phyWrite(4, 0x0de1);
    this.phyWrite(9, 0x0200);
    this.phyWrite(0, this.phyRead(0) | 0x1200);
    this.write(pf.FCRTL, 0x80000000 | 0xd000);
    this.write(pf.FCRTH, 0xd010);
  }
}

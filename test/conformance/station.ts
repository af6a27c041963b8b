/** What a case works with: a machine, and the set-ups that many cases begin with. */
import { pf, vf } from '../../src/devices/igb/tables/index.ts';
import { read, update, write } from '../../src/driver/index.ts';
import { poolAddress, wordsOf } from './frames.ts';
import type { ConformanceMachine, FarEnd, NicFunction } from './machine.ts';
import { type QueuePlace, RxQueue, type RxOptions, TxQueue } from './rings.ts';

type PfName = {
  [Name in keyof typeof pf]: (typeof pf)[Name] extends { readonly at: number; readonly step: number } ? Name : never;
}[keyof typeof pf];

export const POOLS = 8;
/** Longest frame of pools and port, FCS included. */
const LONGEST = 2600;

export interface PoolOptions {
  /** Pools that get rings; all eight where not given. */
  readonly pools?: readonly number[];
  /** DTXSWC; switching on where not given. */
  readonly dtxswc?: number;
  /** VT_CTL; copies of multicast and broadcast where not given, with default pool 0 disabled. */
  readonly vtCtl?: number;
  /** VMOLR bits besides those that every pool has. */
  readonly vmolr?: number;
  readonly rx?: RxOptions;
}

export class Station {
  readonly machine: ConformanceMachine;
  readonly pf: NicFunction;
  readonly wire: FarEnd;

  constructor(machine: ConformanceMachine) {
    this.machine = machine;
    this.pf = machine.pf;
    this.wire = machine.wire;
  }

  /** A register of the PF, by name. */
  get(name: PfName, element = 0): number {
    return read(this.pf, pf[name], element);
  }

  set(name: PfName, value: number, element = 0): void {
    write(this.pf, pf[name], value, element);
  }

  /** Read, modify, write. */
  change(name: PfName, clear: number, set: number, element = 0): void {
    update(this.pf, pf[name], clear, set, element);
  }

  wait(durationNs: number): void {
    this.machine.wait(durationNs);
  }

  place(queue: number): QueuePlace {
    return { bus: this.pf, memory: this.machine.memory, registers: pf, queue };
  }

  /** Queue 0 or 1 of a VF, through the VF's own registers. */
  vfPlace(index: number, queue = 0): QueuePlace {
    return { bus: this.machine.vf(index), memory: this.machine.memory, registers: vf, queue };
  }

  tx(queue = 0, options: { size?: number; enable?: boolean } = {}): TxQueue {
    return new TxQueue(this.place(queue), options);
  }

  rx(queue = 0, options: RxOptions = {}): RxQueue {
    return new RxQueue(this.place(queue), options);
  }

  /** The link is up, and both directions of the port are on: station address and broadcast are received, FCS stripped. */
  start(rctl = 0): void {
    this.change('CTRL', 0, pf.CTRL.SLU.mask);
    this.set('TCTL', pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
    this.set('RLPML', LONGEST);
    const { EN, BAM, SECRC, LPE } = pf.RCTL;
    this.set('RCTL', EN.mask | BAM.mask | SECRC.mask | LPE.mask | rctl);
  }

  /** The port started with one ring each way on queue 0. */
  open(options: { rctl?: number; rx?: RxOptions } = {}): { tx: TxQueue; rx: RxQueue } {
    const tx = this.tx();
    const rx = this.rx(0, options.rx);
    this.start(options.rctl);
    return { tx, rx };
  }

  /** An exact address, for pools where they matter. */
  address(entry: number, address: string, pools = 0): void {
    const [low, high] = wordsOf(address);
    this.set('RAL', low, entry);
    this.set('RAH', high | (pools << pf.RAH.POOLS.shift) | pf.RAH.AV.mask, entry);
  }

  /** A VLAN of the switch, also let through by VFTA. */
  vlan(entry: number, vid: number, pools: number, more = 0): void {
    this.set('VLVF', vid | (pools << pf.VLVF.POOLS.shift) | pf.VLVF.VI_EN.mask | more, entry);
    this.change('VFTA', 0, 1 << (vid & 31), vid >>> 5);
  }

  /**
   * VMDq with pools that may receive and transmit, each with its address, broadcast and untagged frames, and a ring each way on
   * the queue of its number.
   */
  openPools(options: PoolOptions = {}): { tx: TxQueue[]; rx: RxQueue[] } {
    const { AUPE, BAM, LPE, STRCRC } = pf.VMOLR;
    const pools = options.pools ?? Array.from({ length: POOLS }, (_, pool) => pool);
    this.set('MRQC', 3);
    this.set('VT_CTL', options.vtCtl ?? pf.VT_CTL.REPL_EN.mask | pf.VT_CTL.DIS_DEF_POOL.mask);
    this.set('DTXSWC', options.dtxswc ?? pf.DTXSWC.LOOPBACK_EN.mask);
    this.set('RAH', 0);
    for (let pool = 0; pool < POOLS; pool += 1) {
      this.set('VMOLR', AUPE.mask | BAM.mask | LPE.mask | STRCRC.mask | LONGEST | (options.vmolr ?? 0), pool);
      this.address(1 + pool, poolAddress(pool), 1 << pool);
    }
    const tx: TxQueue[] = [];
    const rx: RxQueue[] = [];
    for (const pool of pools) {
      tx[pool] = this.tx(pool, { size: 8 });
      rx[pool] = this.rx(pool, { size: 8, ...options.rx });
    }
    this.set('VFRE', 0xff);
    this.set('VFTE', 0xff);
    this.start(pf.RCTL.VFE.mask);
    return { tx, rx };
  }

  /** GPIE for MSI-X with a vector a cause, and MSI-X on. */
  openMsix(gpie = 0): void {
    this.pf.enableMsix();
    this.set('GPIE', pf.GPIE.MULTIPLE_MSIX.mask | gpie);
  }
}

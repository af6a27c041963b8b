/**
 * A port with pools among fakes, programmed as Linux' igb does with seven VFs: pool v is VF v, pool 7 the PF. Rings of all
 * sixteen queues lie in one memory; the test plays all drivers and the wire.
 */
import type { FrameCapture } from '../../../ports/index.ts';
import type { IgbPort } from '../port.ts';
import { STATUS } from '../rx/offload.ts';
import { pf } from '../tables/index.ts';
import { FakeMemory, type TestContext } from '../testing.ts';
import { makeTestPort } from '../testing-port.ts';

const BASE = 0x1_0000;
const MEMORY_BYTES = 0x60_0000;
const RING_BYTES = 0x400;
export const RING_DESCRIPTORS = RING_BYTES / 16;
const TX_RINGS = BASE;
const RX_RINGS = BASE + 16 * RING_BYTES;
const RX_BUFFERS = BASE + 0x1_0000;
const RX_BUFFER_BYTES = 0x800;
const TX_BUFFERS = RX_BUFFERS + 16 * RING_DESCRIPTORS * RX_BUFFER_BYTES;
const TX_BUFFER_BYTES = 0x1_0000;

export const PF_POOL = 7;
export const BROADCAST_ADDRESS = 'ff:ff:ff:ff:ff:ff';
export const MULTICAST_ADDRESS = '01:00:5e:00:00:05';
export const STRANGER = '02:99:00:00:00:01';

/** The address of a pool. */
export function addressOf(pool: number): string {
  return `02:00:00:00:00:1${pool}`;
}

function bytesOf(address: string): number[] {
  return address.split(':').map((part) => Number.parseInt(part, 16));
}

export interface EthernetOptions {
  /** Source; that of pool 0 where not given. */
  readonly from?: string;
  /** A tag in the frame: priority and VID. */
  readonly tag?: number;
  /** Without FCS; 60 where not given. */
  readonly length?: number;
}

/** A frame with an EtherType that nobody knows and numbered bytes. */
export function ethernet(to: string, options: EthernetOptions = {}): Uint8Array {
  const tag = options.tag === undefined ? [] : [0x81, 0, options.tag >>> 8, options.tag & 0xff];
  const header = [...bytesOf(to), ...bytesOf(options.from ?? addressOf(0)), ...tag, 0x88, 0xb5];
  return Uint8Array.from({ length: options.length ?? 60 }, (_, n) => header[n] ?? n & 0xff);
}

export interface Arrival {
  readonly queue: number;
  readonly bytes: Uint8Array;
  /** Dword 2 of the last descriptor's write-back. */
  readonly status: number;
  readonly tag: number;
}

export interface SendOptions {
  /** Dword 2 bits besides those that every frame has. */
  readonly command?: number;
  readonly options?: number;
  /** Where the frame lies in the room that its queue has for frames; packets that are sent together lie apart. */
  readonly at?: number;
}

export class PoolBench {
  readonly port: IgbPort;
  readonly context: TestContext;
  readonly memory: FakeMemory;
  /** What the last frames gave rise to. */
  arrived: Arrival[];
  /** Rings whose driver does not give descriptors back, a bit each. */
  stalled: number;
  private readonly next: number[];
  private readonly txTail: number[];

  constructor(capture?: FrameCapture, placed = false) {
    this.memory = new FakeMemory(BASE, MEMORY_BYTES, placed);
    const { port, context } = makeTestPort({ sharedMemory: this.memory, ...(capture && { capture }) });
    this.port = port;
    this.context = context;
    this.arrived = [];
    this.stalled = 0;
    this.next = Array.from({ length: 16 }, () => 0);
    this.txTail = Array.from({ length: 16 }, () => 0);
    this.set('CTRL', this.get('CTRL') | pf.CTRL.SLU.mask);
    this.setUpPools();
    for (let queue = 0; queue < 16; queue += 1) this.setUpRings(queue);
    const { EN, VFE, LPE, SECRC, BAM } = pf.RCTL;
    this.set('RCTL', EN.mask | VFE.mask | LPE.mask | SECRC.mask | BAM.mask);
    this.set('RLPML', 2600);
    this.set('TCTL', pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
    context.wire.sent.length = 0;
  }

  /** Writes a register as a driver does. */
  set(name: keyof typeof pf, value: number, element = 0): void {
    this.port.write(pf[name].at + element * pf[name].step * 4, value >>> 0);
  }

  /** Reads a register as a driver does. */
  get(name: keyof typeof pf, element = 0): number {
    return this.port.read(pf[name].at + element * pf[name].step * 4);
  }

  /** Sets and clears bits of VMOLR. */
  accept(pool: number, set: number, clear = 0): void {
    this.set('VMOLR', (this.get('VMOLR', pool) & ~clear) | set, pool);
  }

  /** An exact address for pools, as `ip link set … vf … mac` enters it. */
  address(entry: number, address: string, pools: number): void {
    const [a, b, c, d, e, f] = bytesOf(address) as [number, number, number, number, number, number];
    this.set('RAL', a | (b << 8) | (c << 16) | (d << 24), entry);
    this.set('RAH', e | (f << 8) | (pools << pf.RAH.POOLS.shift) | pf.RAH.AV.mask, entry);
  }

  /** A VLAN with pools in it. */
  vlan(entry: number, vid: number, pools: number, more = 0): void {
    this.set('VLVF', vid | (pools << pf.VLVF.POOLS.shift) | pf.VLVF.VI_EN.mask | more, entry);
    const word = this.get('VFTA', vid >>> 5);
    this.set('VFTA', word | (1 << (vid & 31)), vid >>> 5);
  }

  /** Puts a frame on a queue's ring without telling the port; `command` and `options` are added to the descriptor. */
  post(queue: number, frame: Uint8Array, { command = 0, options = 0, at: offset = 0 }: SendOptions = {}): void {
    const slot = this.txTail[queue]!;
    const at = TX_RINGS + queue * RING_BYTES + slot * 16;
    const buffer = TX_BUFFERS + queue * TX_BUFFER_BYTES + offset;
    this.memory.pokeBytes(buffer, frame);
    this.memory.poke64(at, buffer);
    this.memory.poke32(at + 8, 0x2b300000 | command | frame.length);
    this.memory.poke32(at + 12, ((frame.length << 14) | options) >>> 0);
    this.txTail[queue] = (slot + 1) % RING_DESCRIPTORS;
  }

  /** Puts a context descriptor on the ring. */
  postContext(queue: number, lengths: number, command: number, sizes: number): void {
    const at = TX_RINGS + queue * RING_BYTES + this.txTail[queue]! * 16;
    this.memory.poke64(at, lengths);
    this.memory.poke32(at + 8, 0x20200000 | command);
    this.memory.poke32(at + 12, sizes);
    this.txTail[queue] = (this.txTail[queue]! + 1) % RING_DESCRIPTORS;
  }

  /** Writes TDT of a queue. */
  kick(queue: number): void {
    this.set('TDT', this.txTail[queue]!, queue);
  }

  /** Sends a frame from a queue; returns where it came out, as `where`. */
  send(queue: number, frame: Uint8Array, options: SendOptions = {}): string {
    this.post(queue, frame, options);
    this.kick(queue);
    return this.where();
  }

  /** A frame comes in from the wire. */
  receive(frame: Uint8Array): string {
    this.port.receive(frame, 0, frame.length, undefined);
    return this.where();
  }

  /** Ends the turn. Where frames have come out: `wire` and numbers of queues, once for each frame. */
  where(): string {
    this.context.tasks.runAll();
    this.arrived = [];
    for (let queue = 0; queue < 16; queue += 1) this.drain(queue);
    const wire = this.context.wire.sent.splice(0).map(() => 'wire');
    return [...wire, ...this.arrived.map(({ queue }) => queue)].join(' ');
  }

  /** Takes every descriptor of a ring away and gives none back until `stalled` is cleared. */
  stall(queue: number): void {
    this.stalled |= 1 << queue;
    this.set('RDT', this.get('RDH', queue), queue);
  }

  /** The last arrivals that have the loopback status. */
  get looped(): number[] {
    return this.arrived.filter(({ status }) => (status & STATUS.LB) !== 0).map(({ queue }) => queue);
  }

  private drain(queue: number): void {
    const { memory } = this;
    const head = this.get('RDH', queue);
    while (this.next[queue] !== head) {
      const slot = this.next[queue]!;
      const at = RX_RINGS + queue * RING_BYTES + slot * 16;
      const status = memory.peek32(at + 8);
      const upper = memory.peek32(at + 12);
      const buffer = RX_BUFFERS + (queue * RING_DESCRIPTORS + slot) * RX_BUFFER_BYTES;
      this.arrived.push({ queue, status, tag: upper >>> 16, bytes: memory.peekBytes(buffer, upper & 0xffff) });
      this.refill(queue, slot);
      this.next[queue] = (slot + 1) % RING_DESCRIPTORS;
    }
    if (((this.stalled >>> queue) & 1) !== 0) return;
    this.set('RDT', (head + RING_DESCRIPTORS - 1) % RING_DESCRIPTORS, queue);
  }

  private refill(queue: number, slot: number): void {
    const at = RX_RINGS + queue * RING_BYTES + slot * 16;
    this.memory.poke64(at, RX_BUFFERS + (queue * RING_DESCRIPTORS + slot) * RX_BUFFER_BYTES);
    this.memory.poke64(at + 8, 0);
  }

  private setUpRings(queue: number): void {
    for (let slot = 0; slot < RING_DESCRIPTORS; slot += 1) this.refill(queue, slot);
    this.set('RDBAL', RX_RINGS + queue * RING_BYTES, queue);
    this.set('RDLEN', RING_BYTES, queue);
    this.set('SRRCTL', (1 << pf.SRRCTL.DESCTYPE.shift) | 2, queue);
    this.set('RXDCTL', pf.RXDCTL.ENABLE.mask, queue);
    this.set('RDT', RING_DESCRIPTORS - 1, queue);
    this.set('TDBAL', TX_RINGS + queue * RING_BYTES, queue);
    this.set('TDLEN', RING_BYTES, queue);
    this.set('TXDCTL', pf.TXDCTL.ENABLE.mask, queue);
  }

  /** §7.2. */
  private setUpPools(): void {
    const { VMOLR, DTXSWC, VT_CTL } = pf;
    this.set('MRQC', 3);
    this.set('VT_CTL', VT_CTL.REPL_EN.mask | (PF_POOL << VT_CTL.DEF_PL.shift));
    this.set('DTXSWC', DTXSWC.LOOPBACK_EN.mask | 0x7f7f);
    this.set('DTXCTL', this.get('DTXCTL') | pf.DTXCTL.VLAN_ADDED.mask);
    this.set('RPLOLR', this.get('RPLOLR') | pf.RPLOLR.STRVLAN.mask);
    this.set('QDE', 0xffff);
    this.set('VFRE', 0xff);
    this.set('VFTE', 0xff);
    for (let pool = 0; pool < 8; pool += 1) {
      this.set('VMOLR', VMOLR.STRCRC.mask | VMOLR.LPE.mask | VMOLR.AUPE.mask | VMOLR.BAM.mask | 2600, pool);
      this.address(pool, addressOf(pool), 1 << pool);
    }
    this.vlan(0, 0, 1 << PF_POOL);
  }
}

/** A transmit engine over fakes, and a guest's hand that fills its rings. */
import { arena } from '../../../packet/index.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import { Statistics } from '../statistics.ts';
import { pf } from '../tables/index.ts';
import { FakeMemory, makeTestContext, type TestContext } from '../testing.ts';
import { command } from './descriptor.ts';
import { TransmitEngine } from './engine.ts';
import { type PoolSink, route, type TransmitSink } from './parts.ts';

export interface SentFrame {
  readonly queue: number;
  readonly bytes: Uint8Array;
  readonly offload: FrameOffload | undefined;
}

/** Keeps what pools get. */
class RecordingPools implements PoolSink {
  readonly delivered: { readonly bytes: Uint8Array; readonly checksumsKnown: boolean }[];
  private delivering: boolean;

  constructor() {
    this.delivered = [];
    this.delivering = false;
  }

  begin(): void {
    this.delivering = true;
  }

  end(): void {
    this.delivering = false;
  }

  deliver(_queue: number, headers: number, body: number, length: number, checksumsKnown: boolean): boolean {
    if (!this.delivering) throw new Error('a frame outside of a run');
    if (body !== headers) return false;
    this.delivered.push({ bytes: arena.bytes.slice(headers, headers + length), checksumsKnown });
    return true;
  }

  /** All of them are delivered one by one. */
  follow(_places: Int32Array, _lengths: Uint16Array, first: number): number {
    return first;
  }

  placesFor(): number {
    return 0;
  }

  placed(): void {
    throw new Error('nothing is made elsewhere here');
  }
}

export class RecordingSink implements TransmitSink {
  /** The wire accepts offloads. */
  offload: boolean;
  /** Frames go to pools as well, or to pools only. */
  toPools: 'none' | 'too' | 'only';
  readonly pools: RecordingPools;
  readonly sent: SentFrame[];
  /** Packets may go the short way. */
  readonly short: boolean;

  constructor(short: boolean) {
    this.short = short;
    this.offload = false;
    this.toPools = 'none';
    this.pools = new RecordingPools();
    this.sent = [];
  }

  route(): number {
    if (this.toPools === 'only') return route.pools;
    const wire = this.offload ? route.wire | route.whole : route.wire;
    return this.toPools === 'too' ? wire | route.pools : wire;
  }

  transmitPieces(): void {
    throw new Error('nothing is sent in pieces here');
  }

  beginRun(): number {
    return this.short ? this.route() : 0;
  }

  get delivered(): RecordingPools['delivered'] {
    return this.pools.delivered;
  }

  routePlain(): number {
    return this.route();
  }

  drain(): void {
    throw new Error('nothing is unseen here');
  }

  transmit(queue: number, bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (bytes !== arena.bytes) throw new Error('a frame outside the arena');
    this.sent.push({ queue, bytes: bytes.slice(offset, offset + length), offload: offload && { ...offload } });
  }
}

export interface ContextFields {
  readonly slot?: number;
  readonly macLength?: number;
  readonly ipLength?: number;
  readonly vlanTag?: number;
  readonly l4Type?: number;
  readonly l4Length?: number;
  readonly segmentSize?: number;
}

const RING_BYTES = 0x400;
const FIRST_BUFFER = 0x2_0000;
const PLAIN = command.DEXT | (3 << 20) | command.IFCS;

/** Engine, fakes, and a driver: rings of 64 descriptors a queue at the beginning of memory, buffers behind. */
export class TransmitBench {
  readonly context: TestContext;
  readonly memory: FakeMemory;
  readonly sink: RecordingSink;
  readonly engine: TransmitEngine;
  /** Queues whose interrupt was raised, in order. */
  readonly interrupts: number[];
  stamps: number;
  /** A stamped frame is being handed over. */
  departing: boolean;
  /** End of the interval of every queue's interrupt; 0 for none. */
  quietUntilNs: number;
  #nextBuffer: number;

  /**
   * With `apart`, each function has a memory of its own and the driver works in the PF's. With `short`, and where nobody watches,
   * packets may go the short way.
   */
  constructor(apart = false, short = false) {
    this.context = makeTestContext(apart ? {} : { sharedMemory: new FakeMemory(0x1_0000, 0x20_0000, short) });
    this.memory = this.context.memory[0]!;
    this.sink = new RecordingSink(short);
    this.interrupts = [];
    this.stamps = 0;
    this.departing = false;
    this.quietUntilNs = 0;
    this.engine = new TransmitEngine(this.context, {
      interrupts: {
        transmitDone: (queue) => void this.interrupts.push(queue),
        quietUntil: () => this.quietUntilNs,
      },
      statistics: new Statistics(this.context.registers.values),
      sink: this.sink,
      time: { txStamp: () => this.beginStamp(), departed: () => void (this.departing = false) },
    });
    this.#nextBuffer = FIRST_BUFFER;
    this.set('TCTL', pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
    this.set('VFTE', 0xff);
    for (let queue = 0; queue < 16; queue += 1) {
      this.set('TDBAL', this.ringOf(queue), queue);
      this.set('TDLEN', RING_BYTES, queue);
      this.set('TXDCTL', pf.TXDCTL.ENABLE.mask, queue);
    }
  }

  private beginStamp(): void {
    this.stamps += 1;
    this.departing = true;
  }

  ringOf(queue: number): number {
    return this.memory.piece.base + queue * RING_BYTES;
  }

  set(name: keyof typeof pf, value: number, element = 0): void {
    const { index, step } = pf[name];
    this.context.registers.values[index + element * step] = value >>> 0;
  }

  get(name: keyof typeof pf, element = 0): number {
    const { index, step } = pf[name];
    return this.context.registers.values[index + element * step]!;
  }

  /** Puts bytes where the guest keeps its buffers; returns their address. */
  place(bytes: Uint8Array): number {
    const address = this.#nextBuffer;
    this.#nextBuffer += bytes.length + 2;
    this.memory.pokeBytes(address, bytes);
    return address;
  }

  /** Writes a descriptor at the tail and moves the tail in the register only; returns its address. */
  post(word0: number, word1: number, word2: number, word3: number, queue = 0): number {
    const tail = this.get('TDT', queue);
    const at = this.ringOf(queue) + tail * 16;
    [word0, word1, word2, word3].forEach((word, n) => this.memory.poke32(at + n * 4, word));
    this.set('TDT', (tail + 1) % (this.get('TDLEN', queue) >>> 4), queue);
    return at;
  }

  postContext(fields: ContextFields, queue = 0): number {
    const word0 = ((fields.vlanTag ?? 0) << 16) | ((fields.macLength ?? 14) << 9) | (fields.ipLength ?? 20);
    const word2 = command.DEXT | (2 << 20) | ((fields.l4Type ?? 1) << 11);
    const word3 = ((fields.segmentSize ?? 0) << 16) | ((fields.l4Length ?? 20) << 8) | ((fields.slot ?? 0) << 4);
    return this.post(word0, 0, word2, word3, queue);
  }

  /** A frame in one buffer; `bits` are added to the command, `options` is dword 3. */
  postFrame(frame: Uint8Array, bits = command.EOP | command.RS, options = 0, queue = 0): number {
    return this.post(this.place(frame), 0, PLAIN | bits | frame.length, options, queue);
  }

  /** The same in pieces of `size` bytes, a descriptor each; command bits but EOP and RS on all of them. */
  postPieces(frame: Uint8Array, size: number, bits = command.EOP | command.RS, options = 0, queue = 0): void {
    for (let at = 0; at < frame.length; at += size) {
      const last = at + size >= frame.length;
      const pieceBits = last ? bits : bits & ~(command.EOP | command.RS);
      this.postFrame(frame.subarray(at, at + size), pieceBits, options, queue);
    }
  }

  /** Tells the engine of the tail and runs it until nothing is left. */
  go(...queues: readonly number[]): readonly SentFrame[] {
    for (const queue of queues.length === 0 ? [0] : queues) this.engine.tailWritten(queue);
    this.context.tasks.runAll();
    return this.sink.sent.splice(0);
  }

  /** Whether the descriptor at an address has DD. */
  isDone(address: number): boolean {
    return (this.memory.peek32(address + 12) & 1) !== 0;
  }
}

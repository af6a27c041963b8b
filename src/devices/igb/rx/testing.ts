/** A receive engine among fakes, with rings in fake memory as a driver sets them up; for unit tests. */
import { arena } from '../../../packet/index.ts';
import { POOLS, QUEUES } from '../context.ts';
import { Statistics } from '../statistics.ts';
import { pf } from '../tables/index.ts';
import { FakeMemory, makeTestContext, type TestContext } from '../testing.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import { ReceiveEngine } from './engine.ts';
import { ERROR, STATUS } from './offload.ts';

/** Where pools' frames are. */
const ROOM = arena.reserve(2 ** 17);

const MEMORY_BASE = 0x1_0000;
const MEMORY_BYTES = 0x40_0000;
const RING_SPACING = 0x1000;
const BUFFERS_AT = MEMORY_BASE + QUEUES * RING_SPACING;
/** Buffers of a ring lie so far apart that the largest fits. */
const BUFFER_SPACING = 0x1000;
const BUFFERS_PER_QUEUE = 32;
const HEADERS_AT = BUFFERS_AT + QUEUES * BUFFERS_PER_QUEUE * BUFFER_SPACING;

export interface RingOptions {
  /** Descriptors; 16 where not given. */
  readonly size?: number;
  /** Descriptors that the driver makes available; size - 1 where not given. */
  readonly available?: number;
  /** SRRCTL; one buffer of 2 KB where not given. */
  readonly srrctl?: number;
}

/** A descriptor that the engine has written back, in words. */
export interface Received {
  readonly dwords: readonly number[];
  readonly length: number;
  readonly tag: number;
  readonly data: Uint8Array;
}

export const ONE_BUFFER = (1 << pf.SRRCTL.DESCTYPE.shift) | 2;
export const DROP_EN = pf.SRRCTL.DROP_EN.mask;
export { ERROR, STATUS };

export class ReceiveHarness {
  readonly context: TestContext;
  readonly memory: FakeMemory;
  readonly engine: ReceiveEngine;
  readonly values: Uint32Array;
  /** What the engine raised, in order: a queue's number, or legacy causes as `causes 0x…`. */
  interrupts: (number | string)[];
  /** End of the interval of every queue's interrupt; 0 for none. */
  quietUntilNs: number;

  /** `placed`: memory has a place in the arena's. */
  constructor(placed = false) {
    this.memory = new FakeMemory(MEMORY_BASE, MEMORY_BYTES, placed);
    this.context = makeTestContext({ sharedMemory: this.memory });
    this.values = this.context.registers.values;
    this.interrupts = [];
    this.quietUntilNs = 0;
    this.engine = new ReceiveEngine(this.context, {
      interrupts: {
        raise: (causes) => void this.interrupts.push(`causes 0x${causes.toString(16)}`),
        receiveDone: (queue) => void this.interrupts.push(queue),
        quietUntil: () => this.quietUntilNs,
      },
      statistics: new Statistics(this.values),
    });
    this.set('RCTL', pf.RCTL.EN.mask | pf.RCTL.BAM.mask | pf.RCTL.SECRC.mask | pf.RCTL.UPE.mask);
    this.set('RXDCTL', 0);
  }

  /** Stores a register as a driver's write does, without side effects. */
  set(name: keyof typeof pf, value: number, element = 0): void {
    this.values[pf[name].index + element * pf[name].step] = value;
  }

  get(name: keyof typeof pf, element = 0): number {
    return this.values[pf[name].index + element * pf[name].step]!;
  }

  ring(queue: number, options: RingOptions = {}): void {
    const size = options.size ?? 16;
    const at = MEMORY_BASE + queue * RING_SPACING;
    for (let slot = 0; slot < size; slot += 1) this.post(queue, slot);
    this.set('RDBAL', at, queue);
    this.set('RDLEN', size * 16, queue);
    this.set('SRRCTL', options.srrctl ?? ONE_BUFFER, queue);
    this.set('RDH', 0, queue);
    this.set('RDT', options.available ?? size - 1, queue);
    this.set('RXDCTL', pf.RXDCTL.ENABLE.mask, queue);
    this.engine.controlWritten(queue);
  }

  /** Makes a slot's descriptor one to be read again. */
  post(queue: number, slot: number): void {
    const at = MEMORY_BASE + queue * RING_SPACING + slot * 16;
    this.memory.poke64(at, this.bufferAddress(queue, slot));
    this.memory.poke64(at + 8, this.headerAddress(queue, slot));
  }

  tail(queue: number, value: number): void {
    this.set('RDT', value, queue);
    this.engine.tailWritten(queue);
  }

  receive(frame: Uint8Array, offload?: FrameOffload): void {
    this.engine.receive(frame, 0, frame.length, offload);
  }

  /** A frame of a pool for others, in the arena as all of them. */
  switched(frame: Uint8Array, knownGood: boolean, sourcePool: number, pools: number): boolean {
    arena.bytes.set(frame, ROOM);
    return this.engine.switched(ROOM, ROOM, frame.length, knownGood, sourcePool, pools);
  }

  /** Ends a turn. */
  turn(): void {
    this.context.tasks.runAll();
  }

  head(queue: number): number {
    return this.get('RDH', queue);
  }

  bufferAddress(queue: number, slot: number): number {
    return BUFFERS_AT + (queue * BUFFERS_PER_QUEUE + (slot % BUFFERS_PER_QUEUE)) * BUFFER_SPACING;
  }

  headerAddress(queue: number, slot: number): number {
    return HEADERS_AT + (queue * BUFFERS_PER_QUEUE + (slot % BUFFERS_PER_QUEUE)) * 0x400;
  }

  /** An advanced descriptor of a ring, with the bytes of its packet buffer. */
  descriptor(queue: number, slot: number): Received {
    const at = MEMORY_BASE + queue * RING_SPACING + slot * 16;
    const dwords = [0, 4, 8, 12].map((offset) => this.memory.peek32(at + offset));
    const length = dwords[3]! & 0xffff;
    return {
      dwords,
      length,
      tag: dwords[3]! >>> 16,
      data: this.memory.peekBytes(this.bufferAddress(queue, slot), length),
    };
  }

  /** Queues that the last frames went to: those whose head has moved. */
  movedQueues(): number[] {
    return Array.from({ length: QUEUES }, (_, queue) => queue).filter((queue) => this.head(queue) !== 0);
  }
}

/** An address as its two register values. */
export function addressWords(text: string): readonly [number, number] {
  const bytes = text.split(':').map((part) => parseInt(part, 16));
  return [bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24), bytes[4]! | (bytes[5]! << 8)];
}

/** Fresh register values of a port. */
export function makeValues(): Uint32Array {
  return makeTestContext().registers.values;
}

/** Sets VMOLR of every pool. */
export function setAllPools(values: Uint32Array, vmolr: number): void {
  for (let pool = 0; pool < POOLS; pool += 1) values[pf.VMOLR.index + pool * pf.VMOLR.step] = vmolr;
}

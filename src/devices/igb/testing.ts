/** Stand-ins for everything outside a port, for unit tests: time, tasks, memory, wire, interrupts and trace that a test can see. */
import { arena } from '../../packet/arena.ts';
import { RecordingTrace } from '../../pci/testing.ts';
import {
  noCapture,
  place,
  type Clock,
  type FrameCapture,
  type FrameOffload,
  type GuestMemory,
  type InterruptPort,
  type MemoryPiece,
  type Task,
  type Tasks,
  type Timer,
  type Wire,
  type WirePort,
} from '../../ports/index.ts';
import { RegisterFile } from '../../registers/index.ts';
import { POOLS, QUEUES, type PortContext } from './context.ts';
import { FrameTaps } from './frame-taps.ts';
import { pfPlan } from './tables/index.ts';
import { igbTraceEvents } from './trace-events.ts';

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  nowNs: number;
  readonly armed: Set<Timer>;

  constructor() {
    this.nowNs = 0;
    this.armed = new Set();
  }

  now(): number {
    return this.nowNs;
  }

  arm(timer: Timer, deadlineNs: number): void {
    timer.deadlineNs = deadlineNs;
    this.armed.add(timer);
  }

  disarm(timer: Timer): void {
    timer.deadlineNs = Infinity;
    this.armed.delete(timer);
  }

  /** Moves time on, firing what falls due in order, each at its own time. */
  advance(durationNs: number): void {
    const endNs = this.nowNs + durationNs;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.armed) {
        if (timer.deadlineNs <= endNs && (next === undefined || timer.deadlineNs < next.deadlineNs)) next = timer;
      }
      if (next === undefined) break;
      this.nowNs = Math.max(this.nowNs, next.deadlineNs);
      this.disarm(next);
      next.expire();
    }
    this.nowNs = endNs;
  }
}

/** Tasks that run when the test says so. */
export class FakeTasks implements Tasks {
  readonly queue: Task[];

  constructor() {
    this.queue = [];
  }

  mark(task: Task): void {
    if (task.marked) return;
    task.marked = true;
    this.queue.push(task);
  }

  /** Runs until nothing is left to do; a task that never ends fails the test. */
  runAll(budget = 256): void {
    for (let turn = 0; this.queue.length > 0; turn += 1) {
      if (turn > 10_000) throw new Error('a task never ends');
      const task = this.queue.shift()!;
      task.marked = false;
      if (task.run(budget)) this.mark(task);
    }
  }
}

/** One piece of guest memory; everything outside it is refused and counted. */
export class FakeMemory implements GuestMemory {
  readonly piece: MemoryPiece;
  readonly view: DataView;
  refused: number;
  /** Off, as while the function is not bus master: everything is refused. */
  usable: boolean;

  /** `placed`: in the packet arena's memory, as a guest's mostly is, so that plain packets go the short way. */
  constructor(base = 0x1_0000, length = 0x10_0000, placed = false) {
    const window = placed ? arena.windows.take(length) | 0 : -1;
    const bytes = placed ? arena.viewOf(window >>> 0, length).bytes : new Uint8Array(length);
    const { buffer, byteOffset } = bytes;
    this.piece = { base, length, bytes, dwords: new Uint32Array(buffer, byteOffset, length >>> 2), window };
    this.view = new DataView(buffer, byteOffset, length);
    this.refused = 0;
    this.usable = true;
  }

  forReading(address: number, length: number): MemoryPiece | undefined {
    if (this.holds(address, length)) return this.piece;
    this.refused += 1;
    return undefined;
  }

  forWriting(address: number, length: number): MemoryPiece | undefined {
    return this.forReading(address, length);
  }

  placeForReading(address: number, length: number): number {
    const { base, window } = this.piece;
    return window !== -1 && this.holds(address, length) ? window + (address - base) : -1;
  }

  placeForWriting(address: number, length: number): number {
    return this.placeForReading(address, length);
  }

  read(address: number, target: Uint8Array, offset: number, length: number): boolean {
    const piece = this.forReading(address, length);
    if (piece === undefined) return false;
    target.set(piece.bytes.subarray(address - piece.base, address - piece.base + length), offset);
    return true;
  }

  write(address: number, source: Uint8Array, offset: number, length: number): boolean {
    const piece = this.forWriting(address, length);
    if (piece === undefined) return false;
    piece.bytes.set(source.subarray(offset, offset + length), address - piece.base);
    return true;
  }

  write32(address: number, value: number): boolean {
    if (this.forWriting(address, 4) === undefined) return false;
    this.poke32(address, value);
    return true;
  }

  /** What a guest's CPU does; an address outside the piece is the test's fault. */
  peek32(address: number): number {
    return this.view.getUint32(address - this.piece.base, true);
  }

  poke32(address: number, value: number): void {
    this.view.setUint32(address - this.piece.base, value >>> 0, true);
  }

  poke64(address: number, value: number): void {
    this.poke32(address, value % 2 ** 32);
    this.poke32(address + 4, Math.floor(value / 2 ** 32));
  }

  peekBytes(address: number, length: number): Uint8Array {
    return this.piece.bytes.slice(address - this.piece.base, address - this.piece.base + length);
  }

  pokeBytes(address: number, bytes: Uint8Array): void {
    this.piece.bytes.set(bytes, address - this.piece.base);
  }

  private holds(address: number, length: number): boolean {
    return this.usable && address >= this.piece.base && address + length <= this.piece.base + this.piece.length;
  }
}

/** A wire that keeps copies of the frames it was given. */
export class RecordingWire implements Wire {
  acceptsOffload: boolean;
  carrier: boolean;
  port: WirePort | undefined;
  readonly sent: { readonly bytes: Uint8Array; readonly offload: FrameOffload | undefined }[];
  resumed: number;

  constructor() {
    this.acceptsOffload = false;
    this.carrier = true;
    this.port = undefined;
    this.sent = [];
    this.resumed = 0;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.sent.push({ bytes: bytes.slice(offset, offset + length), offload: offload && { ...offload } });
  }

  plug(port: WirePort): void {
    this.port = port;
  }

  resume(): void {
    this.resumed += 1;
  }

  setCarrier(up: boolean): void {
    this.carrier = up;
    this.port?.carrierChanged();
  }
}

/** A frame as a capture was shown it. */
export interface CapturedFrame {
  /** Such as `out wire`, or `in rx3 function 4 pool 3`. */
  readonly where: string;
  /** Number of the event that says why it was dropped, or -1. */
  readonly reason: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly offload: FrameOffload | undefined;
}

/** Captures everything. */
export class RecordingCapture implements FrameCapture {
  readonly on: Uint8Array;
  readonly frames: CapturedFrame[];

  constructor() {
    this.on = Uint8Array.of(1, 1, 1);
    this.frames = [];
  }

  frame(...[at, reason, , bytes, offset, length, kept, offload]: Parameters<FrameCapture['frame']>): void {
    const outbound = (at & place.outbound) !== 0;
    const queue = (at >>> place.queueShift) & place.queueMask;
    const pool = (at >>> place.poolShift) & place.poolMask;
    const where = [outbound ? 'out' : 'in'];
    if ((at & place.wire) !== 0) where.push('wire');
    if (queue !== place.queueMask)
      where.push(`${outbound ? 'tx' : 'rx'}${queue} function ${(at >>> place.functionShift) & place.functionMask}`);
    if (pool !== place.poolMask) where.push(`pool ${pool}`);
    this.frames.push({
      where: where.join(' '),
      reason,
      length,
      bytes: bytes.slice(offset, offset + kept),
      offload: offload && { ...offload },
    });
  }
}

/** Notes every message in the order sent: a vector number, `msi`, or a change of the INTx level. */
export class RecordingInterruptPort implements InterruptPort {
  msixEnabled: boolean;
  msiEnabled: boolean;
  intx: boolean;
  log: (number | 'msi' | 'intx+' | 'intx-')[];
  readonly cleared: number[];

  constructor(mode: 'msix' | 'msi' | 'intx' = 'msix') {
    this.msixEnabled = mode === 'msix';
    this.msiEnabled = mode === 'msi';
    this.intx = false;
    this.log = [];
    this.cleared = [];
  }

  sendMsix(vector: number): void {
    this.log.push(vector);
  }

  clearPending(vector: number): void {
    this.cleared.push(vector);
  }

  sendMsi(): void {
    this.log.push('msi');
  }

  setIntx(asserted: boolean): void {
    if (asserted !== this.intx) this.log.push(asserted ? 'intx+' : 'intx-');
    this.intx = asserted;
  }

  /** What was noted since the last call. */
  take(): (number | 'msi' | 'intx+' | 'intx-')[] {
    const { log } = this;
    this.log = [];
    return log;
  }
}

/** A port's context whose outside is all fakes, typed so that a test reaches into them. */
export interface TestContext extends PortContext {
  readonly clock: FakeClock;
  readonly tasks: FakeTasks;
  readonly trace: RecordingTrace;
  readonly wire: RecordingWire;
  readonly memory: readonly FakeMemory[];
  readonly interruptPorts: readonly RecordingInterruptPort[];
}

export interface TestContextOptions {
  /** Interrupts that the guest enabled in the PF; MSI-X where not given. */
  readonly interrupts?: 'msix' | 'msi' | 'intx';
  /** The same memory for the PF and every VF; separate memories where not given. */
  readonly sharedMemory?: FakeMemory;
  readonly capture?: FrameCapture;
}

/** A fresh context: registers at their reset values, PF and eight VFs, every queue owned by the PF. */
export function makeTestContext(options: TestContextOptions = {}): TestContext {
  const trace = new RecordingTrace();
  const registers = new RegisterFile(pfPlan);
  const events = trace.declare(igbTraceEvents);
  const queueFunction = new Uint8Array(QUEUES);
  const functions = Array.from({ length: 1 + POOLS }, (_, n) => n);
  return {
    registers,
    settings: { version: 0 },
    clock: new FakeClock(),
    tasks: new FakeTasks(),
    trace,
    events,
    wire: new RecordingWire(),
    taps: new FrameTaps({
      capture: options.capture ?? noCapture,
      trace,
      values: registers.values,
      queueFunction,
      events,
    }),
    memory: functions.map(() => options.sharedMemory ?? new FakeMemory()),
    interruptPorts: functions.map((n) => new RecordingInterruptPort(n === 0 ? options.interrupts : 'msix')),
    queueFunction,
    portNumber: 0,
  };
}

/**
 * What captures cost the device: `node build/bench/capture.js [rounds] [file]` after a build. A saturated stream of 1,514-byte
 * frames leaves a port for a UDP socket, with and without captures in turns; the ring is emptied between rounds, as the
 * thread that writes does on a processor of its own. The best round of each kind counts. Then the wire is captured to the
 * file (/dev/null where none is named) by another thread while the stream goes on without a break: what is lost is what the
 * writing thread had no time for.
 */
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { isMainThread, Worker, workerData, parentPort } from 'node:worker_threads';
import { CaptureFile } from '../src/capture/capture-file.ts';
import { PcapngFormat } from '../src/capture/capture-format.ts';
import { FileOutput } from '../src/capture/capture-output.ts';
import { CaptureSet } from '../src/capture/capture-set.ts';
import { pointNames } from '../src/capture/points.ts';
import { INBOUND, makeCaptureMemory, OUTBOUND, type CaptureMemory } from '../src/capture/capture-memory.ts';
import { CaptureReader } from '../src/capture/capture-reader.ts';
import { IgbPort } from '../src/devices/igb/port.ts';
import { pf } from '../src/devices/igb/tables/index.ts';
import { FakeMemory, makeTestContext } from '../src/devices/igb/testing.ts';
import { command } from '../src/devices/igb/tx/descriptor.ts';
import { EventLoop } from '../src/linux/index.ts';
import { openWire } from '../src/wires/index.ts';

const RING = 0x1_0000;
const BUFFER = 0x2_0000;
const SIZE = 256;
const LENGTH = 1514;
const DATA = command.DEXT | (3 << 20) | command.IFCS | command.EOP | command.RS;
/** Frames of a round: a ring full. */
const FRAMES = 255;
/** The stream that goes on and on. */
const SUSTAINED_MS = 2_000;

/** The thread that writes a capture. */
function write({ memory, file }: { readonly memory: CaptureMemory; readonly file: string }): void {
  const reader = new CaptureReader(memory);
  const names = memory.points.map((point) => pointNames[point]!.name);
  const format = new PcapngFormat(memory, reader, names, 'a benchmark');
  const capture = new CaptureFile(reader, format, new FileOutput(file), (why) => console.error(why));
  parentPort!.on('message', () => {
    capture.close();
    process.exit();
  });
}

/** A port whose transmit ring is full of frames again and again. */
class Stream {
  readonly #context: ReturnType<typeof makeTestContext>;
  readonly #port: IgbPort;
  readonly #memory: FakeMemory;
  readonly #captures: CaptureSet;

  constructor(captures: CaptureSet, udpPort: number) {
    this.#captures = captures;
    this.#memory = new FakeMemory(RING, 0x40_0000, true);
    this.#context = makeTestContext({ sharedMemory: this.#memory });
    const { clock, tasks, trace, memory, interruptPorts } = this.#context;
    trace.on.fill(0);
    const inet = (port: number): object => ({ type: 'inet', host: '127.0.0.1', port });
    const options = { type: 'dgram', id: 'n0', local: inet(0), remote: inet(udpPort) };
    const wire = openWire(options as never, { loop: new EventLoop(), log: () => undefined });
    const outside = { clock, tasks, trace, wire, memory, interruptPorts, capture: captures };
    this.#port = new IgbPort({ ...outside, mac: '02:00:00:00:00:01' });
    clock.advance(1e9);
    this.#port.write(pf.CTRL.at, this.#port.read(pf.CTRL.at) | pf.CTRL.SLU.mask);
    this.#port.write(pf.TDBAL.at, RING);
    this.#port.write(pf.TDLEN.at, SIZE * 16);
    this.#port.write(pf.TXDCTL.at, pf.TXDCTL.ENABLE.mask);
    this.#port.write(pf.TCTL.at, pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
    const frame = new Uint8Array(LENGTH).fill(0x5a);
    frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
    this.#memory.pokeBytes(BUFFER, frame);
    for (let slot = 0; slot < SIZE; slot += 1) {
      this.#memory.poke64(RING + slot * 16, BUFFER);
      this.#memory.poke32(RING + slot * 16 + 8, DATA | LENGTH);
    }
  }

  /** Sends FRAMES frames; time of one. */
  round(): number {
    const { dwords } = this.#memory.piece;
    const { values } = this.#port.context.registers;
    const begin = performance.now();
    for (let sent = 0; sent < FRAMES; sent += SIZE - 1) {
      for (let slot = 0; slot < SIZE; slot += 1) dwords[slot * 4 + 3] = LENGTH << 14;
      values[pf.TDH.index] = 0;
      this.#port.write(pf.TDT.at, SIZE - 1);
      this.#context.tasks.runAll();
      this.#captures.turnEnded();
    }
    return ((performance.now() - begin) * 1e6) / FRAMES;
  }
}

async function measure(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 1000);
  const file = process.argv[3] ?? '/dev/null';
  const common = { maxLength: 65_536, directions: INBOUND | OUTBOUND, withDrops: true };
  const kinds = [
    { name: 'no capture', memory: undefined },
    { name: 'the wire', memory: makeCaptureMemory({ ...common, id: 'wire', points: [0] }) },
    {
      name: 'the wire, maxlen=128',
      memory: makeCaptureMemory({ ...common, id: 'short', points: [0], maxLength: 128 }),
    },
    {
      name: 'every point',
      memory: makeCaptureMemory({ ...common, id: 'all', points: pointNames.map((_, number) => number) }),
    },
  ];
  const sustained = makeCaptureMemory({ ...common, id: 'sustained', points: [0] });
  const writer = new Worker(new URL(import.meta.url), { workerData: { memory: sustained, file } });
  await once(writer, 'online');
  const sink = createSocket('udp4');
  sink.bind(0, '127.0.0.1');
  await once(sink, 'listening');
  const loopNow = (): number => Math.round(performance.now() * 1e6);
  const streamWith = (memory: CaptureMemory | undefined): Stream => {
    const captures = new CaptureSet(loopNow, { seconds: 0, nanoseconds: 0 }, 8);
    if (memory !== undefined) captures.add(memory);
    return new Stream(captures, sink.address().port);
  };
  const streams = kinds.map(({ memory }) => streamWith(memory));
  const readers = kinds.map(({ memory }) => memory && new CaptureReader(memory));
  const best = kinds.map(() => Infinity);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, stream] of streams.entries()) {
      best[index] = Math.min(best[index]!, stream.round());
      while (readers[index]?.next() !== undefined);
    }
  }
  for (const [index, { name, memory }] of kinds.entries()) {
    const more = (100 * best[index]!) / best[0]! - 100;
    const reader = readers[index];
    const seen = memory?.points.reduce((sum, _, point) => sum + reader!.seen(point), 0) ?? 0;
    const lost = memory?.points.reduce((sum, _, point) => sum + reader!.lost(point), 0) ?? 0;
    const cost = index === 0 ? '' : `${more.toFixed(1).padStart(5)} % more, ${lost} of ${seen} frames lost`;
    console.log(`${name.padEnd(22)} ${best[index]!.toFixed(0).padStart(5)} ns a frame ${cost}`);
  }
  const stream = streamWith(sustained);
  const end = performance.now() + SUSTAINED_MS;
  while (performance.now() < end) stream.round();
  const reader = new CaptureReader(sustained);
  console.log(`${SUSTAINED_MS} ms without a break: ${reader.lost(0)} of ${reader.seen(0)} frames lost`);
  sink.close();
  writer.postMessage('end');
}

if (isMainThread) await measure();
else write(workerData as Parameters<typeof write>[0]);

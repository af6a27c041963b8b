/**
 * What a trace event costs: `node build/bench/trace.js` after a build. Off: loops with and without the test of an event, as
 * the device has it; the difference is what it costs. On: into the ring, with a reader that keeps up, and with a ring that is
 * full.
 */
import { performance } from 'node:perf_hooks';
import { igbTraceEvents } from '../src/devices/igb/trace-events.ts';
import { BinaryEncoder } from '../src/trace/binary.ts';
import { TextEncoder, type TraceEncoder } from '../src/trace/encoder.ts';
import { makeTraceMemory, TraceReader, TraceWriter } from '../src/trace/ring.ts';
import { selectEvents } from '../src/trace/select.ts';

const ROUNDS = 25;
const now = (): number => Math.round(performance.now() * 1e6);
const memory = makeTraceMemory();
const trace = new TraceWriter(memory, now);
const reader = new TraceReader(memory);
/** As a port's blocks have it. */
const context = { trace, events: trace.declare(igbTraceEvents), work: new Uint32Array(1024) };

/** Best of all rounds, in ns: what the code costs where nothing disturbs it. */
function best(count: number, run: (count: number) => void, after: () => void = () => undefined): number {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    run(count);
    least = Math.min(least, ((performance.now() - start) * 1e6) / count);
    after();
  }
  return least;
}

/** Some work that the compiler can neither drop nor do for several elements at once. */
function bare(count: number): void {
  const { work } = context;
  for (let n = 0; n < count; n += 1) {
    const at = (work[n & 1023]! + n) & 1023;
    work[at] = work[at]! + 1;
  }
}

function traced(count: number): void {
  const { work } = context;
  for (let n = 0; n < count; n += 1) {
    const at = (work[n & 1023]! + n) & 1023;
    work[at] = work[at]! + 1;
    const { trace: to, events } = context;
    if (to.on[events.igb_tx_write_back] !== 0) to.emit(events.igb_tx_write_back, n, at);
    if (to.on[events.igb_rx_packet] !== 0) to.emit(events.igb_rx_packet, n, at);
    if (to.on[events.igb_reg_write] !== 0) to.emit(events.igb_reg_write, n, at);
    if (to.on[events.igb_irq_msix] !== 0) to.emit(events.igb_irq_msix, n, at);
  }
}

function emit(count: number): void {
  const { trace: to, events } = context;
  for (let n = 0; n < count; n += 1) {
    if (to.on[events.igb_tx_fetch] !== 0) to.emit(events.igb_tx_fetch, 3, 0, n & 255, 1, 1514);
  }
}

const drain = (): void => {
  for (const record of reader.drain()) void record;
};

const line = (name: string, ns: number): void => console.log(`${name.padEnd(56)} ${ns.toFixed(1).padStart(8)} ns`);

best(1e6, bare);
best(1e6, traced);
const without = best(4e6, bare);
const withFour = best(4e6, traced);
line('an event that is off', (withFour - without) / 4);
line(
  'the clock alone',
  best(1e5, (count) => {
    for (let n = 0; n < count; n += 1) context.work[0] = now();
  }),
);
selectEvents(memory, ['igb_tx_fetch']);
best(1e5, emit, drain);
line('an event that is on', best(1e5, emit, drain));
const kept = reader.dropped;
emit(1 << 18);
line('an event that is on, the ring full', best(1e5, emit));
if (kept !== 0 || reader.dropped === 0) throw new Error('the ring was full where it should not be, or was not');
drain();
for (const [name, make] of [
  ['binary', () => new BinaryEncoder(0n)],
  ['text', () => new TextEncoder()],
] as const) {
  let bytes = 0;
  const encoder: TraceEncoder = make();
  encoder.take();
  emit(1e5);
  const start = performance.now();
  for (const record of reader.drain()) encoder.add(record);
  bytes = encoder.take().length;
  line(
    `the main thread takes a record and makes it ${name}, ${(bytes / 1e5).toFixed(0)} bytes`,
    (performance.now() - start) * 10,
  );
}

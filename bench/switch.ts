/**
 * Time of a frame from one pool's transmit ring to others' receive rings, through all of a port:
 * `node build/bench/switch.js [rounds]` after a build. Of the drivers only the tails are
 * played.
 */
import { buildFrame } from '../src/packet/testing.ts';
import { pf } from '../src/devices/igb/tables/index.ts';
import {
  addressOf,
  BROADCAST_ADDRESS,
  ethernet,
  PoolBench,
  RING_DESCRIPTORS,
  STRANGER,
} from '../src/devices/igb/switch/testing.ts';

const rounds = Number(process.argv[2] ?? 10_000);
const LARGE_BYTES = 62_000;

interface Load {
  readonly name: string;
  readonly to: string;
  readonly length: number;
  readonly tag?: number;
  /** Segmented by the port. */
  readonly large?: boolean;
}

/** TCP to another pool's address. */
function largeFrame(to: string): Uint8Array {
  const plain = buildFrame({ payload: new Uint8Array(LARGE_BYTES) });
  plain.set(ethernet(to).subarray(0, 12));
  return plain;
}

/** Fills the ring of queue 0; returns how many descriptors go at once. */
function fill(bench: PoolBench, load: Load): number {
  if (load.large !== true) {
    for (let n = 0; n < RING_DESCRIPTORS; n += 1) bench.post(0, ethernet(load.to, load));
    return RING_DESCRIPTORS / 2;
  }
  const frame = largeFrame(load.to);
  for (let n = 0; n < RING_DESCRIPTORS; n += 2) {
    bench.postContext(0, (14 << 9) | 20, 1 << 11, (1448 << 16) | (20 << 8));
    bench.post(0, frame, { command: 1 << 31 });
  }
  return 2;
}

/** ns of processor time a packet. */
function measure(load: Load): number {
  const bench = new PoolBench(undefined, true);
  const { context, port } = bench;
  context.trace.on.fill(0);
  context.wire.send = () => {};
  const { values } = context.registers;
  if (load.tag !== undefined) bench.vlan(1, load.tag, 0xff);
  const batch = fill(bench, load);
  const packets = load.large === true ? 1 : batch;
  const { dwords, base } = bench.memory.piece;
  const tdbal = (values[pf.TDBAL.index]! - base) >>> 2;
  const rdbal = (values[pf.RDBAL.index]! - base) >>> 2;
  const sent = dwords.slice(tdbal, tdbal + RING_DESCRIPTORS * 4);
  const empty = dwords.slice(rdbal, rdbal + 8 * RING_DESCRIPTORS * 4);
  let tail = 0;
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) {
    // Both rings were written back to.
    dwords.set(sent, tdbal);
    dwords.set(empty, rdbal);
    tail = (tail + batch) % RING_DESCRIPTORS;
    port.write(pf.TDT.at, tail);
    context.tasks.runAll();
    for (let queue = 0; queue < 8; queue += 1) {
      values[pf.RDT.index + queue * pf.RDT.step] =
        (values[pf.RDH.index + queue * pf.RDH.step]! + RING_DESCRIPTORS - 1) % RING_DESCRIPTORS;
    }
  }
  const lost = values[pf.RQDPC.index + pf.RQDPC.step]!;
  if (lost > 0) throw new Error(`${lost} frames were lost`);
  return (process.cpuUsage(start).user * 1000) / rounds / packets;
}

const loads: readonly Load[] = [
  { name: '64 bytes, pool to pool', to: addressOf(1), length: 60 },
  { name: '64 bytes, pool to pool in a VLAN', to: addressOf(1), length: 60, tag: 100 },
  { name: '64 bytes, pool to a wire that does nothing', to: STRANGER, length: 60 },
  { name: '64 bytes, broadcast to seven pools and the wire', to: BROADCAST_ADDRESS, length: 60 },
  { name: '1518 bytes, pool to pool', to: addressOf(1), length: 1514 },
  { name: '1518 bytes, broadcast to seven pools and the wire', to: BROADCAST_ADDRESS, length: 1514 },
  { name: `${LARGE_BYTES} bytes of TCP in 43 segments, pool to pool`, to: addressOf(1), length: 0, large: true },
];

// The best of several, since other work on the machine only ever slows it down.
for (const load of loads) {
  const best = Math.min(...[0, 1, 2, 3, 4].map(() => measure(load)));
  console.log(`${load.name}: ${best.toFixed(0)} ns`);
}

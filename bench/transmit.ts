/**
 * Time of the transmit engine alone, to a sink that does nothing: `node build/bench/transmit.js [rounds]` after a build.
 * Each round posts half a ring of packets and runs the engine until it is empty.
 */
import { TransmitEngine } from '../src/devices/igb/tx/index.ts';
import { Statistics } from '../src/devices/igb/statistics.ts';
import { pf } from '../src/devices/igb/tables/index.ts';
import { FakeMemory, makeTestContext } from '../src/devices/igb/testing.ts';
import { command, option } from '../src/devices/igb/tx/descriptor.ts';
import { route } from '../src/devices/igb/tx/parts.ts';

const RING = 0x1_0000;
const BUFFERS = 0x2_0000;
const SIZE = 256;
const DATA = command.DEXT | (3 << 20) | command.IFCS;

const memory = new FakeMemory(RING, 0x40_0000, true);
const context = makeTestContext({ sharedMemory: memory });
context.trace.on.fill(0);
const { values } = context.registers;
values[pf.TCTL.index] = pf.TCTL.EN.mask | pf.TCTL.PSP.mask;
values[pf.TDBAL.index] = RING;
values[pf.TDLEN.index] = SIZE * 16;
values[pf.TXDCTL.index] = pf.TXDCTL.ENABLE.mask;
let frames = 0;
let accepts = false;
let interrupts = 0;
const engine = new TransmitEngine(context, {
  interrupts: {
    transmitDone() {
      interrupts += 1;
    },
    quietUntil: () => 0,
  },
  statistics: new Statistics(values),
  sink: {
    route: () => (accepts ? route.wire | route.whole : route.wire),
    beginRun: () => 0,
    routePlain: () => route.wire,
    drain(): void {
      // Nothing is.
    },
    pools: {
      begin(): void {
        // None come.
      },
      end(): void {
        // None came.
      },
      deliver: () => false,
      follow: (_places: Int32Array, _lengths: Uint16Array, first: number) => first,
      placesFor: () => 0,
      placed(): void {
        // Nothing is.
      },
    },
    transmitPieces() {},
    transmit() {
      frames += 1;
    },
  },
});

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(0x5a);
  bytes.set([
    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
  ]);
  bytes.set([(length - 14) >>> 8, (length - 14) & 0xff], 16);
  bytes[46] = 0x50;
  return bytes;
}

function post(index: number, address: number, length: number, bits: number, options: number): void {
  const at = RING + index * 16;
  memory.poke32(at, address);
  memory.poke32(at + 4, 0);
  memory.poke32(at + 8, DATA | bits | length);
  memory.poke32(at + 12, options);
}

interface Load {
  readonly name: string;
  readonly bytes: number;
  /** Bytes a descriptor. */
  readonly piece: number;
  readonly bits: number;
  readonly options: number;
  readonly offload: boolean;
}

function prepare(load: Load): { packets: number; tail: number } {
  memory.pokeBytes(BUFFERS, header(load.bytes));
  let index = 0;
  let packets = 0;
  const each = Math.ceil(load.bytes / load.piece);
  for (; index + each < SIZE / 2; packets += 1) {
    for (let at = 0; at < load.bytes; at += load.piece) {
      const last = at + load.piece >= load.bytes;
      const bits = load.bits | (last ? command.EOP | command.RS : 0);
      post(index, BUFFERS + at, Math.min(load.piece, load.bytes - at), bits, load.options);
      index += 1;
    }
  }
  return { packets, tail: index };
}

function setContext(): void {
  const at = RING + (SIZE - 1) * 16;
  [(14 << 9) | 20, 0, command.DEXT | (2 << 20) | (3 << 10) | (1 << 11), (1448 << 16) | (20 << 8)].forEach((word, n) =>
    memory.poke32(at + n * 4, word),
  );
  values[pf.TDH.index] = SIZE - 1;
  values[pf.TDT.index] = 0;
  engine.tailWritten(0);
  context.tasks.runAll();
}

function measure(load: Load, rounds: number): number {
  accepts = load.offload;
  setContext();
  const { packets, tail } = prepare(load);
  const start = process.hrtime.bigint();
  for (let round = 0; round < rounds; round += 1) {
    // The write-back took the place of the options.
    for (let at = 3; at < tail * 4; at += 4) memory.piece.dwords[at] = load.options;
    values[pf.TDH.index] = 0;
    values[pf.TDT.index] = tail;
    engine.tailWritten(0);
    context.tasks.runAll();
  }
  return Number(process.hrtime.bigint() - start) / rounds / packets;
}

const checksums = option.IXSM | option.TXSM;
const plain = { bits: 0, options: 0, offload: false };
const loads: readonly Load[] = [
  { name: '64 bytes', bytes: 64, piece: 64, ...plain },
  { name: '64 bytes, TCP checksum', bytes: 64, piece: 64, ...plain, options: checksums },
  { name: '1514 bytes', bytes: 1514, piece: 1514, ...plain },
  { name: '1514 bytes, TCP checksum', bytes: 1514, piece: 1514, ...plain, options: checksums },
  {
    name: '1514 bytes, checksum left to the wire',
    bytes: 1514,
    piece: 1514,
    bits: 0,
    options: checksums,
    offload: true,
  },
  { name: '9014 bytes', bytes: 9014, piece: 4096, ...plain },
  { name: '64000-byte TSO', bytes: 64_000, piece: 16_384, bits: command.TSE, options: checksums, offload: false },
  {
    name: '64000-byte TSO left to the wire',
    bytes: 64_000,
    piece: 16_384,
    bits: command.TSE,
    options: checksums,
    offload: true,
  },
];

const rounds = Number(process.argv[2] ?? 2000);
for (const load of loads) {
  measure(load, Math.ceil(rounds / 4));
  const best = Math.min(...Array.from({ length: 5 }, () => measure(load, rounds)));
  console.log(`${load.name.padEnd(40)} ${best < 10_000 ? `${best.toFixed(0)} ns` : `${(best / 1000).toFixed(1)} µs`}`);
}
if (frames === 0) throw new Error('nothing was sent');
console.log(`${frames} frames, ${interrupts} interrupts, ${engine.drops.join(' ')} dropped`);

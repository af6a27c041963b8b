/** What is measured at the device: no guest, the same rings on both sides. */
import { pf } from '../devices/igb/tables/index.ts';
import { POOLS, update, write } from '../driver/index.ts';
import { buildFrame } from '../packet/testing.ts';
import { type BenchCard, poolAddress } from './card.ts';
import type { Feed } from './feed.ts';
import { BatchReceiver, BatchSender, type Offloads } from './rings.ts';
import { ReceiveWork, TransmitWork, type Work } from './work.ts';

export interface DeviceCase {
  readonly name: string;
  readonly title: string;
  /** Times QEMU's speed that are wanted; undefined where nothing is promised. */
  readonly goal?: number;
  /** Frames come from the wire. */
  readonly fromWire?: boolean;
  open(card: BenchCard, feed: Feed | undefined): Work;
}

const STRANGER = Uint8Array.of(2, 0, 0, 0, 2, 0);
const BROADCAST = new Uint8Array(6).fill(0xff);
const TIMESTAMPS = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1];
const HEADERS = 66;
const SEGMENT_BYTES = 1448;
const BUFFER_BYTES = 2048;
const VID = 100;

interface Shape extends Offloads {
  readonly lengthBytes: number;
  readonly count: number;
}

/** TCP where there is room for its headers, and UDP in the smallest frames. */
function frame(lengthBytes: number, to: Uint8Array, from: Uint8Array, tags: readonly number[] = []): Uint8Array {
  const tcp = lengthBytes > 2 * HEADERS;
  const payload = new Uint8Array(lengthBytes - (tcp ? HEADERS : 42) - tags.length * 4).map((_, n) => n * 7);
  const bytes = buildFrame(tcp ? { payload, tcpOptions: TIMESTAMPS, tags } : { payload, protocol: 'udp', tags });
  bytes.set(to, 0);
  bytes.set(from, 6);
  return bytes;
}

function repeated(bytes: Uint8Array, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => bytes);
}

function toSink(shape: Shape, queues = 1): DeviceCase['open'] {
  return (card) => {
    const each = shape.count / queues;
    const bytes = frame(shape.lengthBytes, STRANGER, poolAddress(0));
    const senders = Array.from({ length: queues }, (_, n) => new BatchSender(card, n, repeated(bytes, each), shape));
    return new TransmitWork(card, { packets: shape.count, bytes: shape.count * shape.lengthBytes }, senders, []);
  };
}

/** Frames that one packet becomes. */
const segmentsOf = ({ lengthBytes, segmentBytes }: Shape): number =>
  segmentBytes === undefined ? 1 : Math.ceil((lengthBytes - HEADERS) / segmentBytes);

/** Each of `pairs` VFs sends to its neighbour. */
function betweenPools(shape: Shape, senders = 1): DeviceCase['open'] {
  return (card) => {
    card.enableVirtualFunctions();
    const each = shape.count / senders;
    const sending: BatchSender[] = [];
    const receiving: BatchReceiver[] = [];
    for (let pool = 0; pool < senders; pool += 1) {
      const to = (pool + 1) % POOLS;
      const bytes = frame(shape.lengthBytes, poolAddress(to), poolAddress(pool));
      sending.push(new BatchSender(card, pool, repeated(bytes, each), shape));
      receiving.push(new BatchReceiver(card, to, each * segmentsOf(shape), BUFFER_BYTES));
    }
    return new TransmitWork(card, { packets: shape.count, bytes: shape.count * shape.lengthBytes }, sending, receiving);
  };
}

function fromWire(shape: Shape, setUp: (card: BenchCard) => void = () => undefined): DeviceCase['open'] {
  return (card, feed) => {
    update(card.bus, pf.RCTL, pf.RCTL.VFE.mask, pf.RCTL.UPE.mask);
    setUp(card);
    const tags = shape.tag === undefined ? [] : [shape.tag];
    feed!.frames = repeated(frame(shape.lengthBytes, poolAddress(0), STRANGER, tags), shape.count);
    const receiver = new BatchReceiver(card, 0, shape.count, BUFFER_BYTES);
    return new ReceiveWork(card, { packets: shape.count, bytes: shape.count * shape.lengthBytes }, feed!, [receiver]);
  };
}

const broadcastFromWire =
  (shape: Shape): DeviceCase['open'] =>
  (card, feed) => {
    card.enableVirtualFunctions();
    feed!.frames = repeated(frame(shape.lengthBytes, BROADCAST, STRANGER), shape.count);
    const receivers = Array.from(
      { length: POOLS },
      (_, pool) => new BatchReceiver(card, pool, shape.count, BUFFER_BYTES),
    );
    return new ReceiveWork(card, { packets: shape.count, bytes: shape.count * shape.lengthBytes }, feed!, receivers);
  };

/** RSS over the flows' hash, with all of the table on queue 0: what the hash costs. */
function scale(card: BenchCard): void {
  for (let word = 0; word < 10; word += 1) write(card.bus, pf.RSSRK, 0x6d5a_0102 + word * 0x0101_0101, word);
  write(card.bus, pf.MRQC, 2 | (0x33 << 16));
  update(card.bus, pf.RXCSUM, 0, pf.RXCSUM.PCSD.mask);
}

function strip(card: BenchCard): void {
  update(card.bus, pf.CTRL, 0, pf.CTRL.VME.mask);
}

const checksums = (card: BenchCard): void =>
  update(card.bus, pf.RXCSUM, 0, pf.RXCSUM.TUOFL.mask | pf.RXCSUM.IPOFL.mask);

const small = { lengthBytes: 64, count: 8192 };
const full = { lengthBytes: 1514, count: 4096 };
const jumbo = { lengthBytes: 9014, count: 2048 };
const tso64 = { lengthBytes: 64_000, count: 128, segmentBytes: SEGMENT_BYTES };
const tso32 = { lengthBytes: 32_000, count: 256, segmentBytes: SEGMENT_BYTES };

export const deviceCases: readonly DeviceCase[] = [
  { name: 'tx-64', title: 'TX of 64 bytes to a sink', goal: 3, open: toSink(small) },
  { name: 'tx-1514', title: 'TX of 1,514 bytes to a sink', open: toSink(full) },
  { name: 'tx-9014', title: 'TX of 9,014 bytes to a sink', open: toSink(jumbo) },
  {
    name: 'tx-1514-checksum',
    title: 'TX of 1,514 bytes, checksums offloaded',
    open: toSink({ ...full, checksum: true }),
  },
  { name: 'tx-1514-vlan', title: 'TX of 1,514 bytes, a tag inserted', open: toSink({ ...full, tag: VID }) },
  { name: 'tso-32k', title: 'TSO of 32 KB to a sink', goal: 4, open: toSink(tso32) },
  { name: 'tso-64k', title: 'TSO of 64 KB to a sink', goal: 4, open: toSink(tso64) },
  { name: 'rx-64', title: 'RX of 64 bytes', goal: 3, fromWire: true, open: fromWire(small) },
  { name: 'rx-1514', title: 'RX of 1,514 bytes', goal: 3, fromWire: true, open: fromWire(full) },
  {
    name: 'rx-1514-checksum',
    title: 'RX of 1,514 bytes, checksums verified',
    fromWire: true,
    open: fromWire(full, checksums),
  },
  {
    name: 'rx-1514-vlan',
    title: 'RX of 1,514 bytes, a tag stripped',
    fromWire: true,
    open: fromWire({ ...full, tag: VID }, strip),
  },
  { name: 'rx-1514-rss', title: 'RX of 1,514 bytes, RSS', fromWire: true, open: fromWire(full, scale) },
  { name: 'vf-64', title: 'VF to VF, 64 bytes', goal: 3, open: betweenPools(small) },
  { name: 'vf-1514', title: 'VF to VF, 1,514 bytes', goal: 3, open: betweenPools(full) },
  {
    name: 'vf-1514-checksum',
    title: 'VF to VF, 1,514 bytes, checksums offloaded',
    open: betweenPools({ ...full, checksum: true }),
  },
  { name: 'vf-tso', title: 'VF to VF, TSO of 64 KB', goal: 3, open: betweenPools(tso64) },
  {
    name: 'broadcast-8',
    title: 'broadcast of 64 bytes to 8 pools',
    goal: 3,
    fromWire: true,
    open: broadcastFromWire({ ...small, count: 2048 }),
  },
  { name: 'queues-16', title: 'TX of 64 bytes from 16 queues', open: toSink(small, 16) },
  { name: 'vfs-8', title: '8 VFs, each to the next, 64 bytes', open: betweenPools(small, POOLS) },
];

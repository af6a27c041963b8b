/** What tshark reads in captures of a port among fakes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CaptureFile } from '../../src/capture/capture-file.ts';
import { PcapFormat, PcapngFormat } from '../../src/capture/capture-format.ts';
import { FileOutput } from '../../src/capture/capture-output.ts';
import { CaptureSet } from '../../src/capture/capture-set.ts';
import { pointNames } from '../../src/capture/points.ts';
import { INBOUND, makeCaptureMemory, OUTBOUND } from '../../src/capture/capture-memory.ts';
import { CaptureReader } from '../../src/capture/capture-reader.ts';
import { addressOf, ethernet, PoolBench, STRANGER } from '../../src/devices/igb/switch/testing.ts';
import { buildFrame } from '../../src/packet/testing.ts';
import { eventNames } from '../../src/trace/catalogue.ts';
import { fieldsOf, run, tool } from './tshark.ts';

const ALL = pointNames.map((_, number) => number);
/** A time whose nanoseconds carry into the next second, and that a double could not hold. */
const EPOCH = { seconds: 1_700_000_000, nanoseconds: 999_999_999 };

interface Scene {
  readonly bench: PoolBench;
  readonly file: string;
  readonly close: () => void;
}

function scene(context: TestContext, format: 'pcap' | 'pcapng', points: readonly number[] = ALL): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-capture-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, `x.${format}`);
  const memory = makeCaptureMemory({
    id: 'f0',
    maxLength: 65_536,
    points,
    directions: INBOUND | OUTBOUND,
    withDrops: format === 'pcapng',
  });
  let time = 0;
  const captures = new CaptureSet(() => (time += 1), EPOCH);
  captures.add(memory);
  const reader = new CaptureReader(memory);
  const names = points.map((point) => (point === 0 ? 'n0' : pointNames[point]!.name));
  const written =
    format === 'pcap' ? new PcapFormat(memory, reader) : new PcapngFormat(memory, reader, names, 'a test');
  const capture = new CaptureFile(reader, written, new FileOutput(file), assert.fail);
  const bench = new PoolBench(captures);
  return { bench, file, close: () => capture.close() };
}

/** Numbers of trace events here are those of the fakes; names come from the catalogue. */
function withRealNumbers({ context }: PoolBench): void {
  const events = context.events as Record<string, number>;
  for (const name of Object.keys(events)) events[name] = eventNames.indexOf(name);
}

test('interfaces, times, direction, numbers, queue and reason of a drop as tshark decodes them', async (context) => {
  const tshark = await tool(context, 'tshark');
  if (tshark === undefined) return;
  const { bench, file, close } = scene(context, 'pcapng');
  withRealNumbers(bench);
  bench.context.queueFunction[1] = 2;
  bench.send(2, ethernet(STRANGER, { from: addressOf(2) }));
  bench.receive(ethernet(addressOf(1)));
  bench.set('RXDCTL', 0, 4);
  bench.receive(ethernet(addressOf(4)));
  close();
  const fields = ['interface_name', 'packet_flags_direction', 'interface_queue', 'time_epoch', 'comment'];
  const rows = fieldsOf(
    tshark,
    file,
    fields.map((name) => `frame.${name}`),
  );
  const none = '';
  const lost = 'dropped: igb_rx_drop_queue (Dropped: the queue is off.)';
  const [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map((n) => `1700000001.00000000${n - 1}`);
  assert.deepEqual(rows, [
    ['pf', '0x00000002', '2', first, none],
    ['pool2', '0x00000002', '2', first, none],
    ['tx2', '0x00000002', '2', first, none],
    ['n0', '0x00000002', none, second, none],
    ['n0', '0x00000001', none, third, none],
    ['vf1', '0x00000001', '1', fourth, none],
    ['pool1', '0x00000001', '1', fourth, none],
    ['rx1', '0x00000001', '1', fourth, none],
    ['n0', '0x00000001', none, fifth, none],
    ['pf', '0x00000001', '4', '1700000001.000000005', lost],
    ['pool4', '0x00000001', '4', '1700000001.000000005', lost],
    ['rx4', '0x00000001', '4', '1700000001.000000005', lost],
    ['drops', '0x00000001', '4', '1700000001.000000005', lost],
  ]);
  const packets = fieldsOf(tshark, file, ['frame.packet_id']).flat();
  assert.equal(new Set(packets).size, 3, 'one number for each way through the NIC');
  assert.deepEqual([packets[0], packets[4]], [packets[3], packets[5]]);
  const selected = run(tshark, ['-r', file, '-Y', 'frame.verdict.hw contains "igb_rx_drop_queue"']);
  assert.equal(selected.trim().split('\n').length, 4);
});

test('a large packet is there whole with its work in words, unfinished checksums are bad, and the wire has good segments', async (context) => {
  const tshark = await tool(context, 'tshark');
  if (tshark === undefined) return;
  const { bench, file, close } = scene(context, 'pcapng', [0, pointNames.findIndex(({ name }) => name === 'tx0')]);
  const frame = buildFrame({ payload: new Uint8Array(4000).fill(7) });
  frame.set(ethernet(STRANGER).subarray(0, 12));
  frame.set([0xde, 0xad], 50);
  bench.postContext(0, (14 << 9) | 20, 1 << 11, (1448 << 16) | (20 << 8));
  bench.send(0, frame, { command: 1 << 31, options: 3 << 8 });
  frame[60] = 8;
  bench.send(0, frame);
  close();
  const fields = ['frame.interface_name', 'frame.len', 'tcp.checksum', 'tcp.checksum.status', 'frame.comment'];
  const rows = fieldsOf(tshark, file, fields);
  assert.deepEqual(rows[0], ['tx0', '4054', '0xdead', '0', 'tso mss 1448 header 54, checksum left to do']);
  assert.deepEqual(
    rows.slice(1, 4).map(([name, length, , status]) => [name, length, status]),
    [1502, 1502, 1158].map((length) => ['n0', `${length}`, '1']),
  );
  assert.deepEqual(
    rows.slice(4).map(([name, , checksum, status]) => [name, checksum, status]),
    [
      ['tx0', '0xdead', '0'],
      ['n0', '0xdead', '0'],
    ],
    'what software sends with a bad checksum leaves with it',
  );
});

test('statistics at the end tell what passed each interface and what the capture lost', async (context) => {
  const tshark = await tool(context, 'tshark');
  if (tshark === undefined) return;
  const { bench, file, close } = scene(context, 'pcapng', [0]);
  const count = 40_000;
  const frame = ethernet(addressOf(1), { length: 1514 });
  for (let n = 0; n < count; n += 1) bench.port.receive(frame, 0, frame.length, undefined);
  close();
  const stored = fieldsOf(tshark, file, ['frame.number']);
  assert.ok(stored.length < count, 'the ring was too small');
  const bytes = readFileSync(file);
  // The last block: type, length, interface, time, start, end, ifrecv, osdrop.
  const at = bytes.length - bytes.readUInt32LE(bytes.length - 4);
  assert.equal(bytes.readUInt32LE(at), 5);
  assert.equal(bytes.readBigUInt64LE(at + 48), BigInt(count));
  assert.equal(bytes.readBigUInt64LE(at + 60), BigInt(count - stored.length));
});

test('classic pcap: nanoseconds, all bytes, no drops', async (context) => {
  const tshark = await tool(context, 'tshark');
  if (tshark === undefined) return;
  const { bench, file, close } = scene(context, 'pcap', [pointNames.findIndex(({ name }) => name === 'pf')]);
  bench.receive(ethernet(addressOf(1), { length: 200 }));
  bench.set('RXDCTL', 0, 4);
  bench.receive(ethernet(addressOf(4)));
  close();
  assert.deepEqual(fieldsOf(tshark, file, ['frame.time_epoch', 'frame.len', 'eth.dst', 'eth.type']), [
    ['1700000001.000000000', '200', addressOf(1), '0x88b5'],
  ]);
});

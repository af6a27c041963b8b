import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTrace } from './binary-reader.ts';
import { BinaryEncoder } from './binary.ts';
import { catalogue } from './catalogue.ts';
import { LOST, lostSpec, type TraceRecord } from './record.ts';

const folder = mkdtempSync(join(tmpdir(), 'outboard-trace-'));
test.after(() => rmSync(folder, { recursive: true }));

function record(name: string, timeNs: number, packet: number, ...args: number[]): TraceRecord {
  return { name, spec: catalogue[name] ?? lostSpec, timeNs, port: 0, packet, args };
}

const records = [
  record('igb_reset_power', 5, 0),
  record('igb_tx_fetch', 1_000_000_007, 1, 3, 0, 255, 2, 1514),
  record('igb_tx_descriptor', 1_000_000_008, 1, 3, 255, 0x1_2345_6789_abc0, 0xffff_ffff, 0),
  record('igb_switch_route', 1_000_000_009, 1, 0, 3, 0, 1, -1),
  record(LOST, 1_000_000_009, 0, 1e6),
  { ...record('igb_tx_packet', 1_000_000_010, 1, 15, 64), port: 1 },
  record('igb_irq_msix', 999_999_999, 0x3fff_ffff, 24, 8, 2),
];

function encoded(): Uint8Array {
  const encoder = new BinaryEncoder(1_700_000_000_000_000_000n);
  const first = encoder.take();
  for (const one of records) encoder.add(one);
  return Buffer.concat([first, encoder.take()]);
}

function read(bytes: Uint8Array): TraceRecord[] {
  const path = join(folder, 'trace.obt');
  writeFileSync(path, bytes);
  const trace = openTrace(path);
  try {
    assert.equal(trace.header.epochNs, '1700000000000000000');
    return [...trace.records];
  } finally {
    trace.close();
  }
}

test('records come out as they went in', () => {
  assert.deepEqual(read(encoded()), records);
});

test('a file that ends anywhere in a record gives those before it', () => {
  const bytes = encoded();
  const last = read(bytes.subarray(0, bytes.length - 1));
  assert.deepEqual(last, records.slice(0, -1));
});

test('many records: the encoder grows, the reader reads in pieces', () => {
  const encoder = new BinaryEncoder(1_700_000_000_000_000_000n);
  for (let n = 0; n < 200_000; n += 1) encoder.add(record('igb_tx_tail', n * 1000, 0, n & 15, n & 255, (n + 1) & 255));
  const back = read(encoder.take());
  assert.equal(back.length, 200_000);
  assert.deepEqual(back.at(-1), record('igb_tx_tail', 199_999_000, 0, 199_999 & 15, 199_999 & 255, 200_000 & 255));
});

test('what is no trace, or a damaged one, is an error that says so', () => {
  const bytes = encoded();
  assert.throws(() => read(Buffer.from('pcap')), { code: 'TRACE_FORMAT' });
  assert.throws(() => read(bytes.subarray(0, 100)), /header is damaged/);
  assert.throws(() => read(Buffer.concat([bytes, Buffer.alloc(20, 0xff)])), /number without end/);
  assert.throws(() => read(Buffer.concat([bytes, Uint8Array.of(0xfe, 0x7f)])), /no such event/);
  assert.throws(() => openTrace(join(folder, 'none.obt')), { code: 'TRACE_FILE' });
});

test('a record takes about a dozen bytes', () => {
  const encoder = new BinaryEncoder(0n);
  encoder.take();
  encoder.add(record('igb_reg_write', 1000, 7, 0xe018, 12));
  encoder.add(record('igb_reg_write', 3000, 7, 0xe018, 13));
  assert.ok(encoder.take().length <= 2 * 12);
});

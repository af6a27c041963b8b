import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from './catalogue.ts';
import { formatArguments } from './format.ts';
import { makeTraceMemory, TraceReader, TraceWriter } from './ring.ts';
import { selectEvents } from './select.ts';

test('a format takes its arguments in order', () => {
  assert.equal(
    formatArguments('reg 0x%05x value 0x%08x queue %u', [0x18, 255, 3]),
    'reg 0x00018 value 0x000000ff queue 3',
  );
});

test('globs select, later ones win, an unknown one is reported', () => {
  const memory = makeTraceMemory();
  assert.deepEqual(selectEvents(memory, ['*', '-igb_*', 'nothing_*']), ['nothing_*']);
  const on = new Uint8Array(memory.on);
  Object.keys(catalogue).forEach((name, number) => assert.equal(on[number], name.startsWith('igb_') ? 0 : 1, name));
});

test('records come out in order; what does not fit is dropped and counted', () => {
  const memory = makeTraceMemory();
  const writer = new TraceWriter(memory, () => 5);
  const reader = new TraceReader(memory);
  for (let n = 0; n < 70_000; n += 1) writer.emit(0, n);
  const records = [...reader.drain()];
  assert.equal(records.length + reader.dropped, 70_000);
  assert.equal(records.at(-1)?.args[0], records.length - 1);
  assert.deepEqual([...reader.drain()], []);
});

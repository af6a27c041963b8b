import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pf } from '../devices/igb/tables/index.ts';
import { catalogue, eventNames, numbered } from './catalogue.ts';
import { formatArguments } from './format.ts';
import { makeTraceMemory, TraceReader, TraceWriter } from './ring.ts';
import { MOST_ARGUMENTS } from './record.ts';
import { expandGlobs, listEvents, selectEvents } from './select.ts';

test('arguments are printed by what they are', () => {
  const print = (name: string, ...args: number[]): string => formatArguments(catalogue[name]!, args);
  assert.equal(
    print('igb_reg_write', pf.RCTL.at, pf.RCTL.EN.mask | (1 << pf.RCTL.BAM.shift)),
    'register RCTL value 0x00008002 [EN LBM=none RDMTS=1/2 MO=47:36 BAM]',
  );
  assert.equal(print('igb_reg_write', pf.TDT.at + 3 * 0x40, 7), 'register TDT[3] value 0x00000007');
  assert.equal(print('igb_irq_raise', 4, 4, -1 << 31), 'causes 0x4 [LSC] icr 0x4 [LSC] ims 0x80000000 [INTA]');
  assert.equal(print('igb_rx_drop_buffer', 0b1001, 60), 'queues {0 3} length 60 B');
  assert.equal(print('pci_reset', 0x4201, 2), 'function 42:00.1 kind FLR');
});

test('globs select, later ones win, an unknown one is reported', () => {
  const memory = makeTraceMemory();
  assert.deepEqual(selectEvents(memory, ['*', '-igb_*', 'nothing_*']), ['nothing_*']);
  const on = new Uint8Array(memory.on);
  eventNames.forEach((name, number) => assert.equal(on[number], name.startsWith('igb_') ? 0 : 1, name));
});

test('records come out in order; what does not fit is dropped and counted', () => {
  const memory = makeTraceMemory();
  const writer = new TraceWriter(memory, () => 5);
  const reader = new TraceReader(memory);
  for (let n = 0; n < 140_000; n += 1) writer.emit(0, n);
  const records = [...reader.drain()];
  assert.equal(records.length - 1 + reader.dropped, 140_000);
  const lost = records.pop();
  assert.deepEqual([lost?.name, lost?.args], ['trace_lost', [reader.dropped]]);
  assert.equal(records.at(-1)?.args[0], records.length - 1);
  assert.deepEqual([...reader.drain()], []);
});

test('@FILE holds globs, a line each', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-globs-'));
  const path = join(folder, 'events');
  writeFileSync(path, '# what a packet meets\nigb_tx_*\n\n  -igb_tx_rate_*\n');
  assert.deepEqual(expandGlobs(['pci_*', `@${path}`]), ['pci_*', 'igb_tx_*', '-igb_tx_rate_*']);
  rmSync(folder, { recursive: true });
  assert.throws(() => expandGlobs([`@${path}`]), { code: 'TRACE_FILE' });
});

test('a pattern that is none selects nothing and harms nothing', () => {
  const memory = makeTraceMemory();
  const bad = ['', '-', '[', 'igb_[', '((((', `${'a'.repeat(70_000)}*`, '+(a|aa)+(a|aa)+(a|aa)'];
  assert.deepEqual(selectEvents(memory, bad), bad);
  assert.ok(listEvents(memory).every(({ on }) => !on));
});

test('every event has a name of its module, arguments that fit into a record, and one line of documentation', () => {
  for (const [name, { args, doc }] of Object.entries(catalogue)) {
    assert.match(name, /^(igb|pci|vmd|net|vfio_user|loop|pf_manager|fault)_[a-z0-9_]+$/);
    assert.ok(Object.keys(args).length <= MOST_ARGUMENTS, name);
    assert.match(doc, /^[A-Z].*\.$/, name);
  }
});

test('a listener hears what it wants at once, whether or not it is logged; the log stays as it was', () => {
  const memory = makeTraceMemory();
  const writer = new TraceWriter(memory, () => 5);
  const reader = new TraceReader(memory);
  const events = numbered({ igb_reg_write: catalogue['igb_reg_write']!, igb_reg_read: catalogue['igb_reg_read']! });
  const heard: number[][] = [];
  const stop = writer.listen({ heard: (...all) => heard.push(all) }, [events.igb_reg_write]);
  assert.deepEqual([writer.on[events.igb_reg_write] !== 0, writer.on[events.igb_reg_read]], [true, 0]);
  writer.emit(events.igb_reg_write, 0x18, 7);
  assert.deepEqual(heard, [[events.igb_reg_write, 0x18, 7, 0, 0, 0]]);
  assert.deepEqual([...reader.drain()], []);
  selectEvents(memory, ['igb_reg_*']);
  writer.emit(events.igb_reg_write, 0x18, 8);
  assert.equal([...reader.drain()].length, 1);
  selectEvents(memory, ['-igb_reg_*']);
  stop();
  assert.deepEqual([heard.length, writer.on[events.igb_reg_write]], [2, 0]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from './catalogue.ts';
import { ChromeEncoder } from './chrome.ts';

interface Event {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

function encode(
  ...records: readonly (readonly [name: string, timeNs: number, packet: number, ...args: number[]])[]
): Event[] {
  const encoder = new ChromeEncoder();
  for (const [name, timeNs, packet, ...args] of records) {
    encoder.add({ name, spec: catalogue[name]!, timeNs, port: 0, packet, args });
  }
  encoder.end();
  return (JSON.parse(Buffer.from(encoder.take()).toString()) as { traceEvents: Event[] }).traceEvents;
}

const sent = [
  ['igb_vf_live', 500, 0, 1, 1],
  ['igb_tx_fetch', 1000, 7, 0, 0, 12, 1, 60],
  ['igb_tx_packet', 1500, 7, 0, 60],
  ['igb_rx_descriptor', 2000, 7, 1, 3, 0x1000, 0],
  ['igb_rx_packet', 2500, 7, 1, 2, 60],
  ['igb_tx_write_back', 3000, 7, 0, 13, 0],
  ['igb_irq_queue', 4000, 0, 1, 0, 19, 0],
] as const;

test('every track that is used has a name, in the process of its function', () => {
  const events = encode(...sent);
  const named = new Map(
    events.filter(({ name }) => name === 'thread_name').map(({ pid, tid, args }) => [`${pid}/${tid}`, args?.['name']]),
  );
  const processes = new Map(
    events.filter(({ name }) => name === 'process_name').map(({ pid, args }) => [pid, args?.['name']]),
  );
  const places = new Set<string>();
  for (const { ph, pid, tid } of events) {
    if (ph === 'M') continue;
    assert.ok(named.has(`${pid}/${tid}`) && processes.has(pid), `${pid}/${tid}`);
    places.add(`${String(processes.get(pid))}: ${String(named.get(`${pid}/${tid}`))}`);
  }
  assert.deepEqual([...places].sort(), [
    'PF: transmit queue 0',
    'VF 1: other',
    'VF 1: receive queue 1',
    'VF 1: vector 19',
  ]);
});

test('a packet is a slice on its queue, with an arrow to the one that receives it', () => {
  const events = encode(...sent);
  const slices = events.filter(({ ph }) => ph === 'X').map(({ name, ts, dur }) => [name, ts, dur]);
  assert.deepEqual(slices, [
    ['packet 7', 2, 0.5],
    ['packet 7', 1, 2],
  ]);
  const arrows = events.filter(({ ph }) => ph === 's' || ph === 'f');
  assert.deepEqual(new Set(arrows.map(({ id }) => id)), new Set([7]));
  for (const { ph, pid, tid, ts } of arrows) {
    const around = events.find((event) => event.ph === 'X' && event.pid === pid && event.tid === tid);
    assert.equal(around?.ts, ts, `the arrow's ${ph} binds to the slice around it`);
  }
});

test('what the trace viewer asks of an event is there', () => {
  const events = encode(...sent);
  for (const event of events) {
    assert.ok(['M', 'i', 'X', 's', 'f'].includes(event.ph));
    assert.equal(typeof event.pid, 'number');
    assert.equal(typeof event.tid, 'number');
    if (event.ph !== 'M') assert.equal(typeof event.ts, 'number');
    if (event.ph === 'X') assert.ok(event.dur! >= 0);
  }
  assert.deepEqual(events.find(({ name }) => name === 'igb_tx_fetch')?.args, {
    packet: 7,
    queue: 0,
    function: 'PF',
    head: 12,
    descriptors: 1,
    length: '60 B',
  });
});

test('a trace without records is a whole file', () => {
  assert.equal(encode().filter(({ ph }) => ph !== 'M').length, 0);
});

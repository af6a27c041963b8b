import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../devices/igb/tables/index.ts';
import { catalogue } from './catalogue.ts';
import { diagnose, type QueueDiagnosis } from './doctor.ts';
import type { TraceRecord } from './record.ts';
import { openTracedDriver, type TracedDriver } from './testing.ts';

const frame = Uint8Array.from({ length: 64 }, (_, at) => at).fill(0xff, 0, 6);

function send(traced: TracedDriver, times = 1): void {
  for (let n = 0; n < times; n += 1) {
    traced.driver.send(frame);
    traced.driver.sleep(1);
  }
}

function transmitQueue(traced: TracedDriver, change = (records: TraceRecord[]) => records): QueueDiagnosis {
  const { queues } = diagnose(change(traced.records()));
  const found = queues.filter(({ direction, queue }) => direction === 'tx' && queue === 0);
  assert.equal(found.length, 1);
  return found[0]!;
}

test('a queue that works has nothing open, and its counts match', () => {
  const traced = openTracedDriver();
  for (let n = 0; n < 5; n += 1) {
    send(traced);
    traced.handle();
  }
  const { side, tails, packets, writeBacks, asked, sent, acknowledged } = transmitQueue(traced);
  assert.equal(side, 'nobody');
  assert.deepEqual([tails, packets, writeBacks, asked, sent, acknowledged], [5, 5, 5, 5, 5, 5]);
});

test('a driver that does not deal with its interrupt is found', () => {
  const traced = openTracedDriver();
  send(traced);
  traced.handle();
  send(traced, 3);
  const { side, finding, acknowledged, sent } = transmitQueue(traced);
  assert.equal(side, 'driver');
  assert.match(finding, /vector 1 is masked: the interrupt before was never dealt with/);
  assert.deepEqual([sent, acknowledged], [2, 1]);
});

test('a queue whose every tail write had its interrupt is idle: nobody’s fault', () => {
  const traced = openTracedDriver();
  send(traced);
  traced.handle();
  traced.driver.sleep(3000);
  traced.driver.read(pf.STATUS);
  const { side, finding } = transmitQueue(traced);
  assert.equal(side, 'idle');
  assert.match(finding, /every tail write had its write-back and its interrupt/);
});

test('a queue that the driver turned off does not go on', () => {
  const traced = openTracedDriver();
  send(traced);
  traced.handle();
  traced.driver.write(pf.TXDCTL, 0);
  traced.driver.send(frame);
  const before = transmitQueue(traced);
  assert.equal(before.side, 'device');
  assert.match(before.finding, /the tail was written to 2, but nothing behind 1 was written back/);
});

test('a vector that was never unmasked is the driver’s', () => {
  const traced = openTracedDriver();
  traced.driver.write(pf.EIMC, 2);
  send(traced);
  const { side, finding } = transmitQueue(traced);
  assert.equal(side, 'driver');
  assert.match(finding, /the driver never unmasked it/);
});

test('MSI-X that is off is told, and so are a ring outside memory and a tail beyond it', () => {
  const off = openTracedDriver();
  off.context.interruptPorts[0]!.msixEnabled = false;
  send(off);
  assert.match(transmitQueue(off).finding, /MSI-X is off/);
  const outside = openTracedDriver();
  outside.driver.write(pf.TDBAH, 0x7fff);
  outside.driver.write(pf.TDT, 1);
  outside.driver.sleep(1);
  assert.match(transmitQueue(outside).finding, /its ring is not in memory/);
});

/** A record of a fault behind each one of an event. */
const withFault = (behind: string, name: string, args: number[]) => (records: TraceRecord[]) =>
  records.flatMap((record) => {
    if (record.name !== behind) return [record];
    return [record, { ...record, name, args, spec: catalogue[name]!, packet: 0 }];
  });

test('what a fault on demand has broken is the device’s, whatever the driver did since', () => {
  const stuck = openTracedDriver();
  send(stuck);
  stuck.handle();
  const { side, finding } = transmitQueue(
    stuck,
    withFault('igb_tx_write_back', 'fault_descriptor_stuck', [1, 0, 4096]),
  );
  assert.equal(side, 'device');
  assert.match(finding, /a fault kept a descriptor/);
  const lost = openTracedDriver();
  send(lost);
  const found = transmitQueue(lost, withFault('igb_irq_msix', 'fault_interrupt_lost', [0, 0, 1]));
  assert.equal(found.side, 'device');
  assert.match(found.finding, /vector 1 was sent, and a fault lost it/);
});

test('after a reset, what a fault had broken is whole', () => {
  const traced = openTracedDriver();
  send(traced);
  const before = withFault('igb_tx_write_back', 'fault_descriptor_stuck', [1, 0, 4096])(traced.records());
  traced.driver.write(pf.CTRL, pf.CTRL.RST.mask);
  assert.equal(diagnose(before).queues[0]?.side, 'device');
  assert.equal(diagnose([...before, ...traced.records()]).queues[0]?.side, 'nobody');
});

test('what was not traced is named', () => {
  assert.deepEqual(diagnose([]).queues, []);
  assert.ok(diagnose([]).missing.includes('igb_tx_tail'));
});

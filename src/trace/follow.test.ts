import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TEST_MAC } from '../devices/igb/testing-port.ts';
import { followPacket } from './follow.ts';
import { argumentOf } from './record.ts';
import { sentenceOf } from './story.ts';
import { openTracedDriver } from './testing.ts';

const frame = Uint8Array.from({ length: 64 }, (_, at) => at).fill(0xff, 0, 6);
const toUs = (() => {
  const bytes = Uint8Array.from(frame);
  bytes.set(TEST_MAC);
  return bytes;
})();

test('a sent packet is followed from its tail to the end of its interrupt', () => {
  const traced = openTracedDriver();
  traced.driver.send(frame);
  traced.driver.sleep(1);
  traced.driver.sleep(3);
  traced.handle();
  // Another packet, whose interrupt is not that of the first.
  traced.driver.send(frame);
  traced.driver.sleep(1);
  const { records, open } = followPacket(traced.records(), 1);
  assert.deepEqual(open, []);
  assert.deepEqual(records.map(sentenceOf), [
    "the driver writes the tail of transmit queue 0: descriptors 0 up to 1 are the device's",
    'transmit queue 0 of the PF: 1 descriptor fetched from 0 on, 64 B',
    'descriptor 0: buffer at 0x12000, command 0x2b300040, options 0x100000',
    'a frame of 64 B is complete',
    'transmit queue 0: descriptor written back; done up to 1',
    'transmit queue 0 asks for an interrupt: vector 1',
    'interrupt: vector 1 sent, MSI-X 1 of the PF',
    'vector 1: its cause is cleared by EIAC, and it is masked by EIAM',
    'the driver has dealt with it: it unmasks vectors {1}',
  ]);
  const times = records.map(({ timeNs }) => timeNs);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});

test('a received packet is followed from the wire to the end of its interrupt', () => {
  const traced = openTracedDriver();
  traced.port.receive(toUs, 0, toUs.length, undefined);
  traced.driver.sleep(1);
  traced.handle();
  const { records, open } = followPacket(traced.records(), 1);
  assert.deepEqual(open, []);
  assert.deepEqual(
    records.map(({ name }) => name),
    [
      'igb_rx_frame',
      'igb_rx_rss',
      'igb_rx_descriptor',
      'igb_rx_write_back',
      'igb_rx_packet',
      'igb_rx_flush',
      'igb_irq_queue',
      'igb_irq_msix',
      'igb_irq_auto_clear',
      'igb_irq_eims',
    ],
  );
});

test('an interrupt that nobody deals with is left open, and a write-back that is held is said to be', () => {
  const traced = openTracedDriver();
  traced.port.receive(toUs, 0, toUs.length, undefined);
  traced.driver.sleep(0.01);
  traced.handle();
  traced.port.receive(toUs, 0, toUs.length, undefined);
  traced.driver.sleep(0.01);
  traced.driver.sleep(10);
  const { records, open } = followPacket(traced.records(), 2);
  assert.deepEqual(open, ['vector 1 of receive queue 0 was not acknowledged']);
  const names = records.map(({ name }) => name);
  assert.equal(argumentOf(records[names.indexOf('igb_rx_write_back')]!, 'held'), 1, 'until the interval is over');
  assert.ok(names.indexOf('igb_rx_flush') > names.indexOf('igb_rx_packet'));
});

test('a packet that is dropped has its reason as the end of its story', () => {
  const traced = openTracedDriver();
  const stranger = Uint8Array.from(frame);
  stranger.set([2, 9, 9, 9, 9, 9]);
  traced.port.receive(stranger, 0, stranger.length, undefined);
  const { records } = followPacket(traced.records(), 1);
  assert.match(sentenceOf(records.at(-1)!), /^Dropped: no address filter took the destination \(igb_rx_drop_address /);
});

test('there is no story of a packet that is not in the trace', () => {
  assert.deepEqual(followPacket([], 3), { records: [], open: [] });
});

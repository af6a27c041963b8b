import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame, concatenate, fromHex } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { DROP_EN, ONE_BUFFER, ReceiveHarness, STATUS, addressWords, setAllPools } from './testing.ts';

const { VMOLR, VT_CTL } = pf;
const payload = Uint8Array.from({ length: 64 }, (_, n) => n);
const POOL_2 = '02:00:00:00:00:02';

/** Three pools with a ring each, the address of the test frames in pool 2, default pool 0. */
function withPools(): ReceiveHarness {
  const rx = new ReceiveHarness();
  rx.set('MRQC', 3);
  rx.set('VT_CTL', VT_CTL.REPL_EN.mask);
  rx.set('VFRE', 0xff);
  setAllPools(rx.values, (VMOLR.AUPE.mask | VMOLR.BAM.mask | VMOLR.MPME.mask | VMOLR.STRCRC.mask) >>> 0);
  rx.set('RPLOLR', pf.RPLOLR.STRCRC.mask);
  const [low, high] = addressWords(POOL_2);
  rx.set('RAL', low);
  rx.set('RAH', (0x80000000 | (1 << (18 + 2)) | high) >>> 0);
  for (const queue of [0, 2, 5]) rx.ring(queue);
  return rx;
}

function to(address: string, frame: Uint8Array): Uint8Array {
  return concatenate(fromHex(address.replaceAll(':', '')), frame.subarray(6));
}

test('a broadcast is stored in each pool that has a ring, counts once for the port and once for each pool', () => {
  const rx = withPools();
  const frame = to('ff:ff:ff:ff:ff:ff', buildFrame({ payload }));
  rx.receive(frame);
  rx.turn();
  assert.deepEqual(rx.movedQueues(), [0, 2, 5]);
  assert.deepEqual(rx.interrupts, [0, 2, 5]);
  for (const queue of [0, 2, 5]) assert.deepEqual(rx.descriptor(queue, 0).data, frame);
  assert.equal(rx.get('GPRC'), 1);
  assert.deepEqual([rx.get('PVFGPRC', 0), rx.get('PVFGPRC', 2), rx.get('PVFGPRC', 1)], [1, 1, 0]);
});

test('a frame from a pool: not back to it, marked LB, no count of the wire', () => {
  const rx = withPools();
  const frame = to('ff:ff:ff:ff:ff:ff', buildFrame({ payload }));
  rx.switched(frame, true, 2, 0x21);
  assert.deepEqual(rx.movedQueues(), [0, 5]);
  assert.notEqual(rx.descriptor(0, 0).dwords[2]! & STATUS.LB, 0);
  assert.deepEqual([rx.get('GPRC'), rx.get('PVFGPRC', 0), rx.get('PVFGPRLBC', 0)], [0, 0, 1]);
  const unicast = buildFrame({ payload });
  rx.switched(unicast, true, 5, 1 << 2);
  assert.equal(rx.head(2), 1);
  rx.receive(unicast);
  assert.equal(rx.descriptor(2, 1).dwords[2]! & STATUS.LB, 0);
});

test('tags are stripped by VMOLR of each pool, of multicast by RPLOLR, never by CTRL.VME', () => {
  const rx = withPools();
  rx.set('CTRL', pf.CTRL.VME.mask);
  rx.set('VMOLR', (rx.get('VMOLR', 5) | VMOLR.STRVLAN.mask) >>> 0, 5);
  const tagged = buildFrame({ tags: [77], payload });
  rx.receive(to('ff:ff:ff:ff:ff:ff', tagged));
  assert.deepEqual([rx.descriptor(0, 0).tag, rx.descriptor(5, 0).tag], [0, 77]);
  assert.equal(rx.descriptor(0, 0).length, rx.descriptor(5, 0).length + 4);
  rx.receive(to('01:00:5e:00:00:01', tagged));
  assert.equal(rx.descriptor(5, 1).tag, 0);
  rx.set('RPLOLR', (pf.RPLOLR.STRVLAN.mask | pf.RPLOLR.STRCRC.mask) >>> 0);
  rx.receive(to('01:00:5e:00:00:01', tagged));
  assert.deepEqual([rx.descriptor(0, 2).tag, rx.descriptor(5, 2).tag], [77, 77]);
});

test('a pool without descriptors drops or waits by itself; the others get their copy at once and only once', () => {
  const rx = withPools();
  rx.ring(2, { available: 0 });
  rx.ring(5, { available: 0, srrctl: (ONE_BUFFER | DROP_EN) >>> 0 });
  const frame = to('ff:ff:ff:ff:ff:ff', buildFrame({ payload }));
  rx.receive(frame);
  assert.deepEqual([rx.head(0), rx.get('RQDPC', 5), rx.get('RNBC')], [1, 1, 1]);
  rx.tail(2, 4);
  rx.turn();
  assert.deepEqual([rx.head(0), rx.head(2), rx.get('RQDPC', 5)], [1, 1, 1]);
  assert.equal(rx.get('GPRC'), 1);
  assert.equal(rx.engine.canReceive(), true);
});

test('a frame that every pool finds too long counts as oversized; one that some take does not', () => {
  const rx = withPools();
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.LPE.mask);
  rx.set('VMOLR', (VMOLR.BAM.mask | VMOLR.AUPE.mask | VMOLR.STRCRC.mask | VMOLR.LPE.mask | 9018) >>> 0, 5);
  const frame = to('ff:ff:ff:ff:ff:ff', buildFrame({ payload: new Uint8Array(1600) }));
  rx.receive(frame);
  assert.deepEqual(rx.movedQueues(), [5]);
  assert.equal(rx.get('ROC'), 0);
  rx.set('VFRE', 0x0f);
  rx.receive(frame);
  assert.equal(rx.get('ROC'), 1);
});

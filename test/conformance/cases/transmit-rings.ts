/** Transmit rings and descriptors. */
import assert from 'node:assert/strict';
import { ethernet, STATION, STRANGER } from '../frames.ts';
import { TX } from '../rings.ts';
import { conformance } from '../suite.ts';

const frame = ethernet(STATION);
const other = ethernet(STATION, { length: 200 });
const DD = 1;
const TX_AREA = 'transmit rings';

conformance('a frame goes out and its descriptor is done', { area: TX_AREA, evidence: '05 §5.1' }, (station) => {
  const { tx } = station.open();
  const index = tx.send(frame);
  assert.deepEqual(station.wire.take(), [frame]);
  assert.ok(tx.isDone(index));
});

for (const queue of [1, 3, 4, 7, 8, 15]) {
  conformance(`queue ${queue} transmits`, { area: TX_AREA, evidence: '02' }, (station) => {
    station.start();
    station.tx(queue).send(frame);
    assert.deepEqual(station.wire.take(), [frame]);
  });
}

conformance('TDH follows the descriptors that were processed', { area: TX_AREA, evidence: '03 §3.8' }, (station) => {
  const { tx } = station.open();
  for (let n = 0; n < 5; n += 1) tx.data(frame);
  tx.go();
  assert.equal(station.get('TDH'), 5);
  assert.equal(station.wire.take().length, 5);
});

conformance('a ring wraps at its end', { area: TX_AREA, evidence: '03' }, (station) => {
  station.start();
  const tx = station.tx(0, { size: 8 });
  for (let n = 0; n < 20; n += 1) assert.ok(tx.isDone(tx.send(ethernet(STATION, { length: 60 + n }))));
  assert.deepEqual(
    station.wire.take().map(({ length }) => length),
    Array.from({ length: 20 }, (_, n) => 60 + n),
  );
  assert.equal(station.get('TDH'), 4);
});

conformance('several descriptors make one packet', { area: TX_AREA, evidence: '05 §5.2' }, (station) => {
  const { tx } = station.open();
  for (const [n, part] of [other.subarray(0, 14), other.subarray(14, 100), other.subarray(100)].entries()) {
    tx.post(tx.bytes(part), 0, TX.DATA | TX.IFCS | (n === 2 ? TX.EOP | TX.RS : 0) | part.length, 200 << 14);
  }
  tx.go();
  assert.deepEqual(station.wire.take(), [other]);
  assert.ok(tx.isDone(2));
});

conformance(
  'a packet whose end has not come waits for it',
  { area: TX_AREA, evidence: '05 §5.2', expect: { qemu: 'q-split-tail' } },
  (station) => {
    const { tx } = station.open();
    tx.post(tx.bytes(other.subarray(0, 100)), 0, TX.DATA | TX.IFCS | 100, 200 << 14);
    tx.go();
    assert.equal(station.wire.take().length, 0);
    tx.post(tx.bytes(other.subarray(100)), 0, TX.DATA | TX.IFCS | TX.EOP | TX.RS | 100, 200 << 14);
    tx.go();
    assert.deepEqual(station.wire.take(), [other]);
  },
);

conformance('without RS nothing is written back', { area: TX_AREA, evidence: '03 §3.4' }, (station) => {
  const { tx } = station.open();
  const index = tx.post(tx.bytes(frame), 0, TX.DATA | TX.IFCS | TX.EOP | 60, 60 << 14);
  tx.go();
  assert.equal(station.wire.take().length, 1);
  assert.equal(tx.dwords(index)[3]! & DD, 0);
});

conformance('head write-back stores TDH instead of DD', { area: TX_AREA, evidence: '03 §3.4' }, (station) => {
  const { tx } = station.open();
  const head = station.machine.memory.allocate(128);
  station.set('TDWBAL', head | 1);
  const index = tx.send(frame);
  assert.equal(station.machine.memory.read32(head), 1);
  assert.equal(tx.dwords(index)[3]! & DD, 0);
});

for (const [name, off] of [
  ['TCTL.EN', (station) => station.change('TCTL', 2, 0)],
  ['TXDCTL.ENABLE', (station) => station.set('TXDCTL', 0)],
] as readonly (readonly [string, (station: import('../station.ts').Station) => void])[]) {
  conformance(`${name} = 0 holds frames back`, { area: TX_AREA, evidence: '05 §5.1' }, (station) => {
    const { tx } = station.open();
    off(station);
    const index = tx.send(frame);
    assert.equal(station.wire.take().length, 0);
    assert.ok(!tx.isDone(index));
  });
}

conformance('VFTE = 0 holds a pool’s frames back', { area: TX_AREA, evidence: '05 §5.1' }, (station) => {
  const { tx } = station.openPools({ pools: [2] });
  station.set('VFTE', 0xfb);
  tx[2]!.send(ethernet('02:99:00:00:00:01', { from: '02:00:00:00:00:12' }));
  assert.equal(station.wire.take().length, 0);
});

conformance(
  'a tail that was written before TXDCTL.ENABLE counts when the queue is enabled',
  { area: TX_AREA, evidence: '05 §5.1', expect: { qemu: 'q-late-enable' } },
  (station) => {
    station.start();
    const tx = station.tx(2, { enable: false });
    tx.send(frame);
    assert.equal(station.wire.take().length, 0);
    tx.enable();
    assert.deepEqual(station.wire.take(), [frame]);
  },
);

conformance(
  'a tail that was written before TCTL.EN counts when transmission is enabled',
  { area: TX_AREA, evidence: '05 §5.1', expect: { qemu: 'q-late-enable' } },
  (station) => {
    const { tx } = station.open();
    station.change('TCTL', 2, 0);
    tx.send(frame);
    station.change('TCTL', 0, 2);
    assert.deepEqual(station.wire.take(), [frame]);
  },
);

conformance(
  'a tail that was written before VFTE counts when the pool is enabled',
  { area: TX_AREA, evidence: '05 §5.1', expect: { qemu: 'q-late-enable' } },
  (station) => {
    const { tx } = station.openPools({ pools: [2] });
    station.set('VFTE', 0);
    tx[2]!.send(ethernet('02:99:00:00:00:01', { from: '02:00:00:00:00:12' }));
    station.set('VFTE', 4);
    assert.equal(station.wire.take().length, 1);
  },
);

conformance('a tail beyond the ring moves nothing', { area: TX_AREA, evidence: '03 §3.10' }, (station) => {
  const { tx } = station.open();
  tx.data(frame);
  station.set('TDT', 40);
  assert.equal(station.wire.take().length, 0);
  assert.equal(station.get('TDH'), 0);
});

conformance('a ring of length 0 does nothing', { area: TX_AREA, evidence: '03 §3.10' }, (station) => {
  const { tx } = station.open();
  station.set('TDLEN', 0);
  tx.send(frame);
  assert.equal(station.wire.take().length, 0);
});

conformance('a descriptor of no known type is consumed', { area: TX_AREA, evidence: '03 §3.1' }, (station) => {
  const { tx } = station.open();
  const index = tx.post(tx.bytes(frame), 0, TX.DEXT | (1 << 20) | TX.EOP | TX.RS | 60, 60 << 14);
  tx.data(other);
  tx.go();
  assert.equal(station.get('TDH'), 2);
  assert.ok(tx.isDone(index));
  assert.deepEqual(station.wire.take(), [other]);
});

conformance(
  'a buffer outside memory loses its packet, and the ring goes on',
  { area: TX_AREA, evidence: '03 §3.10' },
  (station) => {
    const { tx } = station.open();
    const index = tx.post(0, 0x70, TX.DATA | TX.IFCS | TX.EOP | TX.RS | 60, 60 << 14);
    tx.data(frame);
    tx.go();
    assert.ok(tx.isDone(index));
    assert.deepEqual(station.wire.take().at(-1), frame);
  },
);

for (const [name, thresholds] of [
  ['none', 0],
  ['the largest', 0x1f1f],
  ['PTHRESH above HTHRESH', 0x021f],
] as const)
  conformance(
    `PTHRESH and HTHRESH, ${name}: descriptors are used by the tail alone`,
    { area: TX_AREA, evidence: '03 §3.4' },
    (station) => {
      const { tx, rx } = station.open();
      for (const register of ['TXDCTL', 'RXDCTL'] as const) station.change(register, 0x1f1f, thresholds);
      for (let n = 0; n < 3; n += 1) {
        const frame = ethernet(STRANGER, { length: 64 + n });
        assert.ok(tx.isDone(tx.send(frame)));
        assert.deepEqual(station.wire.take(), [frame]);
        station.wire.send(ethernet(STATION, { length: 70 + n }));
        assert.equal(rx.take()[0]!.length, 70 + n);
      }
    },
  );

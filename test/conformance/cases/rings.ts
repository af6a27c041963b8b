/** Rings in both directions: when they run, what they write back, what malformed ones come to. */
import assert from 'node:assert/strict';
import { ethernet, STATION, STRANGER } from '../frames.ts';
import { DESCRIPTOR, DROP_EN, RX, TX } from '../rings.ts';
import { conformance } from '../suite.ts';

const frame = ethernet(STATION);
const other = ethernet(STATION, { length: 200 });
const ENABLE = 1 << 25;
const DD = 1;
const TX_AREA = 'transmit rings';
const RX_AREA = 'receive rings';

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

conformance('a frame comes in', { area: RX_AREA, evidence: '04' }, (station) => {
  const { rx } = station.open();
  station.wire.send(frame);
  assert.deepEqual(rx.frames(), [frame]);
});

conformance('RDH follows the descriptors that were used', { area: RX_AREA, evidence: '03 §3.8' }, (station) => {
  const { rx } = station.open();
  for (let n = 0; n < 3; n += 1) station.wire.send(frame);
  assert.equal(rx.frames().length, 3);
  assert.equal(station.get('RDH'), 3);
});

conformance('a long frame goes on in further descriptors', { area: RX_AREA, evidence: '03 §3.6' }, (station) => {
  const { rx } = station.open({ rx: { bufferBytes: 1024 } });
  const long = ethernet(STATION, { length: 2500 });
  station.wire.send(long);
  const parts = rx.take();
  assert.deepEqual(
    parts.map(({ length }) => length),
    [1024, 1024, 452],
  );
  assert.deepEqual(
    parts.map(({ status }) => status & (RX.DD | RX.EOP)),
    [RX.DD, RX.DD, RX.DD | RX.EOP],
  );
  assert.deepEqual(Uint8Array.from(parts.flatMap(({ bytes }) => [...bytes])), long);
});

conformance('BSIZEPACKET 0 takes the buffer size of RCTL', { area: RX_AREA, evidence: '02 §2.5' }, (station) => {
  const { rx } = station.open({ rctl: 2 << 16, rx: { srrctl: DESCRIPTOR.oneBuffer } });
  station.wire.send(ethernet(STATION, { length: 700 }));
  assert.deepEqual(
    rx.take().map(({ length }) => length),
    [512, 188],
  );
});

conformance(
  'RCTL.BSEX makes the buffer sixteen times as large',
  { area: RX_AREA, evidence: '02 §2.5.1' },
  (station) => {
    const { rx } = station.open({
      rctl: (3 << 16) | (1 << 25),
      rx: { srrctl: DESCRIPTOR.oneBuffer, bufferBytes: 4096 },
    });
    station.wire.send(ethernet(STATION, { length: 2500 }));
    assert.deepEqual(
      rx.take().map(({ length }) => length),
      [2500],
    );
  },
);

conformance(
  'a null packet buffer is skipped, its descriptor done',
  { area: RX_AREA, evidence: '03 §3.7' },
  (station) => {
    const { rx } = station.open();
    station.machine.memory.write32(rx.ring, 0);
    station.machine.memory.write32(rx.ring + 4, 0);
    station.wire.send(frame);
    assert.equal(rx.dwords(0)[2]! & RX.DD, RX.DD);
  },
);

conformance('without RXDCTL.ENABLE a queue gets nothing', { area: RX_AREA, evidence: '04 §4.7' }, (station) => {
  const { rx } = station.open();
  station.set('RXDCTL', 0);
  station.wire.send(frame);
  assert.equal(rx.take().length, 0);
});

conformance('RCTL.EN = 0: nothing is received', { area: RX_AREA, evidence: '04 §4.2' }, (station) => {
  const { rx } = station.open();
  station.change('RCTL', 2, 0);
  station.wire.send(frame);
  assert.equal(rx.take().length, 0);
});

conformance(
  'frames that find no descriptor are stored once there are some',
  { area: RX_AREA, evidence: '04 §4.7' },
  (station) => {
    const { rx } = station.open({ rx: { available: 2 } });
    for (let n = 0; n < 4; n += 1) station.wire.send(ethernet(STATION, { length: 60 + n }));
    assert.equal(rx.take().length, 2);
    rx.give(10);
    station.wait(1e6);
    assert.deepEqual(
      rx.take().map(({ length }) => length),
      [62, 63],
    );
  },
);

conformance(
  'a frame for which the ring has too few descriptors leaves no part of itself behind',
  { area: RX_AREA, evidence: '04 §4.7' },
  (station) => {
    const { rx } = station.open({ rx: { bufferBytes: 1024, available: 2, srrctl: DESCRIPTOR.oneBuffer | 1 } });
    station.change('SRRCTL', 0, DROP_EN);
    station.wire.send(ethernet(STATION, { length: 2500 }));
    assert.equal(rx.take().length, 0);
    assert.equal(station.get('RDH'), 0);
  },
);

conformance(
  'a frame that just fits the ring ends in it, a null buffer in its middle or not',
  { area: RX_AREA, evidence: '11.2' },
  (station) => {
    const { rx } = station.open({ rx: { bufferBytes: 1024, available: 3, srrctl: DESCRIPTOR.oneBuffer | 1 } });
    station.machine.memory.write32(rx.ring + 16, 0);
    station.wire.send(ethernet(STATION, { length: 2500 }));
    assert.deepEqual(
      rx.take().map(({ status }) => status & (RX.DD | RX.EOP)),
      [RX.DD, RX.DD, RX.DD | RX.EOP],
    );
  },
);

conformance(
  'SRRCTL.DROP_EN: the frame is lost and RQDPC counts it',
  { area: RX_AREA, evidence: '04 §4.7, linux', expect: { qemu: 'q-drop-counters' } },
  (station) => {
    const { rx } = station.open({ rx: { available: 1 } });
    station.change('SRRCTL', 0, DROP_EN);
    for (let n = 0; n < 3; n += 1) station.wire.send(ethernet(STATION, { length: 60 + n }));
    assert.equal(rx.take().length, 1);
    assert.equal(station.get('RQDPC'), 2);
    assert.equal(station.get('RQDPC'), 0, 'cleared by the read');
  },
);

conformance(
  'QDE: the same for the queues whose bits are set',
  { area: RX_AREA, evidence: '04 §4.7, linux', expect: { qemu: 'q-drop-counters' } },
  (station) => {
    const { rx } = station.open({ rx: { available: 1 } });
    station.set('QDE', 1);
    for (let n = 0; n < 3; n += 1) station.wire.send(frame);
    assert.equal(rx.take().length, 1);
    assert.equal(station.get('RQDPC'), 2);
  },
);

conformance(
  'RNBC counts frames that found no descriptor',
  { area: RX_AREA, evidence: '08 §8.10', expect: { qemu: 'q-drop-counters' } },
  (station) => {
    station.open({ rx: { available: 1 } });
    station.get('RNBC');
    for (let n = 0; n < 2; n += 1) station.wire.send(frame);
    assert.ok(station.get('RNBC') > 0);
  },
);

conformance(
  'the legacy descriptor: length, status, errors where iPXE looks',
  { area: RX_AREA, evidence: '03 §3.5, ipxe', expect: { qemu: 'q-legacy-rx' } },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.legacy | 2 } });
    station.wire.send(frame);
    const [received] = rx.takeLegacy();
    assert.deepEqual(received?.bytes, frame);
    assert.equal(received.status & 3, 3);
    assert.equal((received.status >>> 8) & 0xff, 0);
  },
);

conformance(
  'the legacy descriptor keeps the buffer address',
  { area: RX_AREA, evidence: '03 §3.5', expect: { qemu: 'q-legacy-rx' } },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.legacy | 2 } });
    const [low, high] = rx.dwords(0);
    station.wire.send(frame);
    assert.deepEqual(rx.dwords(0).slice(0, 2), [low, high]);
  },
);

conformance(
  'the legacy descriptor has a stripped tag in its last half',
  { area: RX_AREA, evidence: '03 §3.5', expect: { qemu: 'q-legacy-rx' } },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.legacy | 2 } });
    station.change('CTRL', 0, 1 << 30);
    station.wire.send(ethernet(STATION, { tags: [0x2064] }));
    const [received] = rx.takeLegacy();
    assert.equal(received?.tag, 0x2064);
    assert.equal(received.status & 8, 8);
  },
);

conformance('RXDCTL.ENABLE reads back at once', { area: RX_AREA, evidence: '05 §5.1' }, (station) => {
  station.set('RXDCTL', ENABLE, 9);
  assert.equal(station.get('RXDCTL', 9) & ENABLE, ENABLE);
  station.set('TXDCTL', ENABLE, 9);
  assert.equal(station.get('TXDCTL', 9) & ENABLE, ENABLE);
});

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

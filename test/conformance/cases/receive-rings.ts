/** Receive rings and descriptors. */
import assert from 'node:assert/strict';
import { ethernet, STATION } from '../frames.ts';
import { DESCRIPTOR, DROP_EN, RX } from '../rings.ts';
import { conformance } from '../suite.ts';

const frame = ethernet(STATION);
const ENABLE = 1 << 25;
const RX_AREA = 'receive rings';

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

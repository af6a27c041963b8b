/** What counts what. */
import assert from 'node:assert/strict';
import { BROADCAST, ethernet, MULTICAST, packet, poolAddress, STATION, STRANGER } from '../frames.ts';
import { L4, OPTION, TX } from '../rings.ts';
import { conformance } from '../suite.ts';

const AREA = 'statistics';

for (const [length, name, at] of [
  [60, 'PTC64', 0x40d8],
  [61, 'PTC127', 0x40dc],
  [123, 'PTC127 at its end', 0x40dc],
  [124, 'PTC255', 0x40e0],
  [252, 'PTC511', 0x40e4],
  [508, 'PTC1023', 0x40e8],
  [1020, 'PTC1522', 0x40ec],
] as const) {
  conformance(`${length} bytes and FCS count in ${name}`, { area: AREA, evidence: '08 §8.10' }, (station) => {
    const { tx } = station.open();
    tx.send(ethernet(STRANGER, { length }));
    assert.equal(station.pf.read32(at), 1);
  });
}

for (const [length, name, at] of [
  [60, 'PRC64', 0x405c],
  [61, 'PRC127', 0x4060],
  [124, 'PRC255', 0x4064],
  [252, 'PRC511', 0x4068],
  [508, 'PRC1023', 0x406c],
  [1020, 'PRC1522', 0x4070],
] as const) {
  conformance(
    `${length} bytes and FCS received count in ${name}`,
    { area: AREA, evidence: '08 §8.10, 11.1 no. 21', expect: { qemu: 'q-prc' } },
    (station) => {
      station.open();
      station.wire.send(ethernet(STATION, { length }));
      assert.equal(station.pf.read32(at), 1);
    },
  );
}

conformance(
  'GPTC, TPT and the octets of what was sent, FCS included',
  { area: AREA, evidence: '08 §8.10' },
  (station) => {
    const { tx } = station.open();
    tx.send(ethernet(STRANGER, { length: 100 }));
    tx.send(ethernet(STRANGER, { length: 60 }));
    const values = (['GPTC', 'TPT', 'GOTCL', 'TOTL'] as const).map((name) => station.get(name));
    assert.deepEqual(values, [2, 2, 168, 168]);
  },
);

conformance(
  'GPRC, TPR and the octets of what was received, FCS included',
  { area: AREA, evidence: '08 §8.10' },
  (station) => {
    station.open();
    station.wire.send(ethernet(STATION, { length: 100 }));
    station.wire.send(ethernet(STATION, { length: 60 }));
    const values = (['GPRC', 'TPR', 'GORCL', 'TORL'] as const).map((name) => station.get(name));
    assert.deepEqual(values, [2, 2, 168, 168]);
  },
);

conformance(
  'TPR counts what the filters drop too',
  { area: AREA, evidence: '08 §8.10', expect: { qemu: 'q-tpr' } },
  (station) => {
    station.open();
    station.wire.send(ethernet(STRANGER));
    assert.deepEqual([station.get('TPR'), station.get('GPRC')], [1, 0]);
  },
);

conformance('broadcast and multicast received', { area: AREA, evidence: '08 §8.10' }, (station) => {
  station.open({ rctl: 1 << 4 });
  for (const to of [BROADCAST, MULTICAST, MULTICAST, STATION]) station.wire.send(ethernet(to));
  assert.deepEqual([station.get('BPRC'), station.get('MPRC')], [1, 2]);
});

conformance('broadcast and multicast sent', { area: AREA, evidence: '08 §8.10' }, (station) => {
  const { tx } = station.open();
  for (const to of [BROADCAST, MULTICAST, MULTICAST, STATION]) tx.send(ethernet(to));
  assert.deepEqual([station.get('BPTC'), station.get('MPTC')], [1, 2]);
});

conformance('a counter is cleared by its read', { area: AREA, evidence: '02 §2.11' }, (station) => {
  const { tx } = station.open();
  tx.send(ethernet(STRANGER));
  assert.deepEqual([station.get('GPTC'), station.get('GPTC')], [1, 0]);
});

conformance('of a pair the read of the high half clears both', { area: AREA, evidence: '02 §2.11' }, (station) => {
  const { tx } = station.open();
  tx.send(ethernet(STRANGER));
  assert.deepEqual([station.get('GOTCL'), station.get('GOTCL')], [64, 64]);
  station.get('GOTCH');
  assert.equal(station.get('GOTCL'), 0);
});

conformance(
  'TSO: TSCTC counts the packet, the others its segments',
  { area: AREA, evidence: '11.2', expect: { qemu: 'q-tso-count' } },
  (station) => {
    const { tx } = station.open();
    const bytes = packet({ payload: Array.from({ length: 2500 }, () => 7) });
    tx.context({ mss: 1000, l4: L4.tcp });
    tx.data(bytes, TX.TSE, OPTION.TXSM | OPTION.IXSM, 2500);
    tx.go();
    assert.equal(station.wire.take().length, 3);
    assert.deepEqual([station.get('TSCTC'), station.get('GPTC')], [1, 3]);
  },
);

conformance(
  'a pool’s frames count in its PVF registers, which a read leaves',
  { area: AREA, evidence: '08 §8.10, igbvf' },
  (station) => {
    const { tx } = station.openPools();
    station.wire.send(ethernet(poolAddress(3)));
    tx[3]!.send(ethernet(STRANGER, { from: poolAddress(3), length: 100 }));
    const values = (): number[] => [0x10, 0x14, 0x18, 0x34].map((at) => station.pf.read32(0x1_0000 + 0x300 + at));
    station.wire.take();
    assert.deepEqual(values(), [1, 1, 64, 104]);
    assert.deepEqual(values(), [1, 1, 64, 104]);
  },
);

conformance('PVFMPRC counts multicast', { area: AREA, evidence: '11.1 no. 1' }, (station) => {
  station.openPools();
  station.address(12, MULTICAST, 8);
  station.wire.send(ethernet(MULTICAST));
  assert.equal(station.pf.read32(0x1_033c), 1);
});

conformance(
  'between pools the loopback counters count, on both sides',
  { area: AREA, evidence: '08 §8.10, igbvf', expect: { qemu: 'q-loopback-counters' } },
  (station) => {
    const { tx } = station.openPools();
    tx[1]!.send(ethernet(poolAddress(2), { from: poolAddress(1) }));
    station.wire.take();
    const at = (pool: number, offset: number): number => station.pf.read32(0x1_0000 + 0x100 * pool + offset);
    assert.deepEqual([at(1, 0x44), at(1, 0x50), at(2, 0x40), at(2, 0x48)], [1, 64, 1, 64]);
  },
);

conformance(
  'between pools the port’s counters do not count',
  { area: AREA, evidence: '05 §5.11 ds-mem', expect: { qemu: 'q-loopback-counters' } },
  (station) => {
    const { tx } = station.openPools();
    tx[1]!.send(ethernet(poolAddress(2), { from: poolAddress(1) }));
    station.wire.take();
    assert.deepEqual([station.get('GPTC'), station.get('GPRC')], [0, 0]);
  },
);

conformance(
  'a broadcast to several pools is one frame of the port',
  { area: AREA, evidence: '04 §4.10 ds-mem', expect: { qemu: 'q-replicated-count' } },
  (station) => {
    station.openPools();
    station.wire.send(ethernet(BROADCAST));
    assert.deepEqual([station.get('GPRC'), station.get('BPRC')], [1, 1]);
  },
);

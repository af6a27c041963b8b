/** The switch between pools, and what a pool may send: loopback, checks, inserted tags, mirrors, rates. */
import assert from 'node:assert/strict';
import { BROADCAST, bytesOf, ethernet, MULTICAST, packet, poolAddress, STRANGER } from '../frames.ts';
import { L4, OPTION, RX, type RxQueue, TX, type TxQueue } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const AREA = 'switch';
const LOOPBACK = 0x8000_0000;
const LLE = 1 << 16;
const ROMPE = 1 << 25;
const STRVLAN = 1 << 30;

interface Result {
  readonly pools: number[];
  readonly wire: number;
}

/** Where a frame of pool 1 goes. */
function sent(station: Station, { tx, rx }: { tx: TxQueue[]; rx: RxQueue[] }, frame: Uint8Array, from = 1): Result {
  tx[from]!.send(frame);
  return {
    pools: rx.flatMap((queue, pool) => (queue.take().length > 0 ? [pool] : [])),
    wire: station.wire.take().length,
  };
}

const from1 = (to: string, tags: readonly number[] = []): Uint8Array => ethernet(to, { from: poolAddress(1), tags });

function hashBit(station: Station, table: 'MTA' | 'UTA', address: string): void {
  const bytes = bytesOf(address);
  const hash = (((bytes[5]! << 8) | bytes[4]!) >>> 4) & 0xfff;
  station.set(table, 1 << (hash & 31), hash >>> 5);
}

conformance('unicast to another pool stays inside', { area: AREA, evidence: '05 §5.8' }, (station) => {
  assert.deepEqual(sent(station, station.openPools(), from1(poolAddress(2))), { pools: [2], wire: 0 });
});

conformance(
  'unicast to nobody here goes to the wire, not to the default pool',
  { area: AREA, evidence: '05 §5.8' },
  (station) => {
    const rings = station.openPools({ vtCtl: (1 << 30) | (4 << 7) });
    assert.deepEqual(sent(station, rings, from1(STRANGER)), { pools: [], wire: 1 });
  },
);

conformance(
  'broadcast goes to the other pools and to the wire',
  { area: AREA, evidence: '05 §5.8', expect: { qemu: 'q-echo' } },
  (station) => {
    assert.deepEqual(sent(station, station.openPools(), from1(BROADCAST)), { pools: [0, 2, 3, 4, 5, 6, 7], wire: 1 });
  },
);

conformance(
  'multicast goes to the other pools that listen and to the wire',
  { area: AREA, evidence: '05 §5.8', expect: { qemu: 'q-echo' } },
  (station) => {
    const rings = station.openPools();
    hashBit(station, 'MTA', MULTICAST);
    for (const pool of [1, 2]) station.change('VMOLR', 0, ROMPE, pool);
    assert.deepEqual(sent(station, rings, from1(MULTICAST)), { pools: [2], wire: 1 });
  },
);

conformance('DTXSWC.LLE gives a pool its own broadcast', { area: AREA, evidence: '05 §5.8 ds-mem' }, (station) => {
  const rings = station.openPools({ dtxswc: LOOPBACK | (LLE << 1) });
  assert.deepEqual(sent(station, rings, from1(BROADCAST)), { pools: [0, 1, 2, 3, 4, 5, 6, 7], wire: 1 });
});

conformance('without LOOPBACK_EN everything goes to the wire', { area: AREA, evidence: '05 §5.8' }, (station) => {
  const rings = station.openPools({ dtxswc: 0 });
  assert.deepEqual(sent(station, rings, from1(poolAddress(2))), { pools: [], wire: 1 });
});

conformance(
  'a unicast to a pool’s address that the VLAN filter takes away goes to the wire',
  { area: AREA, evidence: '11.2', expect: { qemu: 'q-vlan-lost' } },
  (station) => {
    const rings = station.openPools();
    station.vlan(1, 100, 0x02);
    assert.deepEqual(sent(station, rings, from1(poolAddress(2), [100])), { pools: [], wire: 1 });
  },
);

conformance('a unicast within a VLAN of both pools stays inside', { area: AREA, evidence: '05 §5.8' }, (station) => {
  const rings = station.openPools();
  station.vlan(1, 100, 0x06);
  assert.deepEqual(sent(station, rings, from1(poolAddress(2), [100])), { pools: [2], wire: 0 });
});

conformance('a tagged broadcast stays in its VLAN', { area: AREA, evidence: '05 §5.8' }, (station) => {
  const rings = station.openPools();
  station.vlan(1, 100, 0x0c);
  assert.deepEqual(sent(station, rings, from1(BROADCAST, [100])), { pools: [2, 3], wire: 1 });
});

conformance(
  'VLVF.LVLAN keeps a VLAN off the wire',
  { area: AREA, evidence: '05 §5.8 ds-mem', expect: { qemu: 'q-lvlan' } },
  (station) => {
    const rings = station.openPools();
    station.vlan(1, 100, 0x0c, 1 << 20);
    assert.deepEqual(sent(station, rings, from1(BROADCAST, [100])), { pools: [2, 3], wire: 0 });
  },
);

conformance(
  'a unicast hash with ROPE gets a copy, the wire too',
  { area: AREA, evidence: '05 §5.8', expect: { qemu: 'q-uta-rope' } },
  (station) => {
    const rings = station.openPools();
    hashBit(station, 'UTA', STRANGER);
    station.change('VMOLR', 0, 1 << 26, 3);
    assert.deepEqual(sent(station, rings, from1(STRANGER)), { pools: [3], wire: 1 });
  },
);

conformance('VFRE = 0: a pool gets nothing from others either', { area: AREA, evidence: '05 §5.8' }, (station) => {
  const rings = station.openPools();
  station.set('VFRE', 0xfb);
  assert.deepEqual(sent(station, rings, from1(poolAddress(2))).pools, []);
});

conformance(
  'a copy from another pool has LB in its status',
  { area: AREA, evidence: '05 §5.8 ds-mem', expect: { qemu: 'q-lb' } },
  (station) => {
    const { tx, rx } = station.openPools();
    tx[1]!.send(from1(poolAddress(2)));
    assert.equal(rx[2]!.take()[0]!.status & RX.LB, RX.LB);
  },
);

conformance('TSO between pools: the receiver gets segments', { area: AREA, evidence: '05 §5.8' }, (station) => {
  const { tx, rx } = station.openPools();
  const payload = Array.from({ length: 2500 }, (_, n) => n & 0xff);
  const bytes = packet({ from: poolAddress(1), to: poolAddress(2), payload });
  bytes.set([0, 0], 24);
  bytes.set([0, 0], 50);
  tx[1]!.context({ mss: 1000, l4: L4.tcp });
  tx[1]!.data(bytes, TX.TSE, OPTION.TXSM | OPTION.IXSM, 2500);
  tx[1]!.go();
  assert.deepEqual(
    rx[2]!.frames().map(({ length }) => length),
    [1054, 1054, 554],
  );
  assert.equal(station.wire.take().length, 0);
});

conformance('the receiving pool strips by its own VMOLR', { area: AREA, evidence: '05 §5.8' }, (station) => {
  const { tx, rx } = station.openPools();
  station.vlan(1, 100, 0x06);
  station.change('VMOLR', 0, STRVLAN, 2);
  tx[1]!.send(from1(poolAddress(2), [100]));
  const [got] = rx[2]!.take();
  assert.deepEqual([got!.tag, got!.length], [100, 56]);
});

conformance('VMVIR ALWAYS tags what a pool sends', { area: AREA, evidence: '05 §5.3, linux' }, (station) => {
  const { tx } = station.openPools();
  station.set('VMVIR', (1 << 30) | 0x6064, 1);
  tx[1]!.send(from1(STRANGER));
  const [out] = station.wire.take();
  assert.deepEqual([...out!.subarray(12, 16)], [0x81, 0, 0x60, 0x64]);
});

conformance('VMVIR ALWAYS goes before the context’s tag', { area: AREA, evidence: '05 §5.3' }, (station) => {
  const { tx } = station.openPools();
  station.set('VMVIR', (1 << 30) | 0x64, 1);
  tx[1]!.context({ tag: 7 });
  tx[1]!.send(from1(STRANGER), TX.VLE);
  const [out] = station.wire.take();
  assert.deepEqual([...out!.subarray(12, 18)], [0x81, 0, 0, 0x64, 0x88, 0xb5]);
});

conformance('VMVIR NEVER leaves out the context’s tag', { area: AREA, evidence: '05 §5.3' }, (station) => {
  const { tx } = station.openPools();
  station.set('VMVIR', 0x8000_0064, 1);
  tx[1]!.context({ tag: 7 });
  tx[1]!.send(from1(STRANGER), TX.VLE);
  assert.deepEqual(station.wire.take(), [from1(STRANGER)]);
});

conformance('VMVIR 0 leaves the tag to the descriptor', { area: AREA, evidence: '05 §5.3' }, (station) => {
  const { tx } = station.openPools();
  tx[1]!.context({ tag: 7 });
  tx[1]!.send(from1(STRANGER), TX.VLE);
  assert.equal(station.wire.take()[0]![15], 7);
});

conformance('the inserted tag decides the VLAN of the switch', { area: AREA, evidence: '05 §5.8' }, (station) => {
  const rings = station.openPools();
  station.vlan(1, 100, 0x0e);
  station.set('VMVIR', (1 << 30) | 100, 1);
  assert.deepEqual(sent(station, rings, from1(poolAddress(2))), { pools: [2], wire: 0 });
});

const SPOOF = 'spoof checks';
const spoofing = { expect: { qemu: 'q-spoof' } } as const;

conformance(
  'MAC check: a foreign source address is dropped',
  { area: SPOOF, evidence: '05 §5.9, linux', ...spoofing },
  (station) => {
    const rings = station.openPools({ dtxswc: LOOPBACK | 2 });
    assert.deepEqual(sent(station, rings, ethernet(STRANGER, { from: poolAddress(2) })), { pools: [], wire: 0 });
  },
);

conformance('MAC check: the pool’s own address passes', { area: SPOOF, evidence: '05 §5.9' }, (station) => {
  const rings = station.openPools({ dtxswc: LOOPBACK | 2 });
  assert.equal(sent(station, rings, from1(STRANGER)).wire, 1);
});

conformance('MAC check: other pools are not checked', { area: SPOOF, evidence: '05 §5.9' }, (station) => {
  const rings = station.openPools({ dtxswc: LOOPBACK | 2 });
  assert.equal(sent(station, rings, ethernet(STRANGER, { from: STRANGER }), 2).wire, 1);
});

conformance('a dropped frame’s descriptor is done', { area: SPOOF, evidence: '05 §5.9' }, (station) => {
  const { tx } = station.openPools({ dtxswc: LOOPBACK | 2 });
  assert.ok(tx[1]!.isDone(tx[1]!.send(ethernet(STRANGER, { from: poolAddress(2) }))));
});

conformance('WVBR names the queue, once', { area: SPOOF, evidence: '05 §5.9, linux', ...spoofing }, (station) => {
  const { tx } = station.openPools({ dtxswc: LOOPBACK | 2 });
  tx[1]!.send(ethernet(STRANGER, { from: poolAddress(2) }));
  station.wire.take();
  assert.deepEqual([station.get('WVBR'), station.get('WVBR')], [2, 0]);
});

conformance(
  'WVBR names a pool’s second queue by bit v + 8',
  { area: SPOOF, evidence: '05 §5.9, linux', ...spoofing },
  (station) => {
    station.openPools({ dtxswc: LOOPBACK | 2, pools: [] });
    station.tx(9).send(ethernet(STRANGER, { from: poolAddress(2) }));
    station.wire.take();
    assert.equal(station.get('WVBR'), 0x200);
  },
);

conformance('SSVPC counts what was dropped', { area: SPOOF, evidence: '05 §5.9', ...spoofing }, (station) => {
  const { tx } = station.openPools({ dtxswc: LOOPBACK | 2 });
  for (let n = 0; n < 3; n += 1) tx[1]!.send(ethernet(STRANGER, { from: poolAddress(2) }));
  station.wire.take();
  assert.equal(station.get('SSVPC'), 3);
});

conformance('DTXCTL.SPOOF_INT raises DOUTSYNC', { area: SPOOF, evidence: '05 §5.9, linux', ...spoofing }, (station) => {
  const { tx } = station.openPools({ dtxswc: LOOPBACK | 2 });
  station.change('DTXCTL', 0, 1 << 6);
  station.get('ICR');
  tx[1]!.send(ethernet(STRANGER, { from: poolAddress(2) }));
  station.wire.take();
  assert.notEqual(station.get('ICR') & (1 << 28), 0);
});

conformance(
  'VLAN check: a tag of a VLAN that the pool is not in is dropped',
  { area: SPOOF, evidence: '05 §5.9, linux', ...spoofing },
  (station) => {
    const rings = station.openPools({ dtxswc: LOOPBACK | (2 << 8) });
    station.vlan(1, 100, 0x04);
    assert.equal(sent(station, rings, from1(STRANGER, [100])).wire, 0);
  },
);

conformance('VLAN check: the pool’s own VLAN passes', { area: SPOOF, evidence: '05 §5.9' }, (station) => {
  const rings = station.openPools({ dtxswc: LOOPBACK | (2 << 8) });
  station.vlan(1, 100, 0x02);
  assert.equal(sent(station, rings, from1(STRANGER, [100])).wire, 1);
});

conformance('VLAN check: untagged frames pass', { area: SPOOF, evidence: '05 §5.9, linux' }, (station) => {
  const rings = station.openPools({ dtxswc: LOOPBACK | (2 << 8) });
  assert.equal(sent(station, rings, from1(STRANGER)).wire, 1);
});

conformance('VLAN check: a tag that VMVIR inserts passes', { area: SPOOF, evidence: '05 §5.9, linux' }, (station) => {
  const rings = station.openPools({ dtxswc: LOOPBACK | (2 << 8) });
  station.set('VMVIR', (1 << 30) | 100, 1);
  assert.equal(sent(station, rings, from1(STRANGER)).wire, 1);
});

const MIRROR = 'mirrors';
const mirroring = { expect: { qemu: 'q-mirror' } } as const;

conformance(
  'POOL: what a pool receives goes to the destination too',
  { area: MIRROR, evidence: '04 §4.5 ds-mem', ...mirroring },
  (station) => {
    const { rx } = station.openPools();
    station.set('VMRVM', 0x04);
    station.set('VMRCTL', 1 | (6 << 8));
    station.wire.send(ethernet(poolAddress(2)));
    assert.deepEqual([rx[2]!.take().length, rx[6]!.take().length], [1, 1]);
    station.wire.send(ethernet(poolAddress(3)));
    assert.deepEqual([rx[3]!.take().length, rx[6]!.take().length], [1, 0]);
  },
);

conformance(
  'UPLINK: everything from the wire',
  { area: MIRROR, evidence: '04 §4.5 ds-mem', ...mirroring },
  (station) => {
    const { rx } = station.openPools();
    station.set('VMRCTL', 2 | (6 << 8), 1);
    station.wire.send(ethernet(poolAddress(3)));
    assert.deepEqual([rx[3]!.take().length, rx[6]!.take().length], [1, 1]);
  },
);

conformance(
  'DOWNLINK: everything to the wire',
  { area: MIRROR, evidence: '04 §4.5 ds-mem', ...mirroring },
  (station) => {
    const rings = station.openPools();
    station.set('VMRCTL', 4 | (6 << 8), 2);
    assert.deepEqual(sent(station, rings, from1(STRANGER)), { pools: [6], wire: 1 });
  },
);

conformance(
  'VLAN: everything of the VLANs named by entries of VLVF',
  { area: MIRROR, evidence: '04 §4.5 ds-mem', ...mirroring },
  (station) => {
    const { rx } = station.openPools();
    station.vlan(5, 100, 0x04);
    station.vlan(6, 200, 0x04);
    station.set('VMRVLAN', 1 << 5, 3);
    station.set('VMRCTL', 8 | (6 << 8), 3);
    station.wire.send(ethernet(poolAddress(2), { tags: [100] }));
    assert.deepEqual([rx[2]!.take().length, rx[6]!.take().length], [1, 1]);
    station.wire.send(ethernet(poolAddress(2), { tags: [200] }));
    assert.deepEqual([rx[2]!.take().length, rx[6]!.take().length], [1, 0]);
  },
);

conformance('a pool that gets the frame anyway gets it once', { area: MIRROR, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.set('VMRCTL', 2 | (6 << 8), 1);
  station.wire.send(ethernet(poolAddress(6)));
  assert.equal(rx[6]!.take().length, 1);
});

const RATE = 'rates and storms';

conformance(
  'a pool with a rate is held to it',
  {
    area: RATE,
    evidence: '05 §5.6, linux',
    expect: { qemu: 'q-rate' },
    without: { 'vfio-user': 'bytes in a time are counted exactly only in virtual time' },
  },
  (station) => {
    const { tx } = station.openPools({ pools: [1] });
    // 10 Mb/s of 1000: factor 100.
    station.set('RTTDQSEL', 1);
    station.set('RTTBCNRM', 0x14);
    station.set('RTTBCNRC', 0x8000_0000 | (100 << 14));
    const frame = ethernet(STRANGER, { from: poolAddress(1), length: 1514 });
    let count = 0;
    for (let millisecond = 0; millisecond < 100; millisecond += 1) {
      for (let left = 6 - ((tx[1]!.tail - station.get('TDH', 1) + 8) % 8); left > 0; left -= 1) tx[1]!.send(frame);
      station.wait(1e6);
      count += station.wire.take().length;
    }
    const megabits = (count * (1514 + 24) * 8) / 100e3;
    assert.ok(megabits > 9 && megabits < 11, `${megabits} Mb/s`);
  },
);

conformance('a pool without a rate is not held', { area: RATE, evidence: '05 §5.6' }, (station) => {
  const { tx } = station.openPools({ pools: [1, 2] });
  station.set('RTTDQSEL', 1);
  station.set('RTTBCNRC', 0x8000_0000 | (1000 << 14));
  for (let n = 0; n < 6; n += 1) tx[2]!.send(ethernet(STRANGER, { from: poolAddress(2), length: 1514 }));
  assert.equal(station.wire.take().length, 6);
});

conformance(
  'storm control drops broadcast beyond its threshold',
  { area: RATE, evidence: '02 ds-mem', expect: { qemu: 'q-storm' } },
  (station) => {
    const { rx } = station.openPools({ pools: [1] });
    station.set('BSCTRH', 10);
    station.set('SCCRL', 8 | (1000 << 8));
    // 64 bytes each with FCS: ten fit.
    for (let n = 0; n < 20; n += 1) {
      station.wire.send(ethernet(BROADCAST));
      rx[1]!.give((rx[1]!.take().length + n) % 8);
    }
    assert.notEqual(station.get('ICR') & (1 << 25), 0);
  },
);

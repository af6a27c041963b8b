/** VMDq: which pools a frame from the wire goes to, and which queue in a pool. */
import assert from 'node:assert/strict';
import { BROADCAST, bytesOf, ethernet, MULTICAST, packet, poolAddress, STRANGER } from '../frames.ts';
import { RX, type RxQueue } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const AREA = 'pools';
const ROMPE = 1 << 25;
const ROPE = 1 << 26;
const BAM = 1 << 27;
const MPME = 1 << 28;
const STRVLAN = 1 << 30;
const AUPE = 1 << 24;
const LPE = 1 << 16;
const REPL_EN = 1 << 30;
const DIS_DEF_POOL = 1 << 29;
const IGNORE_MAC = 1 << 28;

/** Pools that have stored something since the last call. */
function pools(rx: readonly RxQueue[]): number[] {
  return rx.flatMap((queue, pool) => (queue.take().length > 0 ? [pool] : []));
}

function receivers(station: Station, rx: readonly RxQueue[], frame: Uint8Array): number[] {
  station.wire.send(frame);
  return pools(rx);
}

function hashBit(station: Station, table: 'MTA' | 'UTA', address: string): void {
  const bytes = bytesOf(address);
  const hash = (((bytes[5]! << 8) | bytes[4]!) >>> 4) & 0xfff;
  station.set(table, 1 << (hash & 31), hash >>> 5);
}

for (const pool of [0, 3, 7]) {
  conformance(`the address of pool ${pool}`, { area: AREA, evidence: '04 §4.5' }, (station) => {
    const { rx } = station.openPools();
    assert.deepEqual(receivers(station, rx, ethernet(poolAddress(pool))), [pool]);
  });
}

conformance('an address of several pools', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.address(10, STRANGER, 0x29);
  assert.deepEqual(receivers(station, rx, ethernet(STRANGER)), [0, 3, 5]);
});

conformance('an address of the second group', { area: AREA, evidence: '02' }, (station) => {
  const { rx } = station.openPools();
  const [a, b, c, d, e, f] = bytesOf(STRANGER) as [number, number, number, number, number, number];
  station.pf.write32(0x54e0, a | (b << 8) | (c << 16) | (d << 24));
  station.pf.write32(0x54e4, (e | (f << 8) | 0x8000_0000 | (1 << 22)) >>> 0);
  assert.deepEqual(receivers(station, rx, ethernet(STRANGER)), [4]);
});

conformance('broadcast goes to the pools with BAM', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.change('VMOLR', BAM, 0, 2);
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST)), [0, 1, 3, 4, 5, 6, 7]);
});

conformance('a multicast hash goes to the pools with ROMPE', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  hashBit(station, 'MTA', MULTICAST);
  for (const pool of [1, 6]) station.change('VMOLR', 0, ROMPE, pool);
  assert.deepEqual(receivers(station, rx, ethernet(MULTICAST)), [1, 6]);
});

conformance('without the hash ROMPE takes no multicast', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.change('VMOLR', 0, ROMPE, 1);
  assert.deepEqual(receivers(station, rx, ethernet(MULTICAST)), []);
});

conformance(
  'MPME takes every multicast',
  { area: AREA, evidence: '04 §4.5, linux', expect: { qemu: 'q-mpme' } },
  (station) => {
    const { rx } = station.openPools();
    station.change('VMOLR', 0, MPME, 4);
    assert.deepEqual(receivers(station, rx, ethernet(MULTICAST)), [4]);
  },
);

conformance(
  'a multicast address that is exact in one pool and a hash in others',
  { area: AREA, evidence: '04 §4.5', expect: { qemu: 'q-mta-exact' } },
  (station) => {
    const { rx } = station.openPools();
    station.address(10, MULTICAST, 1);
    hashBit(station, 'MTA', MULTICAST);
    station.change('VMOLR', 0, ROMPE, 5);
    assert.deepEqual(receivers(station, rx, ethernet(MULTICAST)), [0, 5]);
  },
);

conformance(
  'a unicast hash goes to the pools with ROPE',
  { area: AREA, evidence: '04 §4.5, linux', expect: { qemu: 'q-uta-rope' } },
  (station) => {
    const { rx } = station.openPools();
    hashBit(station, 'UTA', STRANGER);
    station.change('VMOLR', 0, ROPE, 6);
    assert.deepEqual(receivers(station, rx, ethernet(STRANGER)), [6]);
  },
);

conformance(
  'a unicast hash does not go to the pools with ROMPE',
  { area: AREA, evidence: '04 §4.5, linux', expect: { qemu: 'q-uta-rope' } },
  (station) => {
    const { rx } = station.openPools();
    hashBit(station, 'UTA', STRANGER);
    station.change('VMOLR', 0, ROMPE, 6);
    assert.deepEqual(receivers(station, rx, ethernet(STRANGER)), []);
  },
);

conformance('an exact address goes before the unicast hash', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  hashBit(station, 'UTA', poolAddress(2));
  station.change('VMOLR', 0, ROPE, 6);
  assert.deepEqual(receivers(station, rx, ethernet(poolAddress(2))), [2]);
});

for (const pool of [0, 5]) {
  conformance(
    `unicast that nobody has goes to default pool ${pool}`,
    { area: AREA, evidence: '04 §4.5' },
    (station) => {
      const { rx } = station.openPools({ vtCtl: REPL_EN | (pool << 7) });
      assert.deepEqual(receivers(station, rx, ethernet(STRANGER)), [pool]);
    },
  );
}

conformance('DIS_DEF_POOL: unicast that nobody has is dropped', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools({ vtCtl: REPL_EN | DIS_DEF_POOL | (5 << 7) });
  assert.deepEqual(receivers(station, rx, ethernet(STRANGER)), []);
});

conformance('VFRE = 0: the pool receives nothing', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.set('VFRE', 0xf7);
  assert.deepEqual(receivers(station, rx, ethernet(poolAddress(3))), []);
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST)), [0, 1, 2, 4, 5, 6, 7]);
});

conformance(
  'REPL_EN = 0: one pool only gets a broadcast',
  { area: AREA, evidence: '04 §4.5 ds-mem', expect: { qemu: 'q-repl-en' } },
  (station) => {
    const { rx } = station.openPools({ vtCtl: DIS_DEF_POOL });
    assert.equal(receivers(station, rx, ethernet(BROADCAST)).length, 1);
  },
);

conformance(
  'IGNORE_MAC: the VLAN alone chooses',
  { area: AREA, evidence: '04 §4.5 ds-mem', expect: { qemu: 'q-ignore-mac' } },
  (station) => {
    const { rx } = station.openPools({ vtCtl: REPL_EN | DIS_DEF_POOL | IGNORE_MAC });
    station.vlan(1, 50, 0x0a);
    assert.deepEqual(receivers(station, rx, ethernet(STRANGER, { tags: [50] })), [1, 3]);
  },
);

conformance('a tagged broadcast goes to the pools of its VLAN', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.vlan(1, 100, 0x06);
  station.vlan(2, 200, 0x18);
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST, { tags: [100] })), [1, 2]);
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST, { tags: [200] })), [3, 4]);
});

conformance('several entries of one VLAN add up', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.vlan(1, 100, 0x01);
  station.vlan(31, 100, 0x80);
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST, { tags: [100] })), [0, 7]);
});

conformance(
  'a tagged unicast whose pool is not in the VLAN is not stored',
  { area: AREA, evidence: '04 §4.5' },
  (station) => {
    const { rx } = station.openPools();
    station.vlan(1, 100, 0x02);
    assert.deepEqual(receivers(station, rx, ethernet(poolAddress(1), { tags: [100] })), [1]);
    assert.deepEqual(receivers(station, rx, ethernet(poolAddress(2), { tags: [100] })), []);
  },
);

conformance('VLVF without its enable bit is none', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.vlan(1, 100, 0x02);
  station.set('VLVF', 100 | (2 << 12), 1);
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST, { tags: [100] })), []);
});

conformance('AUPE = 0: no untagged frames', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.change('VMOLR', AUPE, 0, 2);
  assert.deepEqual(receivers(station, rx, ethernet(poolAddress(2))), []);
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST)), [0, 1, 3, 4, 5, 6, 7]);
});

conformance('VFE = 0: VLANs and AUPE do not count', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.change('RCTL', 1 << 18, 0);
  station.change('VMOLR', AUPE, 0, 2);
  assert.deepEqual(receivers(station, rx, ethernet(poolAddress(2))), [2]);
  assert.deepEqual(receivers(station, rx, ethernet(poolAddress(2), { tags: [9] })), [2]);
});

conformance('VMOLR.RLPML is the pool’s own limit', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.change('VMOLR', 0x3fff, 1004, 2);
  const lengths = [1000, 1001].map((length) => receivers(station, rx, ethernet(poolAddress(2), { length })));
  assert.deepEqual(lengths, [[2], []]);
});

conformance('VMOLR.LPE = 0: 1518 bytes are the limit', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  station.change('VMOLR', LPE, 0, 2);
  const lengths = [1514, 1515].map((length) => receivers(station, rx, ethernet(poolAddress(2), { length })));
  assert.deepEqual(lengths, [[2], []]);
});

conformance('ROC counts what is too long for every pool', { area: AREA, evidence: '04 §4.5' }, (station) => {
  const { rx } = station.openPools();
  for (let pool = 0; pool < 8; pool += 1) station.change('VMOLR', LPE, 0, pool);
  station.get('ROC');
  assert.deepEqual(receivers(station, rx, ethernet(BROADCAST, { length: 1600 })), []);
  assert.equal(station.get('ROC'), 1);
});

for (const [name, address] of [
  ['unicast', poolAddress(2)],
  ['broadcast', BROADCAST],
] as const) {
  conformance(`VMOLR.STRVLAN strips ${name} for its pool`, { area: AREA, evidence: '04 §4.8' }, (station) => {
    const { rx } = station.openPools();
    station.vlan(1, 100, 0x0c);
    station.change('VMOLR', 0, STRVLAN, 2);
    station.change('VMOLR', STRVLAN, 0, 3);
    station.wire.send(ethernet(address, { tags: [0x2064] }));
    const [got] = rx[2]!.take();
    assert.deepEqual([got!.tag, got!.length, got!.status & RX.VP], [0x2064, 56, RX.VP]);
    if (address !== BROADCAST) return;
    assert.equal(rx[3]!.take()[0]!.length, 60);
  });
}

conformance('RPLOLR.STRVLAN strips multicast, VMOLR does not', { area: AREA, evidence: '04 §4.8' }, (station) => {
  const { rx } = station.openPools();
  station.vlan(1, 100, 0x0c);
  hashBit(station, 'MTA', MULTICAST);
  for (const pool of [2, 3]) station.change('VMOLR', 0, ROMPE, pool);
  const lengths = (): (number | undefined)[] => [2, 3].map((pool) => rx[pool]!.take()[0]?.length);
  station.set('RPLOLR', 0xc000_0000);
  station.wire.send(ethernet(MULTICAST, { tags: [100] }));
  assert.deepEqual(lengths(), [56, 56]);
  station.set('RPLOLR', 0x8000_0000);
  for (const pool of [2, 3]) station.change('VMOLR', 0, STRVLAN, pool);
  station.wire.send(ethernet(MULTICAST, { tags: [100] }));
  assert.deepEqual(lengths(), [60, 60]);
});

conformance('CTRL.VME does not strip for pools', { area: AREA, evidence: '04 §4.8' }, (station) => {
  const { rx } = station.openPools();
  station.vlan(1, 100, 4);
  station.change('CTRL', 0, 1 << 30);
  station.wire.send(ethernet(poolAddress(2), { tags: [100] }));
  assert.equal(rx[2]!.take()[0]!.length, 60);
});

conformance(
  'mode 5: bit 3 of RETA’s entry chooses the pool’s second queue',
  { area: AREA, evidence: '04 §4.6, linux', expect: { qemu: 'q-rss-pools' } },
  (station) => {
    const { rx } = station.openPools();
    const second = station.rx(10);
    station.set('MRQC', 5 | (1 << 16) | (1 << 17));
    station.set('RXCSUM', 0x2300);
    for (let word = 0; word < 10; word += 1) station.set('RSSRK', 0x1234_5678 * (word + 1), word);
    for (let word = 0; word < 32; word += 1) station.set('RETA', 0x0808_0808, word);
    station.change('VMOLR', 0, 1 << 17, 2);
    station.wire.send(packet({ to: poolAddress(2) }));
    assert.deepEqual([rx[2]!.take().length, second.take().length], [0, 1]);
  },
);

conformance('mode 5: a pool without RSSE keeps to its first queue', { area: AREA, evidence: '04 §4.6' }, (station) => {
  const { rx } = station.openPools();
  const second = station.rx(10);
  station.set('MRQC', 5 | (1 << 16) | (1 << 17));
  station.set('RXCSUM', 0x2300);
  for (let word = 0; word < 32; word += 1) station.set('RETA', 0x0808_0808, word);
  station.wire.send(packet({ to: poolAddress(2) }));
  assert.deepEqual([rx[2]!.take().length, second.take().length], [1, 0]);
});

conformance(
  'mode 5: the hash is in the descriptor',
  { area: AREA, evidence: '04 §4.6', expect: { qemu: 'q-rss-pools' } },
  (station) => {
    const { rx } = station.openPools();
    station.set('MRQC', 5 | (1 << 16) | (1 << 17));
    station.set('RXCSUM', 0x2300);
    for (let word = 0; word < 10; word += 1) station.set('RSSRK', 0x1234_5678, word);
    station.change('VMOLR', 0, 1 << 17, 2);
    station.wire.send(packet({ to: poolAddress(2) }));
    const [got] = rx[2]!.take();
    assert.equal(got!.dwords[0]! & 0xf, 1);
    assert.notEqual(got!.dwords[1], 0);
  },
);

conformance(
  'a pool without descriptors does not hold up the others',
  { area: AREA, evidence: '04 §4.7' },
  (station) => {
    const { rx } = station.openPools();
    station.set('QDE', 0xffff);
    for (let n = 0; n < 10; n += 1) station.wire.send(ethernet(poolAddress(2)));
    assert.deepEqual(receivers(station, rx.slice(3), ethernet(poolAddress(3))), [0]);
  },
);

conformance(
  'a pool that drops counts in RQDPC of its queue',
  { area: AREA, evidence: '04 §4.7, linux', expect: { qemu: 'q-drop-counters' } },
  (station) => {
    station.openPools();
    station.set('QDE', 0xffff);
    for (let n = 0; n < 10; n += 1) station.wire.send(ethernet(poolAddress(2)));
    assert.deepEqual([station.get('RQDPC', 2), station.get('RQDPC', 3)], [3, 0]);
  },
);

conformance(
  'an untagged frame from the wire has no LB in its status',
  { area: AREA, evidence: '05 §5.8' },
  (station) => {
    const { rx } = station.openPools();
    station.wire.send(ethernet(poolAddress(2)));
    assert.equal(rx[2]!.take()[0]!.status & RX.LB, 0);
  },
);

/** What the port lets in without pools: addresses, hashes, VLANs, lengths. */
import assert from 'node:assert/strict';
import { BROADCAST, bytesOf, ethernet, MULTICAST, STATION, STRANGER } from '../frames.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const AREA = 'receive filters';
const UPE = 1 << 3;
const MPE = 1 << 4;
const BAM = 1 << 15;
const LPE = 1 << 5;
const VFE = 1 << 18;
const SBP = 1 << 2;

/** Frames for each of the addresses, and whether each was stored. */
function accepted(station: Station, frames: readonly Uint8Array[], rx = station.open().rx): boolean[] {
  return frames.map((frame) => {
    station.wire.send(frame);
    return rx.frames().length === 1;
  });
}

/** Bit of the multicast or unicast table for an address, with the last two bytes shifted right. */
function hashOf(address: string, shift = 4): number {
  const bytes = bytesOf(address);
  return (((bytes[5]! << 8) | bytes[4]!) >>> shift) & 0xfff;
}

conformance('the station address is accepted, a stranger’s is not', { area: AREA, evidence: '04 §4.4' }, (station) => {
  assert.deepEqual(accepted(station, [ethernet(STATION), ethernet(STRANGER)]), [true, false]);
});

conformance('RAH.AV = 0: the address does not count', { area: AREA, evidence: '04 §4.4' }, (station) => {
  station.change('RAH', 0x8000_0000, 0);
  assert.deepEqual(accepted(station, [ethernet(STATION)]), [false]);
});

for (const entry of [1, 15]) {
  conformance(`exact address in entry ${entry}`, { area: AREA, evidence: '04 §4.4' }, (station) => {
    station.address(entry, STRANGER);
    assert.deepEqual(accepted(station, [ethernet(STRANGER), ethernet('02:99:00:00:00:02')]), [true, false]);
  });
}

for (const entry of [16, 23]) {
  conformance(`exact address in entry ${entry}, of the second group`, { area: AREA, evidence: '02' }, (station) => {
    const [a, b, c, d, e, f] = bytesOf(STRANGER) as [number, number, number, number, number, number];
    station.pf.write32(0x54e0 + 8 * (entry - 16), a | (b << 8) | (c << 16) | (d << 24));
    station.pf.write32(0x54e4 + 8 * (entry - 16), (e | (f << 8) | 0x8000_0000) >>> 0);
    assert.deepEqual(accepted(station, [ethernet(STRANGER)]), [true]);
  });
}

conformance('RCTL.UPE accepts every unicast, no multicast', { area: AREA, evidence: '04 §4.4' }, (station) => {
  const { rx } = station.open({ rctl: UPE });
  assert.deepEqual(accepted(station, [ethernet(STRANGER), ethernet(MULTICAST)], rx), [true, false]);
});

conformance(
  'RCTL.MPE accepts every multicast, no stranger’s unicast',
  { area: AREA, evidence: '04 §4.4' },
  (station) => {
    const { rx } = station.open({ rctl: MPE });
    assert.deepEqual(accepted(station, [ethernet(MULTICAST), ethernet(STRANGER)], rx), [true, false]);
  },
);

conformance('RCTL.BAM accepts broadcast; without it nothing does', { area: AREA, evidence: '04 §4.4' }, (station) => {
  const { rx } = station.open();
  assert.deepEqual(accepted(station, [ethernet(BROADCAST)], rx), [true]);
  station.change('RCTL', BAM, 0);
  assert.deepEqual(accepted(station, [ethernet(BROADCAST)], rx), [false]);
});

conformance('broadcast as an exact address needs no BAM', { area: AREA, evidence: '04 §4.4' }, (station) => {
  const { rx } = station.open();
  station.change('RCTL', BAM, 0);
  station.address(3, BROADCAST);
  assert.deepEqual(accepted(station, [ethernet(BROADCAST)], rx), [true]);
});

for (const [offset, shift] of [
  [0, 4],
  [1, 3],
  [2, 2],
  [3, 0],
] as const) {
  conformance(`multicast hash with RCTL.MO ${offset}`, { area: AREA, evidence: '04 §4.4, linux' }, (station) => {
    const address = '01:00:5e:12:ad:e7';
    const hash = hashOf(address, shift);
    station.set('MTA', 1 << (hash & 31), hash >>> 5);
    const { rx } = station.open({ rctl: offset << 12 });
    assert.deepEqual(accepted(station, [ethernet(address), ethernet(MULTICAST)], rx), [true, false]);
  });
}

conformance('a multicast address as exact one', { area: AREA, evidence: '04 §4.4' }, (station) => {
  station.address(2, MULTICAST);
  assert.deepEqual(accepted(station, [ethernet(MULTICAST), ethernet('01:00:5e:00:00:06')]), [true, false]);
});

conformance(
  'the multicast table does not hold unicast',
  { area: AREA, evidence: '11.2', expect: { qemu: 'q-unicast-mta' } },
  (station) => {
    const hash = hashOf(STRANGER);
    station.set('MTA', 1 << (hash & 31), hash >>> 5);
    assert.deepEqual(accepted(station, [ethernet(STRANGER)]), [false]);
  },
);

conformance(
  'a unicast hash in UTA accepts',
  { area: AREA, evidence: '04 §4.4', expect: { qemu: 'q-unicast-mta' } },
  (station) => {
    const hash = hashOf(STRANGER);
    station.set('UTA', 1 << (hash & 31), hash >>> 5);
    assert.deepEqual(accepted(station, [ethernet(STRANGER), ethernet('02:99:00:00:ff:01')]), [true, false]);
  },
);

conformance('VFE: a tagged frame needs its VID in VFTA', { area: AREA, evidence: '04 §4.3' }, (station) => {
  station.set('VFTA', 1 << (100 & 31), 100 >>> 5);
  const { rx } = station.open({ rctl: VFE });
  const frames = [100, 101, 0x6064, 100 + 0x1000].map((tag) => ethernet(STATION, { tags: [tag] }));
  assert.deepEqual(accepted(station, [...frames, ethernet(STATION)], rx), [true, false, true, true, true]);
});

conformance('VFE: VID 4095 and VID 0 are bits like any other', { area: AREA, evidence: '04 §4.3' }, (station) => {
  station.set('VFTA', 0x8000_0000, 127);
  const { rx } = station.open({ rctl: VFE });
  const tagged = (vid: number): Uint8Array => ethernet(STATION, { tags: [vid] });
  assert.deepEqual(accepted(station, [tagged(4095), tagged(0)], rx), [true, false]);
});

conformance('VFE = 0: every VID passes', { area: AREA, evidence: '04 §4.3' }, (station) => {
  assert.deepEqual(accepted(station, [ethernet(STATION, { tags: [7] })]), [true]);
});

conformance('only the EtherType of VET makes a tag', { area: AREA, evidence: '04 §4.3' }, (station) => {
  station.set('VET', 0x9100);
  const { rx } = station.open({ rctl: VFE });
  assert.deepEqual(accepted(station, [ethernet(STATION, { tags: [5] }), ethernet(STATION, { type: 0x9100 })], rx), [
    true,
    false,
  ]);
});

conformance(
  'RCTL.CFIEN: the tag’s CFI must be RCTL.CFI',
  { area: AREA, evidence: '04 §4.3 ds-mem', expect: { qemu: 'q-cfi' } },
  (station) => {
    const { rx } = station.open({ rctl: 1 << 19 });
    const frames = [5, 0x1005].map((tag) => ethernet(STATION, { tags: [tag] }));
    // CFIEN is looked at with the VLAN filter only.
    station.set('VFTA', 1 << 5);
    station.change('RCTL', 0, VFE);
    assert.deepEqual(accepted(station, frames, rx), [true, false]);
  },
);

conformance(
  'without LPE 1518 bytes are the limit, 4 more for a tag',
  { area: AREA, evidence: '04 §4.2' },
  (station) => {
    const { rx } = station.open();
    station.change('RCTL', LPE, 0);
    const frames = [
      ethernet(STATION, { length: 1514 }),
      ethernet(STATION, { length: 1515 }),
      ethernet(STATION, { length: 1518, tags: [5] }),
      ethernet(STATION, { length: 1519, tags: [5] }),
    ];
    assert.deepEqual(accepted(station, frames, rx), [true, false, true, false]);
  },
);

conformance('with LPE RLPML is the limit, FCS included', { area: AREA, evidence: '04 §4.2' }, (station) => {
  const { rx } = station.open({ rx: { bufferBytes: 4096 } });
  station.set('RLPML', 2004);
  const frames = [ethernet(STATION, { length: 2000 }), ethernet(STATION, { length: 2001 })];
  assert.deepEqual(accepted(station, frames, rx), [true, false]);
});

conformance('a frame of 9 KB', { area: AREA, evidence: '00' }, (station) => {
  const { rx } = station.open();
  station.set('RLPML', 9728);
  const frame = ethernet(STATION, { length: 9018 });
  station.wire.send(frame);
  assert.deepEqual(rx.frames(), [frame]);
});

conformance('RCTL.SBP lifts the limit of RLPML', { area: AREA, evidence: '04 §4.2' }, (station) => {
  const { rx } = station.open({ rctl: SBP, rx: { bufferBytes: 4096 } });
  station.set('RLPML', 1000);
  assert.deepEqual(accepted(station, [ethernet(STATION, { length: 1200 })], rx), [true]);
});

conformance('CTRL.VME strips the tag and says so', { area: AREA, evidence: '04 §4.8' }, (station) => {
  const { rx } = station.open();
  station.change('CTRL', 0, 1 << 30);
  const frame = ethernet(STATION, { tags: [0xa005] });
  station.wire.send(frame);
  const [got] = rx.take();
  assert.deepEqual(got!.bytes, Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(16)]));
  assert.equal(got!.tag, 0xa005);
  assert.equal(got!.status & 8, 8);
});

conformance('without CTRL.VME the tag stays in the data', { area: AREA, evidence: '04 §4.8' }, (station) => {
  const { rx } = station.open();
  const frame = ethernet(STATION, { tags: [0xa005] });
  station.wire.send(frame);
  assert.deepEqual(rx.frames(), [frame]);
});

conformance('extended VLAN: of two tags the inner one is stripped', { area: AREA, evidence: '04 §4.8' }, (station) => {
  const { rx } = station.open();
  station.change('CTRL_EXT', 0, 1 << 26);
  station.change('CTRL', 0, 1 << 30);
  station.set('VET', 0x88a8_8100);
  const frame = ethernet(STATION, { tags: [0x64, 0x2005] });
  frame.set([0x88, 0xa8], 12);
  station.wire.send(frame);
  const [got] = rx.take();
  assert.equal(got!.tag, 0x2005);
  assert.deepEqual(got!.bytes, Uint8Array.from([...frame.subarray(0, 16), ...frame.subarray(20)]));
});

conformance('extended VLAN: VFTA looks at the inner VID', { area: AREA, evidence: '04 §4.3' }, (station) => {
  station.set('VFTA', 1 << 5);
  station.set('VET', 0x88a8_8100);
  const { rx } = station.open({ rctl: VFE });
  station.change('CTRL_EXT', 0, 1 << 26);
  const doubled = (outer: number, inner: number): Uint8Array => {
    const frame = ethernet(STATION, { tags: [outer, inner] });
    frame.set([0x88, 0xa8], 12);
    return frame;
  };
  assert.deepEqual(accepted(station, [doubled(9, 5), doubled(5, 9)], rx), [true, false]);
});

for (const [name, dpf, wanted] of [
  ['RCTL.DPF = 0 and PMCF = 1 give pause frames to the host', 0, true],
  ['RCTL.DPF = 1 drops pause frames', 1 << 22, false],
] as const) {
  const expect = dpf === 0 ? {} : { expect: { qemu: 'q-pause' } };
  conformance(name, { area: AREA, evidence: '04 §4.2', ...expect }, (station) => {
    station.set('FCAL', 0x00c2_8001);
    station.set('FCAH', 0x0100);
    station.set('FCT', 0x8808);
    station.address(4, '01:80:c2:00:00:01');
    const { rx } = station.open({ rctl: dpf | (1 << 23) });
    const pause = ethernet('01:80:c2:00:00:01', { type: 0x8808, payload: [0, 1, 0, 0] });
    assert.deepEqual(accepted(station, [pause], rx), [wanted]);
  });
}

conformance(
  'a frame that is too short is filled up to 60 bytes or dropped, and counted',
  { area: AREA, evidence: '04 §4.2' },
  (station) => {
    const { rx } = station.open();
    station.get('RUC');
    station.wire.send(ethernet(STATION, { length: 40 }));
    assert.ok(rx.frames().every(({ length }) => length === 60));
  },
);

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IgbPort } from '../port.ts';
import { pf, pfPlan, pfWindowBytes, vf, vfMap, vfSpecs, vfWindowBytes } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';
import { randomFrom } from '../../../packet/testing-random.ts';

const { VFLRE, VFRE, VFTE } = pf;

function setUp(live: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7]) {
  const { port, context } = makeTestPort();
  port.write(pf.GPIE.at, 0xc000_0011);
  for (const index of live) port.setVfLive(index, true);
  return { port, context };
}

/** Every dword of the port as a monitor sees it, but for the clock. */
function snapshot(port: IgbPort): Uint32Array {
  const all = new Uint32Array(pfWindowBytes / 4);
  for (let dword = 0; dword < all.length; dword += 1) all[dword] = port.peek(dword * 4);
  all[pf.FRTIMER.index] = 0;
  return all;
}

function nameAt(dword: number): string {
  return `${pfPlan.names[pfPlan.register[dword]! - 1]} at ${(dword * 4).toString(16)}`;
}

/** Names of registers of the port that a VF may change, by its number; elements of arrays as the reference assigns them. */
function isOwn(dword: number, v: number): boolean {
  const at = dword * 4;
  const element = pfPlan.element[dword]!;
  const name = pfPlan.names[pfPlan.register[dword]! - 1];
  if (at >= 0xc000 && at < 0xc400) return (((at - 0xc000) >> 6) & 7) === v;
  if (at >= 0xe000 && at < 0xe400) return (((at - 0xe000) >> 6) & 7) === v;
  if (at >= 0x2800 && at < 0x3c00) return (element & 7) === v;
  if (at >= 0x10000 && at < 0x10800) return (at - 0x10000) >> 8 === v;
  if (name === 'VMBMEM') return element >> 4 === v;
  if (name === 'IVAR' || name === 'PSRTYPE' || name === 'V2PMAILBOX' || name === 'P2VMAILBOX') return element === v;
  if (name === 'EITR') return element >= 22 - 3 * v && element <= 24 - 3 * v;
  return false;
}

/** Bits of shared registers that events of a VF change. */
function ownBits(dword: number, v: number): number {
  const name = pfPlan.names[pfPlan.register[dword]! - 1] ?? '';
  if (['EICR', 'EICS', 'EIMS', 'EIMC', 'EIAC', 'EIAM'].includes(name)) return 7 << (22 - 3 * v);
  if (name === 'VFLRE' || name === 'VFRE' || name === 'VFTE') return 1 << v;
  // The port counts interrupts of all its functions.
  if (name === 'IAC') return 0xffff_ffff;
  if (name === 'MBVFICR') return (1 << v) | (1 << (16 + v));
  if (name === 'ICR' || name === 'ICS') return pf.ICR.VMMB.mask;
  return 0;
}

test('random writes and reads of all of a VF’s BAR change nothing that is not its own', () => {
  for (const v of [0, 3, 7]) {
    const { port } = setUp();
    const random = randomFrom(0x82576 + v);
    // Everything has some content.
    for (let dword = 0; dword < pfWindowBytes / 4; dword += 1) {
      const at = dword * 4;
      if (at === pf.CTRL.at || at === 0x4 || at === pf.CTRL_EXT.at || at === pf.GPIE.at) continue;
      if (at >= 0x10000 && at < 0x10800 && (at & 0xff) <= 4) continue;
      port.write(at, random());
    }
    const window = port.vfWindows[v]!;
    const before = snapshot(port);
    const offset = () => (random() % 3 === 0 ? random() & 0x3ffc : (vfOffsets[random() % vfOffsets.length] as number));
    for (let n = 0; n < 20_000; n += 1) {
      if (random() & 1) window.write(offset(), random() & (random() % 4 === 0 ? 0xffff_ffff : 0x0400_00ff));
      else window.read(offset());
    }
    const after = snapshot(port);
    const wrong: string[] = [];
    for (let dword = 0; dword < before.length; dword += 1) {
      if (isOwn(dword, v)) continue;
      if (((before[dword]! ^ after[dword]!) & ~ownBits(dword, v)) !== 0) wrong.push(nameAt(dword));
    }
    assert.deepEqual(wrong, [], `VF ${v}`);
  }
});

const vfOffsets = (Object.keys(vfSpecs) as (keyof typeof vfSpecs)[]).flatMap((name) =>
  Array.from({ length: vf[name].count }, (_, element) => vf[name].at + element * vf[name].step * 4),
);

test('what the table does not name reads 0 and takes no write; the port’s own registers are read-only', () => {
  const { port, context } = setUp();
  const named = new Set([...vfOffsets, 4]);
  const window = port.vfWindows[2]!;
  for (let at = 0; at < vfWindowBytes; at += 4) {
    if (named.has(at)) continue;
    window.write(at, 0xffff_ffff);
    assert.equal(window.read(at), 0, at.toString(16));
  }
  assert.equal(context.trace.of('igb_vf_write_nothing').length, vfWindowBytes / 4 - named.size);
  for (const name of ['FRTIMER', 'PBRWAC', 'PBTWAC'] as const) {
    const before = port.peek(vfMap[name]!.pf);
    window.write(vf[name].at, 0xffff_ffff);
    assert.equal(port.peek(vfMap[name]!.pf), before, name);
  }
});

test('both queues of a VF are v and v + 8, at 2800 and 2900, 3800 and 3900 (01 §1.4)', () => {
  const { port } = setUp();
  const window = port.vfWindows[5]!;
  window.write(0x2804, 0x11);
  window.write(0x2904, 0x22);
  window.write(0x383c, 0x33);
  window.write(0x3928, 0x0801);
  assert.equal(port.read(pf.RDBAH.at + 5 * 0x40), 0x11);
  assert.equal(port.read(pf.RDBAH.at + 13 * 0x40), 0x22);
  assert.equal(port.read(pf.TDWBAH.at + 5 * 0x40), 0x33);
  assert.equal(port.read(pf.TXDCTL.at + 13 * 0x40) & 0xffff, 0x0801);
});

test('STATUS is the port’s without the number of VFs; VFLINK holds its link', () => {
  const { port, context } = setUp();
  port.onSriovChanged(7, true);
  port.write(pf.CTRL.at, pf.CTRL.SLU.mask);
  const { LU, NUM_VFS, IOV_MODE, SPEED, FD } = pf.STATUS;
  const status = port.read(pf.STATUS.at);
  assert.equal(status & NUM_VFS.mask, 7 << NUM_VFS.shift);
  assert.notEqual(status & IOV_MODE.mask, 0);
  const window = port.vfWindows[0]!;
  assert.equal(window.read(8), (status & ~NUM_VFS.mask) >>> 0);
  assert.equal(window.read(8) & (LU.mask | SPEED.mask | FD.mask), LU.mask | (2 << SPEED.shift) | FD.mask);
  window.write(8, 0);
  context.wire.setCarrier(false);
  assert.equal(window.read(8) & LU.mask, 0);
  port.write(pf.VFLINK.at, 1);
  assert.equal(window.read(8) & LU.mask, LU.mask);
  assert.equal(port.vfWindows[1]!.read(8) & LU.mask, 0);
});

test('counters of a VF are its own, and reading does not clear them (igbvf takes differences)', () => {
  const { port } = setUp();
  const { values } = port.context.registers;
  for (let v = 0; v < 8; v += 1) {
    for (const [n, at] of [0x10, 0x14, 0x18, 0x34, 0x3c, 0x40, 0x44, 0x48, 0x50].entries()) {
      values[(0x10000 + 0x100 * v + at) >>> 2] = 100 * v + n;
    }
  }
  const offsets = [0xf10, 0xf14, 0xf18, 0xf34, 0xf3c, 0xf40, 0xf44, 0xf48, 0xf50];
  for (let time = 0; time < 2; time += 1) {
    const seen = offsets.map((at) => port.vfWindows[6]!.read(at));
    assert.deepEqual(seen, [600, 601, 602, 603, 604, 605, 606, 607, 608]);
  }
});

test('reset by VTCTRL (both addresses) and by PVTCTRL of the PF: queues, vectors, gates, VFLRE, VMMB, not RSTI (§1.5)', () => {
  const triggers: ((port: IgbPort) => void)[] = [
    (port) => port.vfWindows[4]!.write(0, vf.VTCTRL.RST.mask),
    (port) => port.vfWindows[4]!.write(4, vf.VTCTRL.RST.mask),
    (port) => port.write(pf.PVTCTRL.at + 0x400, pf.PVTCTRL.RST.mask),
    (port) => port.resetVf(4, 'function'),
  ];
  for (const trigger of triggers) {
    const { port } = setUp();
    const window = port.vfWindows[4]!;
    port.write(pf.CTRL_EXT.at, pf.CTRL_EXT.PFRSTD.mask);
    window.read(0xc40);
    const fresh = [0x2800, 0x2804, 0x2808, 0x280c, 0x2810, 0x2814, 0x2818, 0x2900, 0x3800, 0x3808, 0x3814, 0x3838];
    const values = fresh.map((at) => window.read(at));
    for (const at of fresh) window.write(at, 0x0200_4580);
    for (const at of [0x2828, 0x2928, 0x3828, 0x3928]) window.write(at, 0x0201_0808);
    window.write(0xf0c, 0x30);
    window.write(0x1700, 0x8081);
    window.write(0x1524, 7);
    window.write(0x1684, 400);
    window.write(0xf0c, 0x10);
    trigger(port);
    assert.deepEqual(
      fresh.map((at) => window.read(at)),
      values,
    );
    for (const at of [0x2828, 0x2928, 0x3828, 0x3928]) assert.equal(window.read(at) & 0x0200_0000, 0);
    assert.deepEqual(
      [0xf0c, 0x1700, 0x1524, 0x1684, 0xc40, 0].map((at) => window.read(at)),
      [pf.PSRTYPE.reset, 0, 0, 0, 0, 0],
    );
    assert.deepEqual([port.read(VFRE.at), port.read(VFTE.at), port.read(VFLRE.at)], [0xef, 0xef, 0x10]);
    assert.equal(port.peek(pf.ICR.at) & pf.ICR.VMMB.mask, pf.ICR.VMMB.mask);
    port.write(VFLRE.at, 0x10);
    assert.equal(port.read(VFLRE.at), 0);
  }
});

test('a VF that is not live has its mailbox and nothing else: its queues and vectors are the PF’s', () => {
  const { port, context } = setUp([1]);
  const window = port.vfWindows[0]!;
  port.write(pf.RDLEN.at, 0x1000);
  window.write(0x2808, 0x800);
  window.write(0x1524, 7);
  window.write(0x1700, 0x8080);
  assert.deepEqual([window.read(0x2808), window.read(0x1524)], [0, 0]);
  assert.deepEqual([port.read(pf.RDLEN.at), port.read(pf.EIMS.at), port.read(pf.IVAR.at)], [0x1000, 0, 0]);
  window.write(0x800, 1);
  window.write(0xc40, 1);
  assert.equal(port.read(pf.MBVFICR.at), 1);
  window.write(0, vf.VTCTRL.RST.mask);
  assert.equal(port.read(VFLRE.at), 1);
  assert.deepEqual([port.read(pf.RDLEN.at), port.read(VFRE.at)], [0x1000, 0xff]);
  assert.deepEqual([...context.queueFunction], [0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
});

test('a VF gets its queues idle, whoever used them before', () => {
  const { port } = setUp([]);
  port.write(pf.RDLEN.at + 0x80, 0x1000);
  port.write(pf.RXDCTL.at + 0x80, 0x0200_0000);
  port.write(pf.RXDCTL.at + 0xc0, 0x0200_0000);
  port.setVfLive(2, true);
  assert.deepEqual([port.read(pf.RDLEN.at + 0x80), port.read(pf.RXDCTL.at + 0x80) >>> 25], [0, 0]);
  assert.equal(port.read(pf.RXDCTL.at + 0xc0) >>> 25, 1, 'queue 3 is not touched');
  assert.equal(port.read(VFLRE.at), 0);
});

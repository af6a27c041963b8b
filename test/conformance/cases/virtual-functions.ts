/** VFs: their windows, mailboxes, interrupts, queues and resets. */
import assert from 'node:assert/strict';
import { PfMailboxes, VfMailbox } from '../../../src/driver/index.ts';
import { BROADCAST, ethernet, poolAddress, STRANGER } from '../frames.ts';
import { RxQueue, TxQueue } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const WINDOW = 'VF window';
const MAILBOX = 'mailbox';
const VF_INTERRUPTS = 'VF interrupts';
const VF_RESET = 'VF reset';
const RST = 1 << 26;
const VMMB = 0x100;
const V2P = 0xc40;
const REQ = 1;
const ACK = 2;
const VFU = 4;
const PFU = 8;
const PFSTS = 0x10;
const PFACK = 0x20;
const RSTI = 0x40;
const RSTD = 0x80;

/** VFs enabled, and released from the reset of their PF; no event is left. */
function enable(station: Station, count = 8): void {
  station.machine.enableVfs(count);
  station.change('CTRL_EXT', 0, 1 << 14);
  for (let index = 0; index < count; index += 1) station.machine.vf(index).read32(V2P);
  station.set('VFLRE', 0xff);
}

conformance('STATUS tells of the VFs', { area: WINDOW, evidence: '01 §1.6' }, (station) => {
  station.machine.enableVfs(5);
  assert.equal((station.get('STATUS') >>> 14) & 0x1f, 0x15);
});

conformance('STATUS of a VF tells of the link', { area: WINDOW, evidence: '01 §1.4, igbvf' }, (station) => {
  station.start();
  enable(station);
  assert.equal(station.machine.vf(3).read32(8) & 0xc3, 0x83);
});

conformance('a VF cannot write STATUS', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  enable(station);
  const vf = station.machine.vf(0);
  const before = vf.read32(8);
  vf.write32(8, ~before);
  assert.equal(vf.read32(8), before);
});

for (const [name, at, pf, stride, value] of [
  ['RDBAL', 0x2800, 0xc000, 0x40, 0x1234_5680],
  ['RDLEN', 0x2808, 0xc008, 0x40, 0x1000],
  ['SRRCTL', 0x280c, 0xc00c, 0x40, 0x0200_0002],
  ['RXDCTL', 0x2828, 0xc028, 0x40, 0x0001_0808],
  ['TDBAL', 0x3800, 0xe000, 0x40, 0x1234_5680],
  ['TDLEN', 0x3808, 0xe008, 0x40, 0x1000],
  ['TXDCTL', 0x3828, 0xe028, 0x40, 0x0001_0108],
  ['TDWBAH', 0x383c, 0xe03c, 0x40, 0x55],
  ['VMBMEM', 0x0800, 0x0800, 0x40, 0xcafe_babe],
] as const) {
  conformance(
    `${name} of a VF is the PF's of its queue or mailbox`,
    { area: WINDOW, evidence: '01 §1.4' },
    (station) => {
      enable(station);
      for (const index of [0, 5]) {
        station.machine.vf(index).write32(at, value);
        assert.equal(station.pf.read32(pf + stride * index), value, `VF ${index}`);
      }
    },
  );
}

conformance('the second queue of VF v is v + 8', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  enable(station);
  station.machine.vf(3).write32(0x2900, 0x7_0000);
  station.machine.vf(3).write32(0x3900, 0x8_0000);
  assert.deepEqual([station.get('RDBAL', 11), station.get('TDBAL', 11)], [0x7_0000, 0x8_0000]);
});

conformance('EITR of VF v begins at 22 - 3v', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  enable(station);
  for (const index of [0, 7]) {
    station.machine.vf(index).write32(0x1684, 400);
    assert.equal(station.get('EITR', 23 - 3 * index), 400);
  }
});

conformance(
  'what is not the VF’s reads 0 and takes no write',
  { area: WINDOW, evidence: '01 §1.4, 07 §7.10' },
  (station) => {
    enable(station);
    const vf = station.machine.vf(0);
    for (const at of [0x0010, 0x0100, 0x0c00, 0x2a00, 0x3f00]) {
      vf.write32(at, 0xffff_ffff);
      assert.equal(vf.read32(at), 0, at.toString(16));
    }
    assert.equal(station.get('RCTL'), 0);
  },
);

conformance(
  'a VF’s registers answer by SR-IOV’s memory enable, its own command has no such bit',
  { area: WINDOW, evidence: 'PCI', expect: { qemu: 'q-vf-command' } },
  (station) => {
    enable(station);
    const vf = station.machine.vf(1);
    vf.configWrite(4, 2, 4);
    assert.equal(vf.configRead(4, 2), 4);
    vf.write32(0x800, 0x1234);
    assert.equal(vf.read32(0x800), 0x1234);
  },
);

conformance('a VF’s mailbox is its own', { area: WINDOW, evidence: '07 §7.10' }, (station) => {
  enable(station);
  station.machine.vf(1).write32(0x0800, 0x1111);
  assert.equal(station.machine.vf(2).read32(0x0800), 0);
});

conformance(
  'FRTIMER counts milliseconds',
  { area: WINDOW, evidence: '02, linux ethtool -d', expect: { qemu: 'q-frtimer' } },
  (station) => {
    const before = station.get('FRTIMER');
    station.wait(10e6);
    const passed = station.get('FRTIMER') - before;
    assert.ok(passed >= 9 && passed < 500, `${passed}`);
  },
);

conformance('a VF sends and receives on its own rings', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  station.openPools({ pools: [] });
  enable(station);
  station.set('VFRE', 0xff);
  station.set('VFTE', 0xff);
  const tx = new TxQueue(station.vfPlace(2));
  const rx = new RxQueue(station.vfPlace(2));
  const frame = ethernet(STRANGER, { from: poolAddress(2) });
  assert.ok(tx.isDone(tx.send(frame)));
  assert.deepEqual(station.wire.take(), [frame]);
  const back = ethernet(poolAddress(2));
  station.wire.send(back);
  assert.deepEqual(rx.frames(), [back]);
});

conformance(
  'PFRSTD clears RSTI and sets RSTD, which a read clears',
  { area: MAILBOX, evidence: '07 §7.4, igbvf' },
  (station) => {
    station.machine.enableVfs(8);
    const vf = station.machine.vf(4);
    assert.equal(vf.read32(V2P) & (RSTI | RSTD), RSTI);
    station.change('CTRL_EXT', 0, 1 << 14);
    assert.equal(vf.read32(V2P) & (RSTI | RSTD), RSTD);
    assert.equal(vf.read32(V2P) & (RSTI | RSTD), 0);
  },
);

conformance('RSTI is not cleared by a read', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  station.machine.enableVfs(8);
  const vf = station.machine.vf(0);
  vf.read32(V2P);
  assert.equal(vf.read32(V2P) & RSTI, RSTI);
});

conformance('CTRL.RST puts every VF in reset', { area: MAILBOX, evidence: '07 §7.3' }, (station) => {
  enable(station);
  station.set('CTRL', RST);
  for (const index of [0, 7]) assert.equal(station.machine.vf(index).read32(V2P) & RSTI, RSTI);
});

conformance('a request reaches the PF, and its memory', { area: MAILBOX, evidence: '07 §7.5' }, (station) => {
  enable(station);
  station.get('ICR');
  assert.ok(new VfMailbox(station.machine.vf(2)).write([1, 2, 3]));
  assert.equal(station.get('MBVFICR'), 1 << 2);
  assert.equal(station.get('ICR') & VMMB, VMMB);
  const message = new Uint32Array(16);
  const mailboxes = new PfMailboxes(station.pf);
  assert.ok(mailboxes.takeRequest(2));
  assert.ok(mailboxes.read(2, message));
  assert.deepEqual([...message.subarray(0, 3)], [1, 2, 3]);
});

conformance('the PF’s acknowledgement is PFACK, once', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  enable(station);
  station.set('P2VMAILBOX', ACK, 2);
  const vf = station.machine.vf(2);
  assert.deepEqual([vf.read32(V2P) & PFACK, vf.read32(V2P) & PFACK], [PFACK, 0]);
});

conformance('the PF’s message is PFSTS, once', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  enable(station);
  station.set('P2VMAILBOX', 1, 2);
  const vf = station.machine.vf(2);
  assert.deepEqual([vf.read32(V2P) & PFSTS, vf.read32(V2P) & PFSTS], [PFSTS, 0]);
});

conformance('the VF’s acknowledgement is MBVFICR bit 16 + v', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  enable(station);
  station.machine.vf(6).write32(V2P, ACK);
  assert.equal(station.get('MBVFICR'), 1 << 22);
});

conformance('writing ones to MBVFICR clears those only', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  enable(station);
  station.machine.vf(1).write32(V2P, REQ);
  station.machine.vf(2).write32(V2P, REQ);
  station.set('MBVFICR', 2);
  assert.equal(station.get('MBVFICR'), 4);
});

conformance('a VF takes the buffer, the PF then cannot', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  enable(station);
  const vf = station.machine.vf(0);
  vf.write32(V2P, VFU);
  assert.equal(vf.read32(V2P) & VFU, VFU);
  station.set('P2VMAILBOX', PFU);
  assert.equal(station.get('P2VMAILBOX') & (PFU | VFU), VFU);
  vf.write32(V2P, 0);
  station.set('P2VMAILBOX', PFU);
  assert.equal(station.get('P2VMAILBOX') & (PFU | VFU), PFU);
});

conformance('the PF takes the buffer, a VF then cannot', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  enable(station);
  const vf = station.machine.vf(0);
  station.set('P2VMAILBOX', PFU);
  vf.write32(V2P, VFU);
  assert.equal(vf.read32(V2P) & (VFU | PFU), PFU);
});

conformance('REQ releases the buffer', { area: MAILBOX, evidence: '07 §7.6' }, (station) => {
  enable(station);
  const vf = station.machine.vf(0);
  vf.write32(V2P, VFU);
  vf.write32(V2P, REQ);
  assert.equal(vf.read32(V2P) & (VFU | REQ), 0);
});

conformance('RVFU takes the buffer from a VF, its events too', { area: MAILBOX, evidence: '07 §7.4' }, (station) => {
  enable(station);
  const vf = station.machine.vf(3);
  vf.write32(V2P, REQ);
  vf.write32(V2P, VFU);
  station.set('P2VMAILBOX', 0x10, 3);
  assert.equal(vf.read32(V2P) & VFU, 0);
  assert.equal(station.get('MBVFICR'), 0);
});

conformance(
  'the message stays readable after it was acknowledged',
  { area: MAILBOX, evidence: '07 §7.7, igbvf' },
  (station) => {
    enable(station);
    new PfMailboxes(station.pf).write(1, Uint32Array.of(0x2000_0100), 1);
    const mailbox = new VfMailbox(station.machine.vf(1));
    assert.deepEqual(mailbox.read(1), [0x2000_0100]);
    assert.deepEqual(mailbox.read(1), [0x2000_0100]);
  },
);

conformance(
  'MBVFIMR keeps a VF’s events from the interrupt',
  { area: MAILBOX, evidence: '02', expect: { qemu: 'q-mbvfimr' } },
  (station) => {
    enable(station);
    station.set('MBVFIMR', 0xfb);
    station.get('ICR');
    station.machine.vf(2).write32(V2P, REQ);
    assert.equal(station.get('ICR') & VMMB, 0);
    station.machine.vf(1).write32(V2P, REQ);
    assert.equal(station.get('ICR') & VMMB, VMMB);
  },
);

for (const [index, vector] of [
  [0, 0],
  [0, 2],
  [7, 1],
] as const) {
  conformance(
    `VTEICS of VF ${index} sends its vector ${vector}`,
    { area: VF_INTERRUPTS, evidence: '06 §6.9' },
    (station) => {
      enable(station);
      station.openMsix();
      const vf = station.machine.vf(index);
      vf.enableMsix();
      vf.write32(0x1524, 1 << vector);
      vf.write32(0x1520, 1 << vector);
      assert.deepEqual(vf.takeVectors(), [vector]);
      assert.deepEqual(station.pf.takeVectors(), []);
    },
  );
}

for (const vector of [0, 1, 2]) {
  conformance(
    `the mailbox interrupt of a VF comes on vector ${vector} when VTIVAR_MISC says so`,
    { area: VF_INTERRUPTS, evidence: '06 §6.4, igbvf', expect: { qemu: 'q-vf-mailbox-vector' } },
    (station) => {
      enable(station);
      station.openMsix();
      const vf = station.machine.vf(1);
      vf.enableMsix();
      vf.write32(0x1740, 0x80 | vector);
      vf.write32(0x1524, 7);
      station.set('P2VMAILBOX', 1, 1);
      assert.deepEqual(vf.takeVectors(), [vector]);
    },
  );
}

conformance(
  'VTIVAR replaces the vector of a queue',
  { area: VF_INTERRUPTS, evidence: '06 §6.4, 11.2', expect: { qemu: 'q-vtivar' } },
  (station) => {
    const { rx } = { rx: openVf(station) };
    const vf = station.machine.vf(2);
    vf.write32(0x1700, 0x81);
    vf.write32(0x1700, 0x82);
    station.wire.send(ethernet(poolAddress(2)));
    assert.equal(rx.take().length, 1);
    assert.deepEqual(vf.takeVectors(), [2]);
  },
);

/** VF 2 with a receive ring and its vectors enabled. */
function openVf(station: Station): RxQueue {
  station.openPools({ pools: [] });
  enable(station);
  station.openMsix();
  station.set('VFRE', 0xff);
  const vf = station.machine.vf(2);
  vf.enableMsix();
  vf.write32(0x1524, 7);
  return new RxQueue(station.vfPlace(2));
}

conformance('VTIVAR gives a VF’s receive queue its vector', { area: VF_INTERRUPTS, evidence: '06 §6.4' }, (station) => {
  openVf(station);
  const vf = station.machine.vf(2);
  vf.write32(0x1700, 0x81);
  station.wire.send(ethernet(poolAddress(2)));
  assert.deepEqual(vf.takeVectors(), [1]);
});

conformance(
  'VTEICR shows the VF’s causes as they are, and a read clears them',
  { area: VF_INTERRUPTS, evidence: '06 §6.9', expect: { qemu: 'q-vf-live' } },
  (station) => {
    enable(station);
    station.openMsix();
    const vf = station.machine.vf(3);
    vf.write32(0x1520, 5);
    assert.deepEqual([vf.read32(0x1580), vf.read32(0x1580)], [5, 0]);
  },
);

conformance(
  'VTEIMS shows the VF’s mask as it is',
  { area: VF_INTERRUPTS, evidence: '06 §6.9', expect: { qemu: 'q-vf-live' } },
  (station) => {
    enable(station);
    station.openMsix();
    const vf = station.machine.vf(3);
    vf.write32(0x1524, 7);
    vf.write32(0x1528, 2);
    assert.equal(vf.read32(0x1524), 5);
  },
);

conformance('VTEIMS of VF v is EIMS from bit 22 - 3v on', { area: VF_INTERRUPTS, evidence: '06 §6.9' }, (station) => {
  enable(station);
  station.openMsix();
  station.machine.vf(1).write32(0x1524, 5);
  assert.equal(station.get('EIMS'), 5 << 19);
});

conformance('VTEIAC clears the cause with the message', { area: VF_INTERRUPTS, evidence: '06 §6.9' }, (station) => {
  enable(station);
  station.openMsix();
  const vf = station.machine.vf(0);
  vf.enableMsix();
  vf.write32(0x152c, 7);
  vf.write32(0x1524, 7);
  vf.write32(0x1520, 1);
  vf.takeVectors();
  assert.equal(station.get('EICR') & (7 << 22), 0);
});

conformance(
  'a VF’s PBACL leaves the PF’s pending vectors alone',
  { area: VF_INTERRUPTS, evidence: '11.2', expect: { qemu: 'q-vf-pbacl' } },
  (station) => {
    enable(station, 2);
    station.openMsix();
    station.pf.maskVector(1, true);
    station.set('EIMS', 2);
    station.set('EICS', 2);
    assert.ok(station.pf.isPending(1));
    station.machine.vf(0).write32(0xf04, 0xffff_ffff);
    assert.ok(station.pf.isPending(1));
  },
);

conformance('a VF’s EITR holds its vectors', { area: VF_INTERRUPTS, evidence: '06 §6.9' }, (station) => {
  enable(station);
  station.openMsix();
  const vf = station.machine.vf(0);
  vf.enableMsix();
  vf.write32(0x152c, 7);
  vf.write32(0x1524, 7);
  vf.write32(0x1680, 8000 << 2);
  vf.write32(0x1520, 1);
  assert.deepEqual(vf.takeVectors(), [0]);
  vf.write32(0x1520, 1);
  assert.deepEqual(vf.takeVectors(), []);
  station.wait(40e6);
  assert.deepEqual(vf.takeVectors(), [0]);
});

for (const [name, reset] of [
  ['VTCTRL.RST', (station: Station) => station.machine.vf(2).write32(0, RST)],
  ['PVTCTRL.RST', (station: Station) => station.set('PVTCTRL', RST, 2)],
] as const) {
  conformance(`${name}: queues off, VFLRE, VMMB`, { area: VF_RESET, evidence: '01 §1.5, 07 §7.3' }, (station) => {
    openVf(station);
    station.machine.vf(2).write32(0x3828, 1 << 25);
    station.get('ICR');
    reset(station);
    assert.equal(station.get('RXDCTL', 2) & (1 << 25), 0);
    assert.equal(station.get('TXDCTL', 2) & (1 << 25), 0);
    assert.equal(station.get('VFLRE'), 4);
    assert.equal(station.get('VFRE') & 4, 0);
    assert.equal(station.get('VFTE') & 4, 0);
    assert.equal(station.get('ICR') & VMMB, VMMB);
  });
}

conformance('VTCTRL.RST reads back 0', { area: VF_RESET, evidence: '01 §1.4' }, (station) => {
  enable(station);
  const vf = station.machine.vf(2);
  vf.write32(0, RST);
  assert.equal(vf.read32(0) & RST, 0);
});

conformance('a VF reset does not touch RSTI', { area: VF_RESET, evidence: '07 §7.3, igbvf' }, (station) => {
  enable(station);
  const vf = station.machine.vf(2);
  vf.write32(0, RST);
  assert.equal(vf.read32(V2P) & (RSTI | RSTD), 0);
});

conformance('a VF reset leaves other VFs alone', { area: VF_RESET, evidence: '01 §1.5' }, (station) => {
  const rx = openVf(station);
  station.machine.vf(3).write32(0, RST);
  station.wire.send(ethernet(poolAddress(2)));
  assert.equal(rx.take().length, 1);
});

conformance('VFLRE is cleared by writing ones', { area: VF_RESET, evidence: '07 §7.4' }, (station) => {
  enable(station);
  for (const index of [1, 4]) station.machine.vf(index).write32(0, RST);
  station.set('VFLRE', 2);
  assert.equal(station.get('VFLRE'), 0x10);
});

conformance(
  'a VF reset clears its throttles, vectors and masks',
  { area: VF_RESET, evidence: '01 §1.5 ds-mem, 11.2', expect: { qemu: 'q-vf-reset' } },
  (station) => {
    enable(station);
    station.openMsix();
    const vf = station.machine.vf(2);
    vf.write32(0x1680, 400);
    vf.write32(0x1700, 0x81);
    vf.write32(0x1524, 7);
    vf.write32(0, RST);
    assert.deepEqual([station.get('EITR', 16), station.get('IVAR', 2), station.get('EIMS')], [0, 0, 0]);
  },
);

conformance(
  'function-level reset of a VF stops its queues',
  { area: VF_RESET, evidence: 'PCI, 01 §1.5' },
  (station) => {
    openVf(station);
    const vf = station.machine.vf(2);
    vf.configWrite(0xa8, 2, 0x8000);
    assert.equal(station.get('RXDCTL', 2) & (1 << 25), 0);
    assert.equal(station.get('VFLRE'), 4);
  },
);

conformance('a VF without bus mastering does no DMA', { area: VF_RESET, evidence: '01 §1.4' }, (station) => {
  station.openPools({ pools: [] });
  enable(station);
  station.set('VFTE', 0xff);
  const tx = new TxQueue(station.vfPlace(2));
  station.machine.vf(2).configWrite(4, 2, 0);
  tx.send(ethernet(BROADCAST, { from: poolAddress(2) }));
  assert.equal(station.wire.take().length, 0);
});

conformance('disabling SR-IOV: the VFs are gone', { area: VF_RESET, evidence: '01 §1.6' }, (station) => {
  enable(station);
  const vf = station.machine.vf(0);
  station.machine.enableVfs(0);
  assert.equal((station.get('STATUS') >>> 14) & 0x1f, 0);
  assert.equal(vf.configRead(0x100, 4), 0xffff_ffff);
});

/** Mailboxes between PF and VFs. */
import assert from 'node:assert/strict';
import { PfMailboxes, VfMailbox } from '../../../src/driver/index.ts';
import { conformance } from '../suite.ts';
import { enable } from '../vfs.ts';

const MAILBOX = 'mailbox';
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkPartner } from './link-partner.ts';
import { PCS_NEGOTIATION_NS } from './pcs.ts';
import type { IgbPort } from '../port.ts';
import { sfpDiagnostics, sfpIdentification } from './sfp-module.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';

const { CTRL, CTRL_EXT, I2CCMD, ICR, PCS_CFG0, PCS_LCTL, PCS_LPAB, PCS_LSTAT, STATUS } = pf;

function setUp(partner: Partial<LinkPartner> = {}) {
  const linkPartner = {
    autoNegotiates: true,
    speedMbps: 1000,
    fullDuplex: true,
    pause: 'symmetric',
    ...partner,
  } as const;
  const { port, context } = makeTestPort({ port: { media: 'sfp', linkPartner } });
  port.write(CTRL.at, CTRL.SLU.mask);
  const linkUp = (): boolean => {
    const ok = PCS_LSTAT.LINK_OK.mask | PCS_LSTAT.SYNC_OK.mask;
    const pcs = (port.read(PCS_LSTAT.at) & ok) === ok;
    assert.equal((port.read(STATUS.at) & STATUS.LU.mask) !== 0, pcs);
    return pcs;
  };
  return { port, context, linkUp };
}

/** Two bytes as igb_read_phy_reg_i2c asks for them, with a nine-bit offset. */
function i2cRead(port: IgbPort, offset: number): number {
  port.write(I2CCMD.at, (offset << I2CCMD.REGADD.shift) | I2CCMD.OP_READ.mask);
  const answer = port.read(I2CCMD.at);
  assert.equal(answer & (I2CCMD.READY.mask | I2CCMD.ERROR.mask), I2CCMD.READY.mask);
  return answer & I2CCMD.DATA.mask;
}

const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

test('checksums of the module hold (SFF-8472: CC_BASE, CC_EXT, CC_DMI)', () => {
  const identification = sfpIdentification();
  assert.equal(identification[63], sum(identification.subarray(0, 63)));
  assert.equal(identification[95], sum(identification.subarray(64, 95)));
  const diagnostics = sfpDiagnostics();
  assert.equal(diagnostics[95], sum(diagnostics.subarray(0, 95)));
  assert.notEqual(identification[95], 0, 'igb_get_module_info takes it for the revision');
});

test('I2CCMD reads A0 and A2 (igb_get_module_eeprom); nothing answers elsewhere', () => {
  const { port } = setUp();
  const bytes = new Uint8Array(512);
  for (let at = 0; at < 512; at += 2) new DataView(bytes.buffer).setUint16(at, i2cRead(port, at), true);
  assert.deepEqual(bytes.subarray(0, 256), sfpIdentification());
  assert.deepEqual(bytes.subarray(256), sfpDiagnostics());
  assert.equal(i2cRead(port, 6) & 0xff, 1, '1000BASE-SX: Linux takes it for a SerDes');
  port.write(I2CCMD.at, (2 << I2CCMD.PHYADD.shift) | I2CCMD.OP_READ.mask);
  assert.notEqual(port.read(I2CCMD.at) & I2CCMD.ERROR.mask, 0);
});

test('the link mode says SerDes after every reset; PCS_LSTAT has the link, STATUS follows', () => {
  const { port, context, linkUp } = setUp();
  assert.equal((port.read(CTRL_EXT.at) & CTRL_EXT.LINK_MODE.mask) >>> CTRL_EXT.LINK_MODE.shift, 3);
  assert.equal(linkUp(), true);
  const full1000 = PCS_LSTAT.SPEED_1000.mask | PCS_LSTAT.DUPLEX_FULL.mask | PCS_LSTAT.AN_COMPLETE.mask;
  assert.equal(port.read(PCS_LSTAT.at) & full1000, full1000);
  assert.equal(port.read(STATUS.at) & (STATUS.SPEED.mask | STATUS.FD.mask), (2 << STATUS.SPEED.shift) | STATUS.FD.mask);
  assert.equal(port.read(PCS_LPAB.at), 0x40a0);
  port.write(CTRL.at, CTRL.RST.mask | CTRL.SLU.mask);
  assert.equal(linkUp(), false);
  context.clock.advance(PCS_NEGOTIATION_NS);
  assert.equal(linkUp(), true);
});

test('Linux sets AN_RESTART and waits; a forced link is there at once (igb_setup_serdes_link_82575)', () => {
  const { port, context, linkUp } = setUp();
  port.read(ICR.at);
  port.write(PCS_LCTL.at, PCS_LCTL.AN_ENABLE.mask | PCS_LCTL.AN_RESTART.mask);
  assert.equal(port.read(PCS_LCTL.at), PCS_LCTL.AN_ENABLE.mask, 'AN_RESTART clears itself');
  assert.deepEqual([linkUp(), port.read(PCS_LPAB.at)], [false, 0]);
  context.clock.advance(PCS_NEGOTIATION_NS);
  assert.equal(linkUp(), true);
  assert.notEqual(port.read(ICR.at) & ICR.LSC.mask, 0);
  port.write(PCS_LCTL.at, PCS_LCTL.FSD.mask);
  assert.equal(linkUp(), true);
  port.write(PCS_LCTL.at, 0);
  assert.equal(linkUp(), false);
});

test('without PCS_EN, with the laser off (SDP3) or the fibre out there is no link (igb_shutdown_serdes_link_82575)', () => {
  const { port, context, linkUp } = setUp();
  const off = [
    (on: boolean) => port.write(PCS_CFG0.at, on ? PCS_CFG0.PCS_EN.mask : 0),
    (on: boolean) => port.write(CTRL_EXT.at, (3 << CTRL_EXT.LINK_MODE.shift) | (on ? 0 : CTRL_EXT.SDP3_DATA.mask)),
    (on: boolean) => port.setLink(on),
  ];
  for (const set of off) {
    set(false);
    assert.equal(linkUp(), false);
    set(true);
    context.clock.advance(PCS_NEGOTIATION_NS);
    assert.equal(linkUp(), true);
  }
});

test('a partner of 100 Mb/s is no partner; a fixed one needs AN_TIMEOUT', () => {
  assert.equal(setUp({ speedMbps: 100 }).linkUp(), false);
  const { port, context, linkUp } = setUp({ autoNegotiates: false });
  assert.equal(linkUp(), false);
  port.write(PCS_LCTL.at, PCS_LCTL.AN_ENABLE.mask | PCS_LCTL.AN_TIMEOUT.mask | PCS_LCTL.AN_RESTART.mask);
  context.clock.advance(PCS_NEGOTIATION_NS);
  assert.equal(linkUp(), true);
  assert.equal(port.read(PCS_LSTAT.at) & PCS_LSTAT.AN_COMPLETE.mask, 0);
});

test('the loopback of the serialiser makes a link (igb_setup_loopback_test)', () => {
  const { port, context, linkUp } = setUp();
  context.wire.setCarrier(false);
  port.write(pf.SCTL.at, 0x410);
  assert.deepEqual([linkUp(), port.blocks.link.loopback], [true, true]);
  port.write(pf.SCTL.at, 0x400);
  assert.deepEqual([linkUp(), port.blocks.link.loopback], [false, false]);
});

test('on a copper board no SFP answers, and the SerDes has no link', () => {
  const { port } = makeTestPort();
  port.write(CTRL.at, CTRL.SLU.mask);
  assert.equal(port.read(PCS_LSTAT.at), 0);
  port.write(I2CCMD.at, I2CCMD.OP_READ.mask);
  assert.notEqual(port.read(I2CCMD.at) & I2CCMD.ERROR.mask, 0);
  port.write(CTRL_EXT.at, 3 << CTRL_EXT.LINK_MODE.shift);
  assert.equal(port.read(STATUS.at) & STATUS.LU.mask, 0);
});

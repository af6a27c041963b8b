import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf, vf } from '../devices/igb/tables/index.ts';
import { MacFilter, read, write } from '../driver/index.ts';
import { formatMac } from '../packet/index.ts';
import { derivedMac } from './settings.ts';
import { Hosted } from './testing.ts';

const { VMOLR } = pf;

test('bring-up: pools, switch, replication, no default pool, full queues drop (reference §7.2)', () => {
  const hosted = new Hosted();
  assert.equal(hosted.peek('MRQC'), 3);
  assert.equal(hosted.peek('VT_CTL'), (pf.VT_CTL.REPL_EN.mask | pf.VT_CTL.DIS_DEF_POOL.mask) >>> 0);
  assert.equal(hosted.peek('DTXSWC'), (pf.DTXSWC.LOOPBACK_EN.mask | 0xffff) >>> 0, 'spoof checks of all VFs');
  assert.equal(hosted.peek('QDE'), 0xffff);
  assert.notEqual(hosted.peek('RCTL') & pf.RCTL.VFE.mask, 0);
  assert.deepEqual([hosted.peek('VFRE'), hosted.peek('VFTE')], [0, 0], 'no VF has greeted');
  assert.notEqual(hosted.peek('CTRL_EXT') & pf.CTRL_EXT.DRV_LOAD.mask, 0);
  for (let n = 0; n < 8; n += 1) {
    assert.deepEqual(hosted.addressesOf(n), [`52:54:00:12:34:${(0x57 + n).toString(16)}`]);
    assert.deepEqual(hosted.vlansOf(n), [0]);
    assert.equal(hosted.peek('VMOLR', n), (VMOLR.STRCRC.mask | VMOLR.BAM.mask | VMOLR.AUPE.mask) >>> 0);
    assert.equal(hosted.peek('V2PMAILBOX', n), pf.V2PMAILBOX.RSTD.mask, 'the PF is there');
  }
});

test('the link comes up by itself after power-up, and its interrupt is seen', () => {
  const hosted = new Hosted();
  assert.equal(hosted.manager.status().linkMbps, 0);
  hosted.wait(5e9);
  assert.equal(hosted.manager.status().linkMbps, 1000);
  hosted.port.setLink(false);
  hosted.wait(1);
  assert.equal(hosted.manager.status().linkMbps, 0);
  assert.deepEqual(
    hosted.context.trace.of('pf_manager_link').map(([mbps]) => mbps),
    [1000, 0],
  );
});

test('addresses made from the PF are unicast, local, different, and carry over', () => {
  const all = Array.from({ length: 8 }, (_, n) =>
    formatMac(derivedMac(Uint8Array.of(0, 0x1b, 0x21, 0xff, 0xff, 0xfd), 1 + n)),
  );
  assert.deepEqual(all.slice(0, 3), ['02:1b:21:ff:ff:fe', '02:1b:21:ff:ff:ff', '02:1b:21:00:00:00']);
  assert.equal(new Set(all).size, 8);
});

test('RESET: the VF gets its address and may pass frames, others may not', () => {
  const hosted = new Hosted({ settings: [undefined, undefined, { mac: Uint8Array.of(2, 0, 0, 0, 0, 9) }] });
  const two = hosted.vf(2);
  assert.equal(two.reset(), true);
  assert.equal(formatMac(two.mac), '02:00:00:00:00:09');
  assert.deepEqual([hosted.peek('VFRE'), hosted.peek('VFTE')], [4, 4]);
  const zero = hosted.vf(0);
  assert.equal(zero.reset(), true);
  assert.equal(formatMac(zero.mac), '52:54:00:12:34:57');
  assert.deepEqual([hosted.peek('VFRE'), hosted.peek('VFTE')], [5, 5]);
  assert.deepEqual(
    hosted.manager.status().vfs.map(({ ready }) => ready),
    [true, false, true, false, false, false, false, false],
  );
});

test('a reset of the VF takes back what its driver had asked for', () => {
  const hosted = new Hosted();
  const driver = hosted.vf(1);
  driver.reset();
  driver.setMulticast([0x123]);
  driver.setVlan(7, true);
  driver.setMac(Uint8Array.of(2, 0, 0, 0, 0, 1));
  driver.setMac(Uint8Array.of(2, 0, 0, 0, 0, 2), MacFilter.add);
  driver.setLongestFrame(9018);
  assert.deepEqual(hosted.vlansOf(1), [0, 7]);
  assert.notEqual(hosted.peek('MTA', 0x123 >>> 5), 0);
  write(hosted.bus(1), vf.VTCTRL, vf.VTCTRL.RST.mask);
  hosted.wait(1);
  assert.deepEqual(hosted.vlansOf(1), [0]);
  assert.equal(hosted.peek('MTA', 0x123 >>> 5), 0);
  assert.deepEqual(hosted.addressesOf(1), ['52:54:00:12:34:58']);
  assert.equal(hosted.peek('VMOLR', 1), (VMOLR.STRCRC.mask | VMOLR.BAM.mask | VMOLR.AUPE.mask) >>> 0);
  assert.deepEqual([hosted.peek('VFRE') & 2, hosted.peek('VFTE') & 2], [0, 0]);
});

test('a stop closes the port, and a second start finds the VFs that live on', () => {
  const hosted = new Hosted();
  hosted.wait(5e9);
  const driver = hosted.vf(0);
  driver.reset();
  driver.setMulticast([]);
  assert.equal(driver.checkLink(), 'up');
  hosted.manager.stop();
  hosted.wait(1e6);
  assert.equal(hosted.peek('MRQC'), 0);
  assert.notEqual(read(hosted.bus(0), vf.V2PMAILBOX) & vf.V2PMAILBOX.RSTI.mask, 0);
  hosted.manager.start();
  hosted.wait(5e9);
  // It does not know yet that it must greet again; what it reads tells it (igb_rcv_ack_from_vf).
  assert.notEqual(driver.checkLink(), 'up');
  hosted.wait(1);
  assert.equal(driver.checkLink(), 'reset');
  assert.equal(driver.reset(), true);
  driver.setMulticast([]);
  assert.equal(driver.checkLink(), 'up');
});

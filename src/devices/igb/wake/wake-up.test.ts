import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { SriovRig } from '../functions/testing-sriov.ts';
import { TEST_MAC } from '../testing-port.ts';

const { WUFC } = pf;
const BROADCAST = [255, 255, 255, 255, 255, 255];
const PARTNER = [2, 0, 0, 0, 0, 9];
const OTHER = [2, 0, 0, 0, 0, 0x77];
const PMCSR = 0x44;
const PME_ENABLE = 0x100;
const PME_STATUS = 0x8000;
/** Root port: PCI Express capability at 90, MSI at 60. */
const ROOT_CONTROL = 0x90 + 0x1c;
const ROOT_STATUS = 0x90 + 0x20;
const PME_MESSAGE = 0x4021;

function frame(to: readonly number[], type: number, payload: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(Math.max(60, 14 + payload.length));
  bytes.set([...to, ...PARTNER, type >>> 8, type & 0xff, ...payload]);
  return bytes;
}

const magic = (to: readonly number[]): Uint8Array =>
  frame(to, 0x0842, [1, 2, ...BROADCAST, 255, ...Array.from({ length: 16 }, () => [...TEST_MAC]).flat(), 5]);

const arp = (target: readonly number[], opcode = 1): Uint8Array =>
  frame(BROADCAST, 0x0806, [0, 1, 8, 0, 6, 4, 0, opcode, ...PARTNER, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, ...target]);

/** IPv4 or IPv6 without payload to an address. */
const ipv4 = (to: readonly number[]): Uint8Array =>
  frame([...TEST_MAC], 0x0800, [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 9, ...to]);
const address6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
const ipv6 = (to: readonly number[]): Uint8Array =>
  frame([...TEST_MAC], 0x86dd, [0x60, 0, 0, 0, 0, 0, 59, 64, ...address6.map(() => 1), ...to]);

/** A NIC behind its VMD, its guest's root port ready for PME, the port armed as Linux does it before it suspends. */
function suspended(events: number, { pmcsr = PME_ENABLE | 3, set = (_rig: SriovRig): void => undefined } = {}) {
  const rig = new SriovRig();
  rig.setConfig(0, 0, 0x64, 0xfee0_0000);
  rig.setConfig(0, 0, 0x6c, PME_MESSAGE, 2);
  rig.setConfig(0, 0, 0x62, 1, 2);
  rig.setConfig(0, 0, ROOT_CONTROL, 8, 2);
  const { registers } = rig;
  registers.write(pf.CTRL.at, registers.read(pf.CTRL.at) | pf.CTRL.SLU.mask);
  registers.write(pf.RCTL.at, pf.RCTL.EN.mask | pf.RCTL.BAM.mask | pf.RCTL.MPE.mask);
  registers.write(pf.WUFC.at, events);
  set(rig);
  rig.setConfig(1, 0, PMCSR, pmcsr, 2);
  return {
    rig,
    receive: (bytes: Uint8Array): void => {
      assert.ok(rig.port.canReceive());
      rig.port.receive(bytes, 0, bytes.length, undefined);
      rig.tasks.runAll();
    },
    /** WUS once the guest has woken the device, as a driver then finds it. */
    wake(): number {
      rig.setConfig(1, 0, PMCSR, rig.config(1, 0, PMCSR, 2) & ~3 & ~PME_STATUS, 2);
      rig.setConfig(1, 0, 0x10, rig.config(1, 0, 0x10));
      rig.setConfig(1, 0, 0x10, 0xfa00_0000);
      rig.setConfig(1, 0, 0x04, 6, 2);
      return registers.read(pf.WUS.at);
    },
    pmcsr: () => rig.config(1, 0, PMCSR, 2),
  };
}

test('a magic packet in D3hot: PME_Status, Root Status and its interrupt, and what woke is there after D0 and CTRL.RST', () => {
  const { rig, receive, wake, pmcsr } = suspended(WUFC.MAG.mask);
  const packet = magic([...TEST_MAC]);
  receive(frame([...TEST_MAC], 0x0800));
  assert.equal(pmcsr() & PME_STATUS, 0);
  receive(packet);
  assert.equal(pmcsr() & PME_STATUS, PME_STATUS);
  assert.equal(rig.config(0, 0, ROOT_STATUS), 0x0001_0100, 'PME Status, and who');
  assert.deepEqual(rig.messages(), [PME_MESSAGE.toString(16)]);
  assert.equal(wake(), WUFC.MAG.mask);
  const { registers } = rig;
  assert.equal(registers.read(pf.RCTL.at), 0, 'D3hot loses the registers');
  registers.write(pf.CTRL.at, registers.read(pf.CTRL.at) | pf.CTRL.RST.mask);
  assert.equal(registers.read(pf.WUS.at), WUFC.MAG.mask, 'Linux resets first and looks then');
  assert.equal(registers.read(pf.WUPL.at), packet.length);
  const memory = new Uint8Array(128);
  for (let n = 0; n < 32; n += 1)
    new DataView(memory.buffer).setUint32(4 * n, registers.read(pf.WUPM.at + 4 * n), true);
  assert.deepEqual(memory.subarray(0, packet.length), packet.subarray(0, 128));
  registers.write(pf.WUS.at, 0xffffffff);
  assert.equal(registers.read(pf.WUS.at), 0);
});

test('the packet that woke is kept until WUS is cleared; the link too', () => {
  const { rig, receive, wake } = suspended(WUFC.MAG.mask | WUFC.BC.mask | WUFC.LNKC.mask);
  receive(magic([...TEST_MAC]));
  receive(frame(BROADCAST, 0x0800));
  rig.wire.setCarrier(false);
  assert.equal(wake(), WUFC.MAG.mask | WUFC.LNKC.mask);
  assert.deepEqual(rig.messages(), [PME_MESSAGE.toString(16)]);
});

test('each filter wakes by what it is for and by nothing else', () => {
  const ours = 10 | (5 << 24);
  const set = (rig: SriovRig): void => {
    rig.registers.write(pf.IPAV.at, (1 << 16) | 2);
    rig.registers.write(pf.IP4AT.at + 8, ours);
    for (let n = 0; n < 4; n += 1) {
      const [a, b, c, d] = address6.slice(4 * n) as [number, number, number, number];
      rig.registers.write(pf.IP6AT.at + 4 * n, a | (b << 8) | (c << 16) | (d << 24));
    }
    // Filter 2: bytes 12 and 13 are 0842, byte 15 is 9.
    const filter = pf.FHFT.at + 0x200;
    rig.registers.write(filter + 0x10 + 4, 0x09ff_4208);
    rig.registers.write(filter + 0x10 + 8, 0xb0);
    rig.registers.write(filter + 0xfc, 16);
  };
  const cases: readonly (readonly [string, number, Uint8Array, Uint8Array])[] = [
    ['magic', WUFC.MAG.mask, magic(BROADCAST), frame([...TEST_MAC], 0x0842, BROADCAST)],
    ['directed', WUFC.EX.mask, frame([...TEST_MAC], 0x0800), frame(BROADCAST, 0x0800)],
    ['multicast', WUFC.MC.mask, frame([1, 0, 0x5e, 0, 0, 1], 0x0800), frame(BROADCAST, 0x0800)],
    ['broadcast', WUFC.BC.mask, frame(BROADCAST, 0x0800), frame([...TEST_MAC], 0x0800)],
    ['ARP', WUFC.ARP.mask, arp([10, 0, 0, 5]), arp([10, 0, 0, 6])],
    ['ARP request', WUFC.ARP.mask, arp([10, 0, 0, 5]), arp([10, 0, 0, 5], 2)],
    ['IPv4', WUFC.IPV4.mask, ipv4([10, 0, 0, 5]), ipv4([10, 0, 0, 6])],
    ['IPv6', WUFC.IPV6.mask, ipv6(address6), ipv6([...address6.slice(0, 15), 6])],
    ['pattern', WUFC.FLX2.mask, frame([...TEST_MAC], 0x0842, [0, 9]), frame([...TEST_MAC], 0x0842, [0, 8])],
  ];
  for (const [name, bit, matching, other] of cases) {
    const { receive, wake, pmcsr } = suspended(bit, { set });
    receive(other);
    assert.equal(pmcsr() & PME_STATUS, 0, `${name}: not by another`);
    receive(matching);
    assert.equal(pmcsr() & PME_STATUS, PME_STATUS, name);
    assert.equal(wake(), bit, name);
  }
});

test('filters come behind the address filters: nothing for others wakes', () => {
  const { receive, pmcsr } = suspended(WUFC.MAG.mask | WUFC.EX.mask | WUFC.FLX0.mask);
  receive(magic(OTHER));
  assert.equal(pmcsr() & PME_STATUS, 0);
});

test('a change of the link wakes, both ways', () => {
  const { rig, pmcsr, wake } = suspended(WUFC.LNKC.mask);
  rig.wire.setCarrier(false);
  assert.equal(pmcsr() & PME_STATUS, PME_STATUS);
  assert.equal(wake(), WUFC.LNKC.mask);
});

test('in D0 nothing wakes; without PME_En the device wakes silently', () => {
  const awake = suspended(WUFC.MAG.mask, { pmcsr: PME_ENABLE });
  awake.receive(magic([...TEST_MAC]));
  assert.equal(awake.pmcsr() & PME_STATUS, 0);
  const { rig, receive, pmcsr } = suspended(WUFC.MAG.mask, { pmcsr: 3 });
  receive(magic([...TEST_MAC]));
  assert.equal(pmcsr() & PME_STATUS, PME_STATUS);
  assert.deepEqual(rig.messages(), []);
  rig.setConfig(1, 0, PMCSR, PME_ENABLE | 3, 2);
  assert.deepEqual(rig.messages(), [PME_MESSAGE.toString(16)], 'enabled while status is set');
});

test('WUC shows and sets PME of config space', () => {
  const { rig, receive, wake } = suspended(WUFC.MAG.mask, {
    pmcsr: 3,
    set: ({ registers }) => registers.write(pf.WUC.at, pf.WUC.PME_EN.mask),
  });
  rig.setConfig(1, 0, PMCSR, PME_ENABLE | 3, 2);
  receive(magic([...TEST_MAC]));
  rig.setConfig(1, 0, PMCSR, PME_ENABLE, 2);
  wake();
  const { registers } = rig;
  assert.equal(registers.read(pf.WUC.at), pf.WUC.PME_EN.mask | pf.WUC.PME_STATUS.mask);
  registers.write(pf.WUC.at, pf.WUC.PME_STATUS.mask);
  assert.equal(registers.read(pf.WUC.at), 0);
  assert.equal(rig.config(1, 0, PMCSR, 2) & (PME_ENABLE | PME_STATUS), 0);
});

test('Root Status: a second message waits until software clears the first', () => {
  const rig = new SriovRig();
  const port = rig.hierarchy!.rootPort;
  rig.setConfig(0, 0, 0x62, 1, 2);
  port.pme(0x100);
  port.pme(0x101);
  port.pme(0x101);
  assert.equal(rig.config(0, 0, ROOT_STATUS), 0x0003_0100);
  assert.deepEqual(rig.messages(), [], 'interrupts are off');
  rig.setConfig(0, 0, ROOT_CONTROL, 8, 2);
  assert.equal(rig.messages().length, 1);
  rig.setConfig(0, 0, ROOT_STATUS, 0x0001_0000);
  assert.equal(rig.config(0, 0, ROOT_STATUS), 0x0001_0101);
  assert.equal(rig.messages().length, 1);
  rig.setConfig(0, 0, ROOT_STATUS, 0x0001_0000);
  assert.equal(rig.config(0, 0, ROOT_STATUS) & 0x0003_0000, 0);
  assert.deepEqual(rig.messages(), []);
});

test('WUC.APME alone, armed by the NVM, wakes by magic packet to anybody', () => {
  const { rig, receive, pmcsr } = suspended(0, {
    set: ({ port, registers }) => {
      port.blocks.nvm.words[0x24]! |= 0x0400;
      registers.write(pf.CTRL_EXT.at, pf.CTRL_EXT.EE_RST.mask);
      assert.equal(registers.read(pf.WUC.at), pf.WUC.APME.mask);
    },
  });
  receive(frame(BROADCAST, 0x0800));
  assert.equal(pmcsr() & PME_STATUS, 0);
  receive(magic(OTHER));
  assert.equal(pmcsr() & PME_STATUS, PME_STATUS);
  assert.equal(rig.messages().length, 1);
});

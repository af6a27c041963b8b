import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { SRIOV, SriovRig, VF_BAR0, VF_BAR3, MEMBAR1 } from './testing-sriov.ts';

const VFLRE = pf.VFLRE.at;

test('VFs stand at the routing ids that First VF Offset and Stride give, and only while enabled (01 §1.3, §1.6)', () => {
  const rig = new SriovRig();
  for (const count of [1, 3, 7, 8, 0, 5]) {
    rig.setNumVfs(0);
    rig.setNumVfs(count);
    const found = Array.from({ length: 255 }, (_, n) => n + 1).filter(
      (devfn) => rig.config(1, devfn, 8) >>> 0 < 0xffff_ffff,
    );
    assert.deepEqual(
      found,
      Array.from({ length: count }, (_, v) => 0x80 + 2 * v),
    );
    assert.equal((rig.port.read(pf.STATUS.at) >>> 14) & 0x1f, count === 0 ? 0 : 0x10 | count, 'IOV_MODE and NUM_VFS');
  }
});

test('without ARI they are on the next bus, at device 16 (offset 180)', () => {
  const rig = new SriovRig({ ari: false });
  rig.setNumVfs(8);
  for (let v = 0; v < 8; v += 1) {
    assert.equal(rig.config(2, 0x80 + 2 * v, 8) >>> 8, 0x020000);
    assert.equal(rig.config(1, 0x80 + 2 * v, 8), 0xffff_ffff);
  }
});

test('config space of a VF: ids ffff, no BARs, MSI-X of 3, PCI Express with FLR, AER, ARI, only bus master to enable', () => {
  const rig = new SriovRig();
  rig.setNumVfs(4);
  assert.equal(rig.vfConfig(2, 0x00), 0xffff_ffff);
  assert.equal(rig.vfConfig(2, 0x08), 0x0200_0001);
  assert.equal(rig.vfConfig(2, 0x2c), 0xa03c_8086);
  for (let at = 0x10; at <= 0x30; at += 4) if (at !== 0x2c) rig.setVfConfig(2, at, 0xffff_ffff);
  const header = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30, 0x3c].map((at) => rig.vfConfig(2, at));
  assert.deepEqual(header, [0, 0, 0, 0, 0, 0, 0, 0]);
  rig.setVfConfig(2, 0x04, 0xffff, 2);
  assert.equal(rig.vfConfig(2, 0x04, 2), 4);
  assert.equal(rig.vfConfig(2, 0x70), 0x0002_a011);
  assert.deepEqual([rig.vfConfig(2, 0x74), rig.vfConfig(2, 0x78)], [3, 0x2003]);
  assert.equal(rig.vfConfig(2, 0xa0), 0x0002_0010);
  assert.notEqual(rig.vfConfig(2, 0xa4) & (1 << 28), 0, 'FLR');
  assert.equal(rig.vfConfig(2, 0x100), 0x1501_0001);
  assert.equal(rig.vfConfig(2, 0x150), 0x0001_000e);
});

test('BARs are VF BARn + v × 16 KiB, decoded with VFE and MSE; they move with the registers of the PF', () => {
  const rig = new SriovRig();
  rig.setNumVfs(7);
  for (let v = 0; v < 7; v += 1) rig.vfRegisters(v).write(0x2804, 0x100 + v);
  for (let v = 0; v < 7; v += 1) assert.equal(rig.port.read(pf.RDBAH.at + 0x40 * v), 0x100 + v);
  assert.equal(rig.vfRegisters(7).read(0x2804), 0xffff_ffff, 'VF 7 is not enabled');
  rig.setConfig(1, 0, SRIOV + 8, 0x11, 2);
  assert.equal(rig.vfRegisters(0).read(0x2804), 0xffff_ffff, 'MSE is off');
  rig.setConfig(1, 0, SRIOV + 8, 0x19, 2);
  rig.setConfig(1, 0, SRIOV + 0x24, MEMBAR1 + 0x2_0000);
  assert.equal(rig.vfRegisters(3).read(0x2804), 0xffff_ffff);
  assert.equal(rig.at(MEMBAR1 + 0x2_0000 + 0xc000).read(0x2804), 0x103);
});

test('with a system page of 64 KiB VFs stand that far apart, and answer in their first 16 KiB', () => {
  const rig = new SriovRig();
  rig.setConfig(1, 0, SRIOV + 0x20, 0x10);
  rig.setNumVfs(2);
  const second = rig.at(VF_BAR0 + 0x1_0000);
  second.write(0x2904, 0x77);
  assert.equal(rig.port.read(pf.RDBAH.at + 9 * 0x40), 0x77);
  assert.equal(second.read(0x4000), 0xffff_ffff);
});

test('a VF sends its own MSI-X messages, as a bus master only', () => {
  const rig = new SriovRig();
  rig.port.write(pf.GPIE.at, 0xc000_0011);
  rig.setNumVfs(7);
  rig.enableVf(6);
  rig.messages();
  rig.vfRegisters(6).write(0x1524, 7);
  rig.vfRegisters(6).write(0x1520, 5);
  assert.deepEqual(rig.messages(), ['262', '260']);
  rig.vfRegisters(6).write(0x1580, 7);
  rig.setVfConfig(6, 0x04, 0, 2);
  rig.vfRegisters(6).write(0x1520, 1);
  assert.deepEqual(rig.messages(), []);
});

test('FLR of a VF: its config space, queues and vectors; VFLRE and VMMB; not its neighbour', () => {
  const rig = new SriovRig();
  rig.setNumVfs(7);
  for (const v of [2, 3]) {
    rig.enableVf(v);
    rig.vfRegisters(v).write(0x2828, 0x0200_0000);
    rig.vfRegisters(v).write(0x1700, 0x8081);
  }
  rig.vfRegisters(2).write(0xc40, 4);
  rig.setVfConfig(2, 0xa8, 0x8000, 2);
  assert.deepEqual([rig.vfConfig(2, 0x04, 2), rig.vfConfig(2, 0x72, 2)], [0, 2]);
  assert.deepEqual([rig.vfRegisters(2).read(0x2828), rig.vfRegisters(2).read(0x1700)], [0x0001_0000, 0]);
  assert.equal(rig.vfRegisters(2).read(0xc40) & 4, 0, 'it holds no buffer');
  assert.equal(rig.port.read(VFLRE), 4);
  assert.notEqual(rig.port.peek(pf.ICR.at) & pf.ICR.VMMB.mask, 0);
  assert.deepEqual([rig.vfConfig(3, 0x04, 2), rig.vfConfig(3, 0x72, 2)], [4, 0x8002]);
  assert.deepEqual([rig.vfRegisters(3).read(0x2828), rig.vfRegisters(3).read(0x1700)], [0x0200_0000, 0x8081]);
});

test('queues belong to the VF’s memory while it is enabled, to the PF’s before and after', () => {
  const rig = new SriovRig();
  const { queueFunction } = rig.port.context;
  assert.deepEqual([...queueFunction], Array(16).fill(0));
  rig.setNumVfs(3);
  assert.deepEqual([...queueFunction], [1, 2, 3, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0]);
  rig.vfRegisters(1).write(0x2828, 0x0200_0000);
  rig.port.write(VFLRE, 0xff);
  rig.setNumVfs(0);
  assert.deepEqual([...queueFunction], Array(16).fill(0));
  assert.equal(rig.port.read(pf.RXDCTL.at + 0x40) & 0x0200_0000, 0, 'what a VF ran does not run on');
  assert.equal(rig.port.read(VFLRE), 7, 'each was reset');
});

test('a VF that comes again is new: no bus master, no vectors', () => {
  const rig = new SriovRig();
  rig.setNumVfs(2);
  rig.enableVf(1);
  rig.setNumVfs(0);
  rig.setNumVfs(2);
  assert.deepEqual([rig.vfConfig(1, 0x04, 2), rig.vfConfig(1, 0x72, 2)], [0, 2]);
  assert.equal(rig.at(VF_BAR3 + 0x4000).read(12), 1, 'masked');
});

test('resets of the PF, of the bus and of the machine take the VFs away', () => {
  const resets: Readonly<Record<string, (rig: SriovRig) => void>> = {
    flr: (rig) => rig.setConfig(1, 0, 0xa8, 0x8000, 2),
    bus: (rig) => {
      rig.setConfig(0, 0, 0x3e, 0x40, 2);
      rig.setConfig(0, 0, 0x3e, 0, 2);
    },
    machine: (rig) => {
      rig.hierarchy!.port.reset();
      rig.boot(true);
    },
  };
  for (const [name, reset] of Object.entries(resets)) {
    const rig = new SriovRig();
    rig.setNumVfs(7);
    reset(rig);
    assert.equal(rig.vfConfig(0, 8), 0xffff_ffff, name);
    assert.deepEqual([...rig.port.context.queueFunction], Array(16).fill(0), name);
    assert.equal(rig.config(1, 0, SRIOV + 0x10, 2), 0, name);
    assert.equal(rig.port.read(VFLRE), 0, name);
    rig.setConfig(1, 0, SRIOV + 8, 16, 2);
    rig.setConfig(1, 0, 0x04, 6, 2);
    rig.setNumVfs(7);
    assert.equal(rig.vfConfig(6, 8), 0x0200_0001, name);
  }
});

test('an 82576 VF by itself: 8086:10ca with BAR0, BAR3 and MSI-X of its own', () => {
  const rig = new SriovRig({ guest: false });
  const machine = rig.vfMachine(4);
  machine.attach();
  const { config } = machine;
  assert.deepEqual(machine.device.regionSizes, [0x4000, 0, 0, 0x4000, 0, 0, 0, 4096, 0]);
  assert.deepEqual(machine.device.irqCounts, [0, 0, 3, 0, 0]);
  assert.deepEqual([config.read(0), config.read(8), config.read(0x2c)], [0x10ca_8086, 0x0200_0001, 0xa03c_8086]);
  for (const at of [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24]) config.write(at, 0xffff_ffff);
  assert.deepEqual(
    [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24].map((at) => config.read(at)),
    [0xffff_c004, 0xffff_ffff, 0, 0xffff_c004, 0xffff_ffff, 0],
  );
  assert.equal(config.read(4, 2), 6, 'memory enable of its own');
});

test('a VF with a machine of its own works with no guest on the PF: registers, memory, interrupts', () => {
  const rig = new SriovRig({ guest: false });
  const machine = rig.vfMachine(5);
  assert.deepEqual([...rig.port.context.queueFunction], Array(16).fill(0));
  machine.attach();
  assert.deepEqual([rig.port.context.queueFunction[5], rig.port.context.queueFunction[13]], [6, 6]);
  rig.port.write(pf.GPIE.at, 0xc000_0011);
  machine.registers.write(0x1524, 7);
  machine.registers.write(0x1520, 6);
  assert.deepEqual(machine.host.signals, ['2.2', '2.1']);
  assert.equal(rig.port.context.memory[6]!.write32(0x1_0000, 0x1234), true);
  assert.equal(machine.memory.peek32(0x1_0000), 0x1234);
  assert.equal(rig.memory.peek32(0x1_0000), 0);
  machine.config.write(4, 2, 2);
  assert.equal(rig.port.context.memory[6]!.write32(0x1_0000, 1), false, 'its bus master bit');
  assert.equal(rig.port.read(VFLRE), 0x20);
});

test('attach and detach are resets of the VF, and the next machine finds nothing of the one before', () => {
  const rig = new SriovRig({ guest: false });
  const first = rig.vfMachine(1);
  first.attach();
  first.registers.write(0x2828, 0x0200_0000);
  first.registers.write(0x2804, 0x55);
  first.registers.write(0x800, 0xdead);
  first.registers.write(0xc40, 5);
  const counters = [0xf10, 0xf14, 0xf18, 0xf34, 0xf3c, 0xf40, 0xf44, 0xf48, 0xf50];
  for (const at of counters) rig.port.context.registers.values[(0x10100 + (at & 0xff)) >>> 2] = at;
  assert.deepEqual(
    counters.map((at) => first.registers.read(at)),
    counters,
  );
  rig.port.write(VFLRE, 0xff);
  first.detach();
  assert.deepEqual([rig.port.read(VFLRE), rig.port.read(pf.MBVFICR.at)], [2, 0]);
  assert.deepEqual([rig.port.read(pf.RXDCTL.at + 0x40) & 0x0200_0000, rig.port.context.queueFunction[1]], [0, 0]);
  rig.port.write(VFLRE, 0xff);
  first.device.attached(first.host);
  assert.equal(rig.port.read(VFLRE), 2);
  assert.deepEqual(
    [0x2804, 0x800, ...counters].map((at) => first.registers.read(at)).filter((value) => value !== 0),
    [],
  );
  assert.deepEqual([first.config.read(4, 2), first.registers.read(0xc40) & 4], [0, 0]);
});

test('while a machine has the VF, the PF’s guest finds its config space valid and its BARs empty', () => {
  const rig = new SriovRig();
  rig.setNumVfs(7);
  rig.enableVf(3);
  rig.enableVf(4);
  const machine = rig.vfMachine(3);
  rig.vfRegisters(3).write(0x2804, 0x33);
  machine.attach();
  machine.registers.write(0x2804, 0x44);
  const here = rig.vfRegisters(3);
  here.write(0x2804, 0x55);
  rig.at(VF_BAR3 + 0xc000).write(0, 0xfee1_0000);
  assert.deepEqual([here.read(0x2804), here.read(8), rig.at(VF_BAR3 + 0xc000).read(0)], [0, 0, 0]);
  assert.equal(machine.registers.read(0x2804), 0x44);
  assert.equal(rig.vfs.hierarchy[3]!.refused, 5);
  assert.deepEqual(rig.trace.of('igb_vf_elsewhere')[0], [3, 0, 0x2804, 1]);
  assert.deepEqual([rig.vfConfig(3, 0), rig.vfConfig(3, 8), rig.vfConfig(3, 4, 2)], [0xffff_ffff, 0x0200_0001, 4]);
  rig.vfRegisters(4).write(0x2804, 0x66);
  assert.equal(rig.vfRegisters(4).read(0x2804), 0x66, 'VF 4 is as before');
  rig.port.write(VFLRE, 0xff);
  rig.setVfConfig(3, 0xa8, 0x8000, 2);
  assert.deepEqual([machine.registers.read(0x2804), rig.port.read(VFLRE)], [0x44, 0], 'an FLR there is none here');
  machine.detach();
  assert.equal(here.read(0x2804), 0, 'back, and reset');
  here.write(0x2804, 0x77);
  assert.equal(here.read(0x2804), 0x77);
  assert.equal(rig.port.read(VFLRE), 8);
});

test('interrupts and memory follow the VF to its machine and back', () => {
  const rig = new SriovRig();
  rig.port.write(pf.GPIE.at, 0xc000_0011);
  rig.setNumVfs(7);
  rig.enableVf(2);
  const machine = rig.vfMachine(2);
  machine.attach();
  rig.messages();
  machine.registers.write(0x1524, 7);
  machine.registers.write(0x1520, 1);
  assert.deepEqual([machine.host.signals, rig.messages()], [['2.0'], []]);
  machine.detach();
  rig.vfRegisters(2).write(0x1524, 7);
  rig.vfRegisters(2).write(0x1520, 1);
  assert.deepEqual([machine.host.signals.length, rig.messages()], [1, ['220']]);
  assert.equal(rig.port.context.memory[3]!.write32(0x1_0000, 9), true);
  assert.equal(rig.memory.peek32(0x1_0000), 9);
});

test('a machine that attaches does not take queues from a PF’s driver that did not enable VFs', () => {
  const rig = new SriovRig();
  const machine = rig.vfMachine(0);
  rig.port.write(pf.RDLEN.at, 0x1000);
  machine.attach();
  assert.equal(rig.port.context.queueFunction[0], 0);
  machine.registers.write(0x2808, 0x800);
  machine.registers.write(0, 0x0400_0000);
  assert.equal(rig.port.read(pf.RDLEN.at), 0x1000);
  assert.equal(machine.registers.read(0xc40), 0x40, 'it sees RSTI: the PF is not ready for it');
  rig.setNumVfs(2);
  assert.equal(rig.port.context.queueFunction[0], 1);
  machine.registers.write(0x2808, 0x800);
  assert.equal(rig.port.read(pf.RDLEN.at), 0x800);
  rig.setNumVfs(0);
  assert.equal(rig.port.context.queueFunction[0], 0);
  // The PF's driver goes: the machine has the VF to itself.
  rig.setConfig(1, 0, 0x04, 2, 2);
  assert.equal(rig.port.context.queueFunction[0], 1);
  rig.setConfig(1, 0, 0x04, 6, 2);
  assert.equal(rig.port.context.queueFunction[0], 0);
});

test('a machine’s reset and its FLR reset the VF; the others do not notice', () => {
  const rig = new SriovRig({ guest: false });
  const [a, b] = [rig.vfMachine(6), rig.vfMachine(7)];
  for (const machine of [a, b]) {
    machine.attach();
    machine.registers.write(0x2804, 0x99);
  }
  for (const reset of [() => a.device.reset(), () => a.config.write(0xa8, 0x8000, 2), () => a.detach()]) {
    a.registers.write(0x2804, 0x99);
    rig.port.write(VFLRE, 0xff);
    reset();
    assert.deepEqual([a.registers.read(0x2804), rig.port.read(VFLRE)], [0, 0x40]);
    assert.deepEqual([b.registers.read(0x2804), b.config.read(4, 2)], [0x99, 6]);
  }
});

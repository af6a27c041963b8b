/** igb and igbvf at work on the functions and the port together, one guest or several, and a VF that means harm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { type Region, SriovRig } from './testing-sriov.ts';
import { SriovPfDriver, VfDriver } from './testing-vf-drivers.ts';
import { randomFrom } from '../../../packet/testing-random.ts';

const MARK = 0x88b5;

function frame(to: readonly number[], from: readonly number[], tag: number, length = 60): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, n) => (n * 7 + tag) & 0xff);
  bytes.set([...to, ...from, MARK >> 8, MARK & 0xff, tag & 0xff, (tag >> 8) & 0xff]);
  return bytes;
}

/** Numbers of the frames that the test made. */
const tags = (frames: readonly Uint8Array[]) =>
  frames.filter((bytes) => bytes[12] === MARK >> 8 && bytes[13] === (MARK & 0xff)).map((f) => f[14]! | (f[15]! << 8));

class Bench {
  readonly rig: SriovRig;
  readonly driver: SriovPfDriver;

  constructor(count: number) {
    this.rig = new SriovRig();
    this.driver = new SriovPfDriver(this.rig, count);
  }

  /** Everything that is due happens. */
  readonly run = (): void => {
    for (let round = 0; round < 4; round += 1) {
      this.rig.tasks.runAll();
      this.driver.service();
    }
  };

  /** probe and open of VF v in the PF's guest. */
  start(v: number): VfDriver {
    this.rig.enableVf(v);
    const vf = new VfDriver(this.rig.vfRegisters(v), this.rig.memory, 0x6_0000 + 0x5_0000 * v, this.run);
    vf.reset();
    vf.open();
    return vf;
  }

  get pfMac(): number[] {
    const low = this.driver.read(pf.RAL);
    const high = this.driver.read(pf.RAH);
    return [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8].map((byte) => byte & 0xff);
  }
}

for (const order of ['PF reset before VF Enable (Linux 6.12)', 'VF Enable before PF reset (older)']) {
  test(`igb enables VFs, igbvf probes and opens: ${order}`, () => {
    const bench = new Bench(7);
    const { rig, driver } = bench;
    if (order.startsWith('PF')) {
      driver.reinit();
      rig.setNumVfs(7);
    } else {
      rig.setNumVfs(7);
      driver.reinit();
    }
    assert.equal((driver.read(pf.STATUS) >>> 14) & 0x1f, 0x17);
    const vfs = Array.from({ length: 3 }, (_, n) => bench.start(2 * n));
    vfs.forEach((vf, n) => assert.deepEqual(vf.macBytes, [2, 0, 2 * n, 0, 0, 1]));
    for (const vf of vfs) assert.equal(vf.linkUp(), true);
    const [a, b] = vfs as [VfDriver, VfDriver];
    a.rings.send(frame(b.macBytes, a.macBytes, 1));
    a.rings.send(frame(bench.pfMac, a.macBytes, 2));
    driver.rings!.send(frame(b.macBytes, bench.pfMac, 3));
    b.rings.send(frame([2, 9, 9, 9, 9, 9], b.macBytes, 4));
    bench.run();
    rig.port.receive(frame(b.macBytes, [2, 9, 9, 9, 9, 9], 5), 0, 60, undefined);
    bench.run();
    assert.deepEqual(
      tags(b.rings.receive()).sort((x, y) => x - y),
      [1, 3, 5],
    );
    assert.deepEqual(tags(driver.rings!.receive()), [2]);
    assert.deepEqual(tags(rig.wire.sent.map(({ bytes }) => bytes)), [4]);
    assert.deepEqual([a.registers.read(0xf44), b.registers.read(0xf40)], [1 + 1, 2], 'VF counters of the switch');
  });
}

test('a reset of the PF under VF traffic: the VF sees RSTI, waits, and is back after its own reset (07 §7.3)', () => {
  const bench = new Bench(7);
  bench.driver.reinit();
  bench.rig.setNumVfs(7);
  const vf = bench.start(4);
  bench.driver.write(pf.CTRL, pf.CTRL.RST.mask);
  vf.rings.send(frame([2, 9, 9, 9, 9, 9], vf.macBytes, 1));
  bench.run();
  assert.deepEqual(bench.rig.wire.sent, []);
  assert.equal(vf.port.mailbox.takeReset(), true);
  assert.throws(() => vf.reset(), /PF is in reset/);
  bench.driver.reinit();
  vf.reset();
  vf.open();
  vf.rings.send(frame([2, 9, 9, 9, 9, 9], vf.macBytes, 2));
  bench.run();
  assert.deepEqual(tags(bench.rig.wire.sent.map(({ bytes }) => bytes)), [2]);
});

test('a ping reaches the VF by its mailbox vector, and its link goes by CTS', () => {
  const bench = new Bench(7);
  bench.driver.reinit();
  bench.rig.setNumVfs(7);
  const vf = bench.start(1);
  assert.equal(vf.linkUp(), true);
  bench.rig.messages();
  bench.driver.clearToSend[1] = false;
  bench.driver.ping(1);
  assert.deepEqual(bench.rig.messages(), ['212']);
  assert.equal(vf.linkUp(), false);
});

test('VFs in machines of their own beside the PF’s guest; one that vanishes takes only its own packets with it', () => {
  const bench = new Bench(7);
  const { rig, driver } = bench;
  driver.reinit();
  rig.setNumVfs(7);
  const stay = bench.start(0);
  const machines = [rig.vfMachine(2), rig.vfMachine(5)];
  const vfs = machines.map((machine) => {
    machine.attach();
    const vf = new VfDriver(machine.registers, machine.memory, 0x1_0000, bench.run);
    vf.reset();
    vf.open();
    return vf;
  });
  const [a, b] = vfs as [VfDriver, VfDriver];
  a.rings.send(frame(b.macBytes, a.macBytes, 1));
  a.rings.send(frame(stay.macBytes, a.macBytes, 2));
  stay.rings.send(frame(a.macBytes, stay.macBytes, 3));
  bench.run();
  assert.deepEqual([tags(b.rings.receive()), tags(stay.rings.receive()), tags(a.rings.receive())], [[1], [2], [3]]);
  assert.ok(machines[0]!.host.signals.includes('2.1'), 'its own machine is interrupted');
  machines[0]!.detach();
  b.rings.send(frame(stay.macBytes, b.macBytes, 4));
  stay.rings.send(frame(a.macBytes, stay.macBytes, 5));
  stay.rings.send(frame(b.macBytes, stay.macBytes, 6));
  bench.run();
  assert.deepEqual([tags(b.rings.receive()), tags(stay.rings.receive())], [[6], [4]]);
  machines[0]!.attach();
  const again = new VfDriver(machines[0]!.registers, machines[0]!.memory, 0x1_0000, bench.run);
  again.reset();
  again.open();
  again.rings.send(frame(b.macBytes, again.macBytes, 7));
  bench.run();
  assert.deepEqual(tags(b.rings.receive()), [7]);
});

/** Both queues on, both ways, with rings of 256 descriptors of whatever the memory holds. */
function startQueues(registers: Region, ring: number, tail: number): void {
  for (const queue of [0x2800, 0x2900, 0x3800, 0x3900]) {
    registers.write(queue, ring);
    registers.write(queue + 4, 0);
    registers.write(queue + 8, 0x1000);
    registers.write(queue + 0x10, 0);
    registers.write(queue + 0x28, 0x0200_0000);
    registers.write(queue + 0x18, tail);
  }
}

test('a VF that writes anything anywhere in its BARs: PF, another VF and wire carry traffic and do not notice', () => {
  for (const seed of [3, 0xbad_5eed]) {
    const bench = new Bench(7);
    const { rig, driver } = bench;
    rig.trace.on.fill(0);
    driver.reinit();
    rig.setNumVfs(7);
    const good = bench.start(1);
    const machine = rig.vfMachine(3);
    machine.attach();
    const random = randomFrom(seed);
    machine.memory.piece.dwords.forEach((_, n, dwords) => {
      const address = machine.memory.piece.base + (random() & 0xfffff);
      dwords[n] = [address, 0, random() & (0x2b30_07ff | random()), random()][n & 3]!;
    });
    const stranger = [2, 9, 9, 9, 9, 9];
    const seen = { pf: [] as number[], vf: [] as number[], wire: [] as number[] };
    const sent = { pf: [] as number[], vf: [] as number[], wire: [] as number[] };
    for (let round = 0; round < 4000; round += 1) {
      // Its queue registers more often than chance would, with rings in its memory.
      const group = random() % 4;
      const offset =
        group === 0
          ? random() & 0x3fff
          : group === 1
            ? 0x2800 + (random() & 0x13c)
            : group === 2
              ? 0x3800 + (random() & 0x13c)
              : [0, 0xc40, 0x1524, 0x1520, 0x1700, 0x1740, 0x800][random() % 7]!;
      const value = [random(), random() & 0xfff, 0x1_0000 + (random() & 0xf_ff80), 0x0200_0000][random() & 3]!;
      const size = [4, 4, 4, 2, 1][random() % 5]!;
      const aligned = offset - (offset % size);
      if (random() & 7) machine.registers.write(aligned, value, size);
      else machine.registers.read(aligned, size);
      if (random() % 32 === 0) startQueues(machine.registers, 0x1_0000 + (random() & 0xf_ff80), random() & 0xff);
      if (random() % 64 === 0) driver.write(pf.VFTE, driver.read(pf.VFTE) | 8);
      if (random() % 64 === 0) driver.write(pf.VFRE, driver.read(pf.VFRE) | 8);
      const tag = round & 0xffff;
      const kind = round % 4;
      if (kind === 0) {
        good.rings.send(frame(bench.pfMac, good.macBytes, tag));
        sent.pf.push(tag);
      } else if (kind === 1) {
        driver.rings!.send(frame(good.macBytes, bench.pfMac, tag));
        sent.vf.push(tag);
      } else if (kind === 2) {
        good.rings.send(frame(stranger, good.macBytes, tag));
        sent.wire.push(tag);
      } else {
        rig.port.receive(frame(good.macBytes, stranger, tag), 0, 60, undefined);
        sent.vf.push(tag);
      }
      if (round % 8 === 7) bench.run();
      seen.pf.push(...tags(driver.rings!.receive()));
      seen.vf.push(...tags(good.rings.receive()));
    }
    bench.run();
    seen.pf.push(...tags(driver.rings!.receive()));
    seen.vf.push(...tags(good.rings.receive()));
    seen.wire.push(...tags(rig.wire.sent.map(({ bytes }) => bytes)));
    const sorted = (numbers: number[]) => numbers.sort((x, y) => x - y);
    assert.deepEqual(sorted(seen.pf), sent.pf, 'PF');
    assert.deepEqual(sorted(seen.vf), sent.vf, 'VF');
    assert.deepEqual(sorted(seen.wire), sent.wire, 'wire');
    assert.equal(good.linkUp(), true);
    assert.equal(rig.memory.refused, 0, 'no address of its went to the memory of the others');
    const spoofed = rig.port.peek(pf.SSVPC.at);
    assert.ok(machine.memory.refused > 10 && spoofed > 10, `it did work: ${machine.memory.refused} ${spoofed}`);
  }
});

/** A machine with the PF that comes, vanishes and comes again beside machines with a VF each, which go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../devices/igb/tables/index.ts';
import { SriovRig, type VfMachine } from '../devices/igb/functions/testing-sriov.ts';
import { SriovPfDriver, VfDriver } from '../devices/igb/functions/testing-vf-drivers.ts';
import { parseConfig } from './config.ts';
import { HostedPf } from './hosted.ts';
import { buildFrame } from '../packet/testing.ts';

const attach = [
  { kind: 'hierarchy', path: 'nic.sock' },
  { kind: 'vf', index: 0, path: 'vf0.sock' },
  { kind: 'vf', index: 1, path: 'vf1.sock' },
];

/** The rig with whoever drives its PF. */
class Bench {
  readonly rig: SriovRig;
  readonly hosted: HostedPf;
  readonly machines: readonly VfMachine[];
  driver: SriovPfDriver | undefined;

  constructor() {
    this.rig = new SriovRig();
    const { pf: fn, vfs, port, clock, tasks, trace } = this.rig;
    this.rig.hierarchy!.port.detached();
    this.hosted = new HostedPf({
      config: parseConfig({ attach }),
      portNumber: 0,
      pf: fn,
      vfs,
      port,
      clock,
      tasks,
      trace,
    });
    this.machines = [0, 1].map((index) => this.rig.vfMachine(index));
    this.driver = undefined;
    this.run();
  }

  readonly run = (): void => {
    for (let turn = 0; turn < 4; turn += 1) {
      this.rig.tasks.runAll();
      this.rig.clock.advance(2e9);
      this.driver?.service();
    }
  };

  /** igb with two VFs in a machine that has just started. */
  bootPf(): void {
    this.rig.boot(true);
    this.driver = new SriovPfDriver(this.rig, 2);
    this.driver.reinit();
    this.rig.setNumVfs(2);
    this.run();
  }

  /** igbvf, from its machine's start or after it noticed a reset. */
  startVf(index: number): VfDriver {
    const machine = this.machines[index]!;
    const vf = new VfDriver(machine.registers, machine.memory, 0x1_0000, this.run);
    vf.reset();
    vf.open();
    return vf;
  }

  /** A frame arrives, and as the only one. */
  passes(from: VfDriver, to: VfDriver, payload: number): boolean {
    const frame = buildFrame({ payload: new Uint8Array(100).fill(payload) });
    frame.set(to.macBytes, 0);
    frame.set(from.macBytes, 6);
    from.rings.send(frame);
    this.run();
    const got = to.rings.receive();
    return got.length === 1 && Buffer.from(got[0]!).equals(frame);
  }
}

test('until a machine drives the PF it is hosted; the machine finds the port as after power-up', () => {
  const bench = new Bench();
  for (const machine of bench.machines) machine.attach();
  const [a, b] = [bench.startVf(0), bench.startVf(1)];
  assert.equal(bench.passes(a, b, 1), true);
  bench.rig.boot(true);
  assert.equal(bench.rig.registers.read(pf.MRQC.at), 0);
  assert.equal(bench.hosted.manager.status().running, false);
});

test('the PF’s machine vanishes: VFs of other machines lose no frame, keep address and VLAN, and are answered', () => {
  const bench = new Bench();
  bench.bootPf();
  for (const machine of bench.machines) machine.attach();
  const [a, b] = [bench.startVf(0), bench.startVf(1)];
  assert.equal(bench.passes(a, b, 1), true);
  const frame = buildFrame({ payload: new Uint8Array(80).fill(2) });
  frame.set(b.macBytes, 0);
  frame.set(a.macBytes, 6);
  a.rings.send(frame);
  bench.rig.hierarchy!.port.detached();
  bench.driver = undefined;
  bench.run();
  assert.equal(b.rings.receive().length, 1, 'sent before, delivered after');
  assert.equal(bench.passes(b, a, 3), true);
  assert.equal(a.linkUp(), true);
  const [first] = bench.hosted.manager.status().vfs;
  assert.deepEqual([[...first!.address], first!.ready], [a.macBytes, true]);
  const mac = a.macBytes;
  const again = bench.startVf(0);
  assert.deepEqual(again.macBytes, mac, 'the hosted PF gives it the same address');
  assert.equal(bench.passes(again, b, 4), true);
  assert.equal(bench.rig.port.peek(pf.RXDCTL.at + 2 * 0x40) & pf.RXDCTL.ENABLE.mask, 0, 'the queue of the PF is off');
});

test('a reset of the PF’s machine is the same, until its driver is back', () => {
  const bench = new Bench();
  bench.bootPf();
  for (const machine of bench.machines) machine.attach();
  const [a, b] = [bench.startVf(0), bench.startVf(1)];
  bench.rig.hierarchy!.port.reset();
  bench.driver = undefined;
  bench.rig.hierarchy!.port.reset();
  assert.equal(bench.passes(a, b, 1), true);
  bench.bootPf();
  assert.equal(bench.hosted.manager.status().running, false);
  const [c, d] = [bench.startVf(0), bench.startVf(1)];
  assert.equal(bench.passes(c, d, 2), true);
});

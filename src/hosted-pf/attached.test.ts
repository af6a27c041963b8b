/** The hosted PF with whole functions: eight machines, each with a VF on a socket of its own, and nobody with the PF. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SriovRig, type VfMachine } from '../devices/igb/functions/testing-sriov.ts';
import { TEST_MAC } from '../devices/igb/testing-port.ts';
import { busOver, VfPort, type ReceiveRing, type TransmitRing } from '../driver/index.ts';
import { FakeDriverMemory } from '../driver/testing.ts';
import { formatMac } from '../packet/index.ts';
import { buildFrame } from '../packet/testing.ts';
import { HostedInterrupts } from './interrupt-port.ts';
import { PfManager } from './pf-manager.ts';

interface Station {
  readonly machine: VfMachine;
  readonly port: VfPort;
  readonly transmit: TransmitRing;
  readonly receive: ReceiveRing;
}

class Bench {
  readonly rig: SriovRig;
  readonly manager: PfManager;

  constructor() {
    this.rig = new SriovRig({ guest: false });
    const { vfs, port, clock, tasks, trace } = this.rig;
    const interrupts = new HostedInterrupts();
    vfs.interruptPorts[0] = interrupts;
    this.manager = new PfManager({
      bus: busOver(port),
      clock,
      tasks,
      trace,
      mac: TEST_MAC,
    });
    interrupts.handler = () => this.manager.interrupt();
    this.manager.start();
    this.wait(5e9);
  }

  wait(durationNs: number): void {
    this.rig.tasks.runAll();
    this.rig.clock.advance(durationNs);
    this.rig.tasks.runAll();
  }

  /** igbvf in a machine that has just attached. */
  boot(machine: VfMachine): Station {
    machine.attach();
    const bus = { ...busOver(machine.registers), wait: (durationNs: number) => this.wait(durationNs) };
    const port = new VfPort(bus, new FakeDriverMemory(machine.memory));
    assert.equal(port.reset(), true);
    return { machine, port, ...port.open() };
  }

  /** A frame from one station to another; true when it arrived there, and as it was sent. */
  passes(from: Station, to: Station): boolean {
    const frame = buildFrame({ payload: new Uint8Array(100) });
    frame.set(to.port.mac, 0);
    frame.set(from.port.mac, 6);
    from.transmit.send(frame);
    this.wait(1e6);
    const got = to.receive.take();
    return got.length === 1 && Buffer.from(got[0]!.bytes).equals(frame);
  }
}

test('eight machines talk to each other', () => {
  const bench = new Bench();
  const stations = Array.from({ length: 8 }, (_, n) => bench.boot(bench.rig.vfMachine(n)));
  assert.equal(new Set(stations.map(({ port }) => formatMac(port.mac))).size, 8);
  for (const station of stations) assert.equal(station.port.checkLink(), 'up');
  for (const from of stations) {
    for (const to of stations) if (from !== to) assert.equal(bench.passes(from, to), true);
  }
  assert.equal(bench.rig.wire.sent.length, 0);
});

test('a machine that vanishes takes its settings along; the next one begins anew, at once', () => {
  const bench = new Bench();
  const [a, b, c] = [0, 1, 2].map((n) => bench.boot(bench.rig.vfMachine(n))) as [Station, Station, Station];
  b.port.setMac(Uint8Array.of(2, 0, 0, 0, 0, 0x55));
  b.port.setVlan(55, true);
  b.machine.detach();
  assert.equal(bench.passes(a, b), false);
  assert.equal(bench.passes(a, c), true);
  assert.equal(bench.manager.status().vfs[1]!.ready, false);
  const again = bench.boot(b.machine);
  assert.equal(formatMac(again.port.mac), '52:54:00:12:34:58');
  assert.equal(bench.passes(a, again), true);
  assert.equal(bench.passes(again, c), true);
  const status = bench.manager.status().vfs[1]!;
  assert.deepEqual([formatMac(status.address), status.ready], ['52:54:00:12:34:58', true]);
});

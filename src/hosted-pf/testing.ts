/** A port among fakes with a hosted PF, and drivers of its VFs, for unit tests. */
import { pf } from '../devices/igb/tables/index.ts';
import { IgbPort } from '../devices/igb/port.ts';
import { makeTestContext, type TestContext } from '../devices/igb/testing.ts';
import { TEST_MAC } from '../devices/igb/testing-port.ts';
import { busOver, VfPort, type WaitingBus } from '../driver/index.ts';
import { FakeDriverMemory } from '../driver/testing.ts';
import { HostedInterrupts } from './interrupt-port.ts';
import { PfManager } from './pf-manager.ts';
import type { VfSettings } from './settings.ts';

const VFS = 8;

export interface HostedOptions {
  readonly settings?: readonly (Partial<VfSettings> | undefined)[];
  /** Leaves the port as after power-up. */
  readonly stopped?: boolean;
}

export class Hosted {
  readonly port: IgbPort;
  readonly context: TestContext;
  readonly manager: PfManager;

  constructor({ settings = [], stopped = false }: HostedOptions = {}) {
    const interrupts = new HostedInterrupts();
    const context = makeTestContext();
    const { clock, tasks, trace, wire, memory } = context;
    const interruptPorts = [interrupts, ...context.interruptPorts.slice(1)];
    const port = new IgbPort({ clock, tasks, trace, wire, memory, interruptPorts, mac: TEST_MAC });
    this.port = port;
    for (let vf = 0; vf < VFS; vf += 1) port.setVfLive(vf, true);
    this.context = context;
    this.manager = new PfManager({ bus: busOver(port), clock, tasks, trace, mac: TEST_MAC, settings });
    interrupts.handler = () => this.manager.interrupt();
    if (stopped) return;
    this.manager.start();
    this.wait(1);
  }

  /** Lets the device and the PF do what there is to do, and time pass. */
  wait(durationNs: number): void {
    const { clock, tasks } = this.context;
    tasks.runAll();
    clock.advance(durationNs);
    tasks.runAll();
  }

  /** A VF's registers, without a driver. */
  bus(vf: number): WaitingBus {
    return { ...busOver(this.port.vfWindows[vf]!), wait: (durationNs) => this.wait(durationNs) };
  }

  /** igbvf on a VF. */
  vf(index: number): VfPort {
    return new VfPort(this.bus(index), new FakeDriverMemory(this.context.memory[1 + index]!));
  }

  /** A register of the PF as it stands. */
  peek(name: keyof typeof pf, element = 0): number {
    return this.port.peek(pf[name].at + element * pf[name].step * 4);
  }

  /** Addresses in the table that list a pool. */
  addressesOf(pool: number): string[] {
    const found: string[] = [];
    for (let entry = 0; entry < 24; entry += 1) {
      const far = entry >= 16;
      const high = this.peek(far ? 'RA2H' : 'RAH', entry & 15);
      if (high >>> 31 === 0 || ((high >>> (18 + pool)) & 1) === 0) continue;
      const low = this.peek(far ? 'RA2L' : 'RAL', entry & 15);
      const bytes = [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8];
      found.push(bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join(':'));
    }
    return found;
  }

  /** VLANs that list a pool. */
  vlansOf(pool: number): number[] {
    const vids: number[] = [];
    for (let entry = 0; entry < pf.VLVF.count; entry += 1) {
      const value = this.peek('VLVF', entry);
      if (value >>> 31 === 1 && ((value >>> (12 + pool)) & 1) === 1) vids.push(value & 0xfff);
    }
    return vids;
  }
}

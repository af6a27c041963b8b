/** Gives the PF to a driver of our own, where no attachment has it. */
import type { IgbPhysicalFunction } from '../devices/igb/physical-function.ts';
import type { IgbPort } from '../devices/igb/port.ts';
import { PfManager, type HostedInterrupts, type VfSettings } from '../hosted-pf/index.ts';
import { parseMac } from '../packet/index.ts';
import type { Clock, Tasks, Trace } from '../ports/index.ts';
import type { NicConfig } from './config.ts';

export interface HostOptions {
  readonly config: NicConfig;
  readonly pf: IgbPhysicalFunction;
  readonly port: IgbPort;
  readonly interrupts: HostedInterrupts;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly trace: Trace;
}

/** `ip link`'s words as settings. */
function settingsOf(vf: NicConfig['vfs'][number]): VfSettings {
  return {
    mac: vf.mac === undefined ? undefined : parseMac(vf.mac),
    vlan: vf.vlan,
    qos: vf.qos,
    maxTxRateMbps: vf.max_tx_rate,
    spoofCheck: vf.spoofchk,
    trust: vf.trust,
    linkState: vf.state,
  };
}

/** A PF manager that has brought the port up. */
export function hostPf({ config, pf, port, interrupts, clock, tasks, trace }: HostOptions): PfManager {
  const settings: VfSettings[] = [];
  for (const vf of config.vfs) settings[vf.index] = settingsOf(vf);
  const manager = new PfManager({
    bus: {
      read32: (offset) => port.read(offset),
      write32: (offset, value) => port.write(offset, value),
      configRead: (offset, size) => pf.configRead(offset, size),
      configWrite: (offset, size, value) => pf.configWrite(offset, size, value),
    },
    clock,
    tasks,
    trace,
    mac: parseMac(config.mac)!,
    settings,
  });
  interrupts.handler = () => manager.interrupt();
  manager.start();
  return manager;
}

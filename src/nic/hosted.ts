/**
 * Gives the PF to a driver of our own while no machine drives it: where no attachment has the PF, for good; where one has it,
 * until that machine's driver first touches the port, and again once the machine has gone or was reset. VFs that are attached
 * by themselves go on meanwhile.
 */
import { POOLS } from '../devices/igb/context.ts';
import type { IgbPhysicalFunction, PortKeeper, PortRegisters } from '../devices/igb/functions/physical-function.ts';
import type { IgbPort } from '../devices/igb/port.ts';
import { pf as registers } from '../devices/igb/tables/index.ts';
import type { IgbVirtualFunctions } from '../devices/igb/functions/virtual-functions.ts';
import { busOver } from '../driver/index.ts';
import { HostedInterrupts, PfManager, type VfSettings } from '../hosted-pf/index.ts';
import { parseMac } from '../packet/index.ts';
import type { ResetKind } from '../pci/index.ts';
import type { Clock, Tasks, Trace } from '../ports/index.ts';
import { macOfPort, type NicConfig } from './config.ts';

export interface HostOptions {
  readonly config: NicConfig;
  readonly portNumber: number;
  readonly pf: IgbPhysicalFunction;
  readonly vfs: IgbVirtualFunctions;
  readonly port: IgbPort;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly trace: Trace;
  /** A machine has the PF now. */
  readonly taken?: boolean;
}

/** Where the derived addresses of a port's VFs begin, from the PF's: those of both PFs and of all VFs of a card differ. */
const firstVfOffset = (ports: number, portNumber: number): number => (ports === 1 ? 1 : portNumber === 0 ? 2 : 16);

/** `ip link`'s words as settings. */
export function settingsOf(vf: NicConfig['vfs'][number]): VfSettings {
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

export class HostedPf implements PortKeeper, PortRegisters {
  readonly manager: PfManager;
  readonly #pf: IgbPhysicalFunction;
  readonly #vfs: IgbVirtualFunctions;
  readonly #port: IgbPort;
  readonly #interrupts: HostedInterrupts;
  #hosting: boolean;

  /** Brings the port up, unless a machine has it. */
  constructor({ config, portNumber, pf, vfs, port, clock, tasks, trace, taken = false }: HostOptions) {
    const settings: VfSettings[] = [];
    for (const vf of config.vfs) if (vf.port === portNumber) settings[vf.index] = settingsOf(vf);
    this.manager = new PfManager({
      bus: busOver(port),
      clock,
      tasks,
      trace,
      mac: macOfPort(config, portNumber),
      firstVfOffset: firstVfOffset(config.ports, portNumber),
      settings,
    });
    this.#pf = pf;
    this.#vfs = vfs;
    this.#port = port;
    this.#interrupts = new HostedInterrupts();
    this.#interrupts.handler = () => this.manager.interrupt();
    this.#hosting = false;
    pf.keeper = this;
    if (!taken) this.#host(0);
  }

  /** A machine that has gone, or starts anew, leaves its port to the VFs of others. */
  keepsPort(kind: ResetKind): boolean {
    if (this.#hosting) return true;
    if (kind !== 'fundamental') return false;
    const passing = this.#passing();
    if (passing === 0) this.#port.reset(kind);
    this.#host(passing);
    return true;
  }

  /** VFs of other machines that receive now, a bit each: the pool is enabled, and so is its first queue. */
  #passing(): number {
    const { VFRE, RXDCTL } = registers;
    let passing = 0;
    for (let vf = 0; vf < POOLS; vf += 1) {
      const enabled = this.#port.peek(RXDCTL.at + vf * RXDCTL.step * 4) & RXDCTL.ENABLE.mask;
      if (enabled !== 0 && this.#vfs.isAttached(vf)) passing |= 1 << vf;
    }
    return passing & this.#port.peek(VFRE.at);
  }

  /** `passing`: VFs that go on as they are, a bit each. */
  #host(passing: number): void {
    this.#hosting = true;
    this.#vfs.interruptSlots[0]!.set(this.#interrupts);
    this.#pf.connect(this);
    if (passing === 0) this.manager.start();
    else this.manager.adopt(passing);
  }

  /** The PF's machine finds the port as after power-up. */
  #handOver(): void {
    this.#hosting = false;
    this.manager.release();
    this.#vfs.interruptSlots[0]!.set(this.#pf.interrupts);
    this.#pf.connect(this.#port);
    this.#port.reset('fundamental');
  }

  read(offset: number): number {
    this.#handOver();
    return this.#port.read(offset);
  }

  write(offset: number, value: number): void {
    this.#handOver();
    this.#port.write(offset, value);
  }

  peek(offset: number): number {
    return this.#port.peek(offset);
  }

  /** Not while it is hosted: `keepsPort` has said so. */
  reset(): void {
    throw new Error('the hosted PF keeps its port');
  }

  dmaEnabled(fn: number): void {
    if (fn === 0) this.#handOver();
    this.#port.dmaEnabled(fn);
  }

  messagesEnabled(fn: number): void {
    this.#port.messagesEnabled(fn);
  }
}

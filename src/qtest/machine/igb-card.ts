/** An 82576 for a slot: PF, VFs and the port behind them, driven by virtual time. */
import { IgbChip } from '../../devices/igb/chip.ts';
import { flashBytes } from '../../devices/igb/nvm/flash-memory.ts';
import { IgbPhysicalFunction } from '../../devices/igb/functions/physical-function.ts';
import { IgbPort } from '../../devices/igb/port.ts';
import { IgbVirtualFunctions } from '../../devices/igb/functions/virtual-functions.ts';
import {
  type Bus,
  GuardedClock,
  GuardedTasks,
  GuardedWire,
  type InterruptPin,
  type PciDomain,
} from '../../pci/index.ts';
import type { Trace, Wire, WirePort } from '../../ports/index.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface IgbCardOptions {
  readonly trace: Trace;
  readonly domain: PciDomain;
  readonly time: VirtualTime;
  readonly wire: Wire;
  readonly mac: Uint8Array;
  readonly pin: InterruptPin;
  readonly media?: 'copper' | 'sfp' | undefined;
  /** A second port of the same chip: function 1, whose address differs in the last bit. Its wire leads nowhere. */
  readonly twoPorts?: boolean | undefined;
}

/** What both ports of a chip have. */
interface Shared {
  readonly chip: IgbChip;
  readonly flash: Uint8Array;
}

/** A wire whose other end is in nothing; it gives a link. */
const unplugged: Wire = {
  acceptsOffload: false,
  carrier: true,
  send: () => undefined,
  plug: () => undefined,
  resume: () => undefined,
};

/** A port that is in no machine any more. */
const nowhere: WirePort = { canReceive: () => true, receive: () => undefined, carrierChanged: () => undefined };

export class IgbCard {
  readonly pf: IgbPhysicalFunction;
  readonly port: IgbPort;
  /** The card's other port, where it has one. */
  readonly second: IgbCard | undefined;
  readonly #wire: Wire;
  #bus: Bus | undefined;

  constructor(options: IgbCardOptions, first?: Shared) {
    const { trace, domain, time, wire, mac, pin, media, twoPorts = false } = options;
    const flash = first?.flash ?? flashBytes();
    const chip = first?.chip ?? new IgbChip({ bytes: flash });
    const functionNumber = first === undefined ? 0 : 1;
    this.pf = new IgbPhysicalFunction({
      ...{ trace, domain, mac, pin, flash, functionNumber },
      attachment: 'function',
      functions: twoPorts ? 2 : 1,
    });
    const { guard } = this.pf;
    const functions = new IgbVirtualFunctions({ trace, pf: this.pf });
    this.port = new IgbPort({
      clock: new GuardedClock(time, guard),
      tasks: new GuardedTasks(time, guard),
      trace,
      wire: new GuardedWire(wire, guard),
      memory: functions.memory,
      interruptPorts: functions.interruptPorts,
      mac,
      pme: this.pf,
      portNumber: functionNumber,
      chip,
      ...(media === undefined ? {} : { media }),
    });
    this.pf.connect(this.port);
    functions.connect(this.port);
    this.#wire = wire;
    this.#bus = undefined;
    const other = Uint8Array.from(mac);
    other[5]! ^= 1;
    this.second =
      twoPorts && first === undefined
        ? new IgbCard({ ...options, mac: other, wire: unplugged }, { chip, flash })
        : undefined;
    this.pf.sriov.next = this.second?.pf.sriov;
  }

  plug(bus: Bus, slot: number): void {
    bus.add(this.pf, slot << 3);
    if (this.second !== undefined) bus.add(this.second.pf, (slot << 3) | 1);
    this.#bus = bus;
  }

  /** Takes the card out; its VFs vanish with its reset. */
  unplug(): void {
    this.pf.reset('fundamental');
    this.second?.pf.reset('fundamental');
    if (this.second !== undefined) this.#bus?.remove(this.second.pf);
    this.#bus?.remove(this.pf);
    this.#bus = undefined;
    this.#wire.plug(nowhere);
  }
}

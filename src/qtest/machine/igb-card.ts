/** An 82576 for a slot: PF, VFs and the port behind them, driven by virtual time. */
import { IgbChip } from '../../devices/igb/chip.ts';
import { flashBytes } from '../../devices/igb/flash-memory.ts';
import { IgbPhysicalFunction } from '../../devices/igb/physical-function.ts';
import { IgbPort } from '../../devices/igb/port.ts';
import { IgbVirtualFunctions } from '../../devices/igb/virtual-functions.ts';
import {
  type Bus,
  GuardedClock,
  GuardedTasks,
  GuardedWirePort,
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
}

/** A port that is in no machine any more. */
const nowhere: WirePort = { canReceive: () => true, receive: () => undefined, carrierChanged: () => undefined };

export class IgbCard {
  readonly pf: IgbPhysicalFunction;
  readonly port: IgbPort;
  readonly #wire: Wire;
  #bus: Bus | undefined;

  constructor(options: IgbCardOptions) {
    const { trace, domain, time, wire, mac, pin } = options;
    const flash = { bytes: flashBytes() };
    this.pf = new IgbPhysicalFunction({ trace, domain, attachment: 'function', mac, pin, flash: flash.bytes });
    const { guard } = this.pf;
    const functions = new IgbVirtualFunctions({ trace, pf: this.pf });
    this.port = new IgbPort({
      clock: new GuardedClock(time, guard),
      tasks: new GuardedTasks(time, guard),
      trace,
      wire: {
        get acceptsOffload() {
          return wire.acceptsOffload;
        },
        get carrier() {
          return wire.carrier;
        },
        get drain() {
          return wire.drain;
        },
        send: (bytes, offset, length, offload) => wire.send(bytes, offset, length, offload),
        plug: (port) => wire.plug(new GuardedWirePort(port, guard)),
        resume: () => wire.resume(),
      },
      memory: functions.memory,
      interruptPorts: functions.interruptPorts,
      mac,
      pme: this.pf,
      chip: new IgbChip(flash),
    });
    this.pf.connect(this.port);
    functions.connect(this.port);
    this.#wire = wire;
    this.#bus = undefined;
  }

  plug(bus: Bus, slot: number): void {
    bus.add(this.pf, slot << 3);
    this.#bus = bus;
  }

  /** Takes the card out; its VFs vanish with its reset. */
  unplug(): void {
    this.pf.reset('fundamental');
    this.#bus?.remove(this.pf);
    this.#bus = undefined;
    this.#wire.plug(nowhere);
  }
}

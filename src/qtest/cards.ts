/** Puts devices of a command line, or of `device_add`, into a machine. */
import type { IgbCard } from './machine/igb-card.ts';
import type { Machine } from './machine/machine.ts';
import type { DeviceOptions } from './options/device.ts';
import { fault } from './options/words.ts';
import { MachineWire, OpenCable } from './wires.ts';

/** QEMU's first address; each further device without one has the next. */
const FIRST_MAC = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56] as const;

export class Cards {
  readonly #machine: Machine;
  readonly #wires: ReadonlyMap<string, MachineWire>;
  /** Who was last plugged into a netdev. */
  readonly #plugged: Map<string, IgbCard>;
  #macs: number;

  constructor(machine: Machine, wires: ReadonlyMap<string, MachineWire>) {
    this.#machine = machine;
    this.#wires = wires;
    this.#plugged = new Map();
    this.#macs = 0;
  }

  /** Plugs a device in, while the machine runs where `hot`. Throws QTestError. */
  add(device: DeviceOptions, hot: boolean): IgbCard | undefined {
    const { id, bus, slot } = device;
    if (device.driver === 'pcie-root-port') {
      if (hot) throw fault('device_add: root ports cannot be hot-plugged');
      this.#machine.addRootPort({ id, bus, slot });
      return undefined;
    }
    const card = this.#machine.addIgb(
      { id, bus, slot, hot },
      this.#wireOf(device.netdev),
      device.mac ?? this.#nextMac(),
    );
    if (device.netdev !== undefined) this.#plugged.set(device.netdev, card);
    return card;
  }

  #wireOf(netdev: string | undefined): MachineWire {
    if (netdev === undefined) return new MachineWire(new OpenCable());
    const wire = this.#wires.get(netdev);
    if (wire === undefined) throw fault(`there is no netdev "${netdev}"`);
    const card = this.#plugged.get(netdev);
    if (card !== undefined && this.#machine.cards.includes(card)) throw fault(`netdev "${netdev}" is in use`);
    return wire;
  }

  #nextMac(): Uint8Array {
    const mac = Uint8Array.from(FIRST_MAC);
    mac[5] = (mac[5]! + this.#macs) & 0xff;
    this.#macs += 1;
    return mac;
  }
}

/** The small machine behind the protocol: memory, a chipset, PCI slots, and time that only commands move. */
import { arena } from '../../packet/index.ts';
import { type Bus, type HostClient, PciDomain, type PciFunction } from '../../pci/index.ts';
import type { Trace, Wire } from '../../ports/index.ts';
import { QTestError } from '../errors.ts';
import { AddressSpace } from './address-space.ts';
import { type Chipset, makeI440fx, makeQ35 } from './chipset.ts';
import { ConfigAddressPort, ConfigDataPort, MemoryConfigWindow } from './config-access.ts';
import { FirmwareConfig } from './fw-cfg.ts';
import { AcpiHotPlug } from './hot-plug.ts';
import { IgbCard, type IgbCardOptions } from './igb-card.ts';
import { InterruptLines } from './interrupt-lines.ts';
import { PortSpace } from './port-space.ts';
import { Ram } from './ram.ts';
import { QemuRootPort } from './qemu-root-port.ts';
import type { VirtualTime } from './virtual-time.ts';

export type MachineType = 'pc' | 'q35';

export interface MachineOptions {
  readonly type: MachineType;
  readonly ramBytes: number;
  readonly trace: Trace;
  readonly time: VirtualTime;
  /** Without `-nodefaults` QEMU has a VGA, whose slot stays free for it. */
  readonly defaults: boolean;
}

/** Where a device is to go; what is missing is chosen. */
export interface Place {
  readonly id?: string | undefined;
  readonly bus?: string | undefined;
  readonly slot?: number | undefined;
  /** Plugged while the machine runs, which only some slots can do. */
  readonly hot?: boolean;
}

interface Card {
  readonly id: string | undefined;
  readonly card: IgbCard;
  readonly bus: Bus;
  readonly slot: number;
}

/** Interrupt messages go here: the local APICs' window. */
const APIC_BASE = 0xfee0_0000;
const APIC_BYTES = 0x10_0000;
/** More than a card takes of the packet arena, which takes nothing back. */
const CARD_BYTES = 2 ** 20;

export class Machine implements HostClient {
  readonly type: MachineType;
  readonly time: VirtualTime;
  readonly dma: Ram;
  readonly domain: PciDomain;
  readonly memory: AddressSpace;
  readonly ports: PortSpace;
  readonly lines: InterruptLines;
  /** Interrupt messages that reached the processors. */
  messages: number;
  /** Told of each. */
  onMessage: ((address: number, data: number) => void) | undefined;
  /** Told when a device that was to go has gone. */
  onDeleted: ((id: string | undefined) => void) | undefined;
  readonly #trace: Trace;
  readonly #chipset: Chipset;
  readonly #configAddress: ConfigAddressPort;
  readonly #hotPlug: AcpiHotPlug | undefined;
  readonly #cards: Card[];
  readonly #leaving: Set<Card>;
  /** Root ports by id, and the slot of each. */
  readonly #buses: Map<string, { readonly bus: Bus; readonly slot: number }>;
  readonly #reserved: number;

  constructor(options: MachineOptions) {
    const { type, trace, time, ramBytes } = options;
    this.type = type;
    this.time = time;
    this.#trace = trace;
    this.domain = new PciDomain(trace);
    this.domain.host = this;
    const changed = (): void => this.lines?.refresh();
    const chipset =
      type === 'pc' ? makeI440fx({ trace }, changed) : makeQ35({ trace }, changed, new MemoryConfigWindow(this.domain));
    this.#chipset = chipset;
    for (const [routingOffset, fn] of chipset.functions) this.domain.root.add(fn, routingOffset);
    this.lines = new InterruptLines(chipset.routing);
    this.dma = new Ram(ramBytes, chipset.lowMemoryLimit(ramBytes));
    this.memory = new AddressSpace(this.dma, this.domain.map, chipset.windows);
    this.#configAddress = new ConfigAddressPort();
    this.#hotPlug =
      chipset.hotPlugBase === undefined
        ? undefined
        : new AcpiHotPlug(chipset.hotPlugBase, {
            removable: ~((1 << 0) | (1 << 1)),
            ejected: (slot) => this.#ejected(slot),
          });
    this.ports = new PortSpace(this.domain.root, [
      this.#configAddress,
      new ConfigDataPort(this.domain, this.#configAddress),
      new FirmwareConfig(ramBytes),
      ...(this.#hotPlug === undefined ? [] : [this.#hotPlug]),
    ]);
    this.messages = 0;
    this.onMessage = undefined;
    this.onDeleted = undefined;
    this.#cards = [];
    this.#leaving = new Set();
    this.#buses = new Map();
    this.#reserved = options.defaults ? chipset.vgaSlot : -1;
  }

  /** No interrupt lines lead to the processors by signal: pins do (`lines`). */
  signal(): boolean {
    return false;
  }

  writeMessage(address: number, data: number): void {
    const piece = this.dma.forWriting(address, 4);
    if (piece !== undefined) piece.dwords[(address - piece.base) >>> 2] = data;
    else if (address >= APIC_BASE && address < APIC_BASE + APIC_BYTES) {
      this.messages += 1;
      this.onMessage?.(address, data);
    }
  }

  get cards(): readonly IgbCard[] {
    return this.#cards.map(({ card }) => card);
  }

  /** Adds a root port, `-device pcie-root-port`. */
  addRootPort(place: Place): void {
    if (!this.#chipset.express) throw new QTestError('QTEST_DEVICE', 'pcie-root-port needs -machine q35');
    const id = place.id;
    if (id === undefined) throw new QTestError('QTEST_DEVICE', 'pcie-root-port needs an id');
    if (this.#buses.has(id)) throw new QTestError('QTEST_DEVICE', `two devices have the id "${id}"`);
    const { bus, slot } = this.#choose(place);
    const port = new QemuRootPort({ trace: this.#trace, domain: this.domain });
    bus.add(port, slot << 3);
    this.#buses.set(id, { bus: port.secondary, slot });
  }

  /** Adds an 82576, `-device igb`. */
  addIgb(place: Place, wire: Wire, mac: Uint8Array, kind: Pick<IgbCardOptions, 'media' | 'twoPorts'> = {}): IgbCard {
    const { id } = place;
    if (id !== undefined && (this.#buses.has(id) || this.#cards.some((other) => other.id === id))) {
      throw new QTestError('QTEST_DEVICE', `two devices have the id "${id}"`);
    }
    const { bus, slot, pinSlot } = this.#choose(place);
    if (place.hot === true && (this.#hotPlug === undefined || bus !== this.domain.root)) {
      throw new QTestError('QTEST_HOTPLUG', `Bus '${place.bus ?? 'pcie.0'}' does not support hotplugging`);
    }
    if (arena.available < CARD_BYTES) {
      throw new QTestError('QTEST_DEVICE', 'too many devices since this process began: start another');
    }
    const { time, domain } = this;
    const card = new IgbCard({ trace: this.#trace, domain, time, wire, mac, pin: this.lines.pinOf(pinSlot), ...kind });
    card.plug(bus, slot);
    this.#cards.push({ id, card, bus, slot });
    if (place.hot === true) this.#hotPlug?.plugged(slot);
    return card;
  }

  /** Asks for a device to go; it has gone when the guest ejects it (`onDeleted`). */
  requestRemoval(id: string): void {
    const found = this.#cards.find((card) => card.id === id);
    if (found === undefined) throw new QTestError('QTEST_NO_DEVICE', `Device '${id}' not found`);
    if (this.#hotPlug === undefined || found.bus !== this.domain.root) {
      throw new QTestError('QTEST_HOTPLUG', `Bus 'pcie.0' does not support hotplugging`);
    }
    this.#leaving.add(found);
    this.#hotPlug.request(found.slot);
  }

  #ejected(slot: number): void {
    for (const card of this.#cards.filter((other) => other.bus === this.domain.root && other.slot === slot)) {
      this.#remove(card);
    }
  }

  #remove(card: Card): void {
    card.card.unplug();
    this.#cards.splice(this.#cards.indexOf(card), 1);
    this.#leaving.delete(card);
    this.onDeleted?.(card.id);
  }

  /** The platform's reset. Memory keeps its content; a device that was asked to go is gone after it. */
  reset(): void {
    for (const card of [...this.#leaving]) this.#remove(card);
    this.domain.root.reset('fundamental');
    this.#configAddress.value = 0;
    this.#hotPlug?.reset();
  }

  #choose(place: Place): { bus: Bus; slot: number; pinSlot: number } {
    const rootName = this.#chipset.express ? 'pcie.0' : 'pci.0';
    if (place.bus !== undefined && place.bus !== rootName) {
      const port = this.#buses.get(place.bus);
      if (port === undefined) throw new QTestError('QTEST_DEVICE', `Bus '${place.bus}' not found`);
      const slot = place.slot ?? 0;
      if (slot !== 0)
        throw new QTestError('QTEST_DEVICE', `PCI: slot ${slot} is not valid for ${place.bus}: only slot 0`);
      this.#free(port.bus, slot);
      return { bus: port.bus, slot, pinSlot: port.slot };
    }
    const { root } = this.domain;
    if (place.slot !== undefined) {
      this.#free(root, place.slot);
      return { bus: root, slot: place.slot, pinSlot: place.slot };
    }
    for (let slot = 1; slot < 32; slot += 1) {
      if (slot !== this.#reserved && this.#occupant(root, slot) === undefined)
        return { bus: root, slot, pinSlot: slot };
    }
    throw new QTestError('QTEST_DEVICE', 'PCI: no slot is free');
  }

  #free(bus: Bus, slot: number): void {
    if (this.#occupant(bus, slot) !== undefined) throw new QTestError('QTEST_DEVICE', `PCI: slot ${slot} is in use`);
  }

  #occupant(bus: Bus, slot: number): PciFunction | undefined {
    return bus.functions.find((fn) => fn.routingOffset >> 3 === slot);
  }
}

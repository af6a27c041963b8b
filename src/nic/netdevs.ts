/** The netdevs of a NIC: opened and closed while it runs, in hubs, and one of them at the end of its cable. */
import type { EventLoop } from '../linux/index.ts';
import { arena } from '../packet/index.ts';
import type { Wire } from '../ports/index.ts';
import {
  Hub,
  type HubPort,
  type NetdevOptions,
  openWire,
  type OpenWire,
  RECEIVE_BUFFER_LENGTH,
  type ReceiveBuffer,
} from '../wires/index.ts';
import { Cable } from './cable.ts';
import { checkNetdevs, freeNetdevs, isConnection, type HubConnection } from './netdev-rules.ts';
import { netdevError, netdevName } from './host-advice.ts';
import type { NicStatistics } from './nic-statistics.ts';

/** One netdev as a monitor shows it. */
export interface NetdevStatus {
  readonly options: NetdevOptions;
  /** Undefined for a hub port that is connected to a netdev. */
  readonly carrier: boolean | undefined;
  readonly counters: NicStatistics;
  /** The NIC is plugged into it, with this port. */
  readonly own: boolean;
  readonly port: number | undefined;
}

interface Opened {
  readonly options: NetdevOptions;
  readonly wire: OpenWire;
}

interface Connected {
  readonly options: HubConnection;
  readonly port: HubPort;
}

export class Netdevs {
  readonly #loop: EventLoop;
  readonly #log: (line: string) => void;
  readonly #hubs: Map<number, Hub>;
  readonly #buffer: ReceiveBuffer;
  /** One for each port. */
  readonly #cables: readonly Cable[];
  /** By id. */
  readonly #opened: Map<string, Opened>;
  readonly #connections: Map<string, Connected>;
  /** By port. */
  readonly #own: (string | undefined)[];

  /** Opens all of them. Throws with nothing left open. */
  constructor(netdevs: readonly NetdevOptions[], loop: EventLoop, log: (line: string) => void, ports = 1) {
    this.#loop = loop;
    this.#log = log;
    this.#hubs = new Map();
    this.#buffer = {
      bytes: arena.bytes,
      offset: arena.reserve(RECEIVE_BUFFER_LENGTH),
      length: RECEIVE_BUFFER_LENGTH,
    };
    this.#cables = Array.from({ length: ports }, () => new Cable());
    this.#opened = new Map();
    this.#connections = new Map();
    this.#own = Array.from({ length: ports }, () => undefined);
    const connections = netdevs.filter(isConnection);
    const onHub = new Set(connections.map(({ netdev }) => netdev));
    try {
      for (const netdev of netdevs) {
        if (isConnection(netdev)) continue;
        // A hub repeats finished frames only: better that the kernel finishes them.
        const plain = onHub.has(netdev.id) && (netdev.type === 'tap' || netdev.type === 'packet');
        this.#open(plain ? { ...netdev, vnet_hdr: false } : netdev);
      }
      for (const connection of connections) this.#connect(connection);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#choose();
  }

  /** The NIC's ends, by port. */
  get wires(): readonly Wire[] {
    return this.#cables;
  }

  /** Ids of the netdevs that the NIC is plugged into, by port. */
  get own(): readonly (string | undefined)[] {
    return this.#own;
  }

  /** Opens one more. The NIC is plugged into it where it had none, or where it takes the place of the NIC's. Throws NicError. */
  add(netdev: NetdevOptions): void {
    checkNetdevs([...this.#all(), netdev]);
    if (isConnection(netdev)) this.#connect(netdev);
    else this.#open(netdev);
    this.#choose();
  }

  /** Closes one; false where there is none of that id. The NIC is without a link until it is given another. */
  remove(id: string): boolean {
    const connection = this.#connections.get(id);
    if (connection !== undefined) {
      this.#connections.delete(id);
      connection.port.close();
    }
    const opened = this.#opened.get(id);
    if (opened !== undefined) {
      for (const [port, { options }] of this.#connections) if (options.netdev === id) this.remove(port);
      this.#opened.delete(id);
    }
    this.#choose();
    opened?.wire.close();
    return connection !== undefined || opened !== undefined;
  }

  list(): NetdevStatus[] {
    return this.#all().map((options) => {
      const wire = this.#opened.get(options.id)?.wire;
      const counters = (wire ?? this.#connections.get(options.id)!.port).counters;
      const port = this.#own.indexOf(options.id);
      const own = port !== -1;
      return { options, carrier: wire?.carrier, counters: { ...counters }, own, port: own ? port : undefined };
    });
  }

  statistics(): NicStatistics {
    const counters: Record<string, number> = {};
    for (const [id, { wire }] of this.#opened) {
      for (const [name, value] of Object.entries(wire.counters)) counters[`${id}.${name}`] = value as number;
    }
    return counters;
  }

  close(): void {
    for (const { wire } of this.#opened.values()) wire.close();
  }

  #all(): NetdevOptions[] {
    return [...this.#opened.values(), ...this.#connections.values()].map(({ options }) => options);
  }

  /** A port stays where it is as long as nothing else is plugged in there, and else takes what is free, in order. */
  #choose(): void {
    const free = freeNetdevs(this.#all()).map(({ id }) => id);
    const staying = this.#own.map((id) => (id !== undefined && free.includes(id) ? id : undefined));
    const left = free.filter((id) => !staying.includes(id));
    for (const [port, id] of staying.entries()) {
      const own = id ?? left.shift();
      this.#own[port] = own;
      this.#cables[port]!.connect(own === undefined ? undefined : this.#opened.get(own)!.wire);
    }
  }

  #connect(options: HubConnection): void {
    const hub = this.#hubs.get(options.hubid) ?? new Hub(this.#loop);
    this.#hubs.set(options.hubid, hub);
    const { wire } = this.#opened.get(options.netdev)!;
    this.#connections.set(options.id, { options, port: hub.connect(wire) });
  }

  #open(netdev: NetdevOptions): void {
    const name = netdevName(netdev.type, netdev.id);
    const context = { loop: this.#loop, buffer: this.#buffer, hubs: this.#hubs };
    try {
      const wire = openWire(netdev, { ...context, log: (line) => this.#log(`${name}: ${line}`) });
      this.#opened.set(netdev.id, { options: netdev, wire });
    } catch (error) {
      throw netdevError(error, netdev);
    }
  }
}

/** Opens the netdevs of a configuration and finds the one that the NIC is plugged into. */
import type { EventLoop } from '../linux/index.ts';
import { arena } from '../packet/index.ts';
import type { FrameOffload, Wire } from '../ports/index.ts';
import {
  Hub,
  openWire,
  RECEIVE_BUFFER_LENGTH,
  type NetdevOptions,
  type OpenContext,
  type OpenWire,
} from '../wires/index.ts';
import { NicError } from './errors.ts';
import { netdevError, netdevName } from './host-advice.ts';
import type { NicStatistics } from './nic-statistics.ts';

type Hubport = Extract<NetdevOptions, { type: 'hubport' }>;

export interface Netdevs {
  readonly wire: Wire;
  statistics(): NicStatistics;
  close(): void;
}

/** A socket with no cable in it. */
const unplugged: Wire = {
  acceptsOffload: false,
  carrier: false,
  send: (_bytes: Uint8Array, _offset: number, _length: number, _offload: FrameOffload | undefined) => undefined,
  plug: () => undefined,
  resume: () => undefined,
};

/** The netdev that no hub port is connected to: the NIC's. */
function nicNetdev(netdevs: readonly NetdevOptions[]): NetdevOptions | undefined {
  const connected = new Set(netdevs.map((netdev) => (netdev.type === 'hubport' ? netdev.netdev : undefined)));
  const free = netdevs.filter((netdev) => {
    if (netdev.type === 'hubport' && netdev.netdev !== undefined) return false;
    return !connected.has(netdev.id);
  });
  if (free.length > 1) {
    const names = free.map(({ id }) => id).join(', ');
    throw new NicError('CONFIG', `${names}: a NIC has one wire; connect the others by hubport,id=…,hubid=0,netdev=…`);
  }
  return free[0];
}

/**
 * Checks that ids are unique and that hub ports name netdevs that exist; gives the id of the one that the NIC is plugged
 * into, if there is one. Throws NicError `CONFIG`.
 */
export function checkNetdevs(netdevs: readonly NetdevOptions[]): string | undefined {
  const ids = new Set<string>();
  for (const { id } of netdevs) {
    if (ids.has(id)) throw new NicError('CONFIG', `two netdevs are named "${id}"`);
    ids.add(id);
  }
  for (const netdev of netdevs) {
    if (netdev.type === 'hubport' && netdev.netdev !== undefined && !ids.has(netdev.netdev)) {
      throw new NicError('CONFIG', `hubport ${netdev.id}: there is no netdev "${netdev.netdev}"`);
    }
  }
  return nicNetdev(netdevs)?.id;
}

function open(netdev: NetdevOptions, context: OpenContext, log: (line: string) => void): OpenWire {
  const name = netdevName(netdev.type, netdev.id);
  try {
    return openWire(netdev, { ...context, log: (line) => log(`${name}: ${line}`) });
  } catch (error) {
    throw netdevError(error, netdev);
  }
}

/** Opens all of them in the device thread. Throws with nothing left open. */
export function openNetdevs(netdevs: readonly NetdevOptions[], loop: EventLoop, log: (line: string) => void): Netdevs {
  const hubs = new Map<number, Hub>();
  const opened = new Map<string, OpenWire>();
  const buffer = { bytes: arena.bytes, offset: arena.reserve(RECEIVE_BUFFER_LENGTH), length: RECEIVE_BUFFER_LENGTH };
  const connections = netdevs.filter(
    (netdev): netdev is Hubport => netdev.type === 'hubport' && netdev.netdev !== undefined,
  );
  const onHub = new Set(connections.map(({ netdev }) => netdev));
  const close = (): void => {
    for (const wire of opened.values()) wire.close();
  };
  try {
    for (const netdev of netdevs) {
      if (netdev.type === 'hubport' && netdev.netdev !== undefined) continue;
      // A hub repeats finished frames only.
      const plain = onHub.has(netdev.id) && (netdev.type === 'tap' || netdev.type === 'packet');
      const options = plain ? { ...netdev, vnet_hdr: false } : netdev;
      opened.set(netdev.id, open(options, { loop, buffer, hubs }, log));
    }
    for (const { hubid, netdev } of connections) {
      const hub = hubs.get(hubid) ?? new Hub(loop);
      hubs.set(hubid, hub);
      hub.connect(opened.get(netdev!)!);
    }
  } catch (error) {
    close();
    throw error;
  }
  const own = nicNetdev(netdevs);
  return {
    wire: own === undefined ? unplugged : opened.get(own.id)!,
    statistics: () => {
      const counters: Record<string, number> = {};
      for (const [id, wire] of opened) {
        for (const [name, value] of Object.entries(wire.counters)) counters[`${id}.${name}`] = value as number;
      }
      return counters;
    },
    close,
  };
}

/** Which netdevs go together, and which of them a NIC can be plugged into. */
import type { NetdevOptions } from '../wires/index.ts';
import { NicError } from './errors.ts';

/** A hub port that is connected to another netdev. */
export type HubConnection = Extract<NetdevOptions, { type: 'hubport' }> & { readonly netdev: string };

export const isConnection = (netdev: NetdevOptions): netdev is HubConnection =>
  netdev.type === 'hubport' && netdev.netdev !== undefined;

/** Those that nothing is plugged into. */
export function freeNetdevs(netdevs: readonly NetdevOptions[]): NetdevOptions[] {
  const connected = new Set(netdevs.filter(isConnection).map(({ netdev }) => netdev));
  return netdevs.filter((netdev) => !isConnection(netdev) && !connected.has(netdev.id));
}

/** Checks that ids are unique and that hub ports name netdevs that exist, once each. Throws NicError `CONFIG`. */
export function checkNetdevs(netdevs: readonly NetdevOptions[]): void {
  const ids = new Set<string>();
  for (const { id } of netdevs) {
    if (ids.has(id)) throw new NicError('CONFIG', `two netdevs are named "${id}"`);
    ids.add(id);
  }
  const used = new Set<string>();
  for (const { id, netdev } of netdevs.filter(isConnection)) {
    const other = netdevs.find((one) => one.id === netdev);
    if (other === undefined) throw new NicError('CONFIG', `hubport ${id}: there is no netdev "${netdev}"`);
    if (isConnection(other)) throw new NicError('CONFIG', `hubport ${id}: "${netdev}" is connected to a netdev itself`);
    if (used.has(netdev)) throw new NicError('CONFIG', `hubport ${id}: "${netdev}" is in a hub already`);
    used.add(netdev);
  }
}

/** Ids of the netdevs that the ports of a NIC are plugged into. Throws NicError `CONFIG` where there are more than it has ports. */
export function ownNetdevs(netdevs: readonly NetdevOptions[], ports = 1): (string | undefined)[] {
  const free = freeNetdevs(netdevs);
  if (free.length > ports) {
    const names = free.map(({ id }) => id).join(', ');
    const has = ports === 1 ? 'a NIC has one wire' : 'a NIC of two ports has two wires';
    throw new NicError('CONFIG', `${names}: ${has}; connect the others by hubport,id=…,hubid=0,netdev=…`);
  }
  return Array.from({ length: ports }, (_, port) => free[port]?.id);
}

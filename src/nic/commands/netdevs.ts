import type { NetdevOptions } from '../../wires/index.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { NicError } from '../errors.ts';
import type { NetdevStatus } from '../netdevs.ts';

/** Opens a netdev, whose hosts are numeric. */
export function addNetdev({ netdevs }: AssembledNic, netdev: NetdevOptions): void {
  netdevs.add(netdev);
}

export function removeNetdev({ netdevs }: AssembledNic, { id }: { readonly id: string }): void {
  if (!netdevs.remove(id)) throw new NicError('NO_NETDEV', `there is no netdev "${id}"`);
}

export function listNetdevs({ netdevs }: AssembledNic): NetdevStatus[] {
  return netdevs.list();
}

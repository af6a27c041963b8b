import type { AssembledNic } from '../assembled-nic.ts';
import { dropStatistics } from '../drops.ts';
import { linkStatistics } from '../link.ts';

/** Counters of one NIC by name; wires' counters are prefixed by the netdev's id. */
export type NicStatistics = Readonly<Record<string, number>>;

export function statistics({ netdevs, port }: AssembledNic): NicStatistics {
  return { ...netdevs.statistics(), ...linkStatistics(port), ...dropStatistics(port) };
}

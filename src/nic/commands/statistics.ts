import type { AssembledNic } from '../assembled-nic.ts';
import { dropStatistics } from '../drops.ts';
import { linkStatistics } from '../link.ts';
import type { NicStatistics } from '../nic-statistics.ts';

export function statistics({ netdevs, port }: AssembledNic): NicStatistics {
  return { ...netdevs.statistics(), ...linkStatistics(port), ...dropStatistics(port) };
}

import type { AssembledNic } from '../assembled-nic.ts';
import { dropStatistics, refusedStatistics } from '../drops.ts';
import { linkStatistics } from '../link.ts';
import type { NicStatistics } from '../nic-statistics.ts';
import type { PortParts } from '../port-parts.ts';

const ofPort = ({ port, vfs }: Pick<PortParts, 'port' | 'vfs'>): NicStatistics => ({
  ...linkStatistics(port),
  ...dropStatistics(port),
  ...refusedStatistics(vfs),
});

/** Those of a second port have `port1.` in front. */
export function statistics({ netdevs, port, vfs, second }: AssembledNic): NicStatistics {
  const others = second === undefined ? [] : Object.entries(ofPort(second));
  return {
    ...netdevs.statistics(),
    ...ofPort({ port, vfs }),
    ...Object.fromEntries(others.map(([name, value]) => [`port1.${name}`, value])),
  };
}

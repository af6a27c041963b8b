import type { IgbPort } from '../../devices/igb/port.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { dropStatistics } from '../drops.ts';
import { linkStatistics } from '../link.ts';
import type { NicStatistics } from '../nic-statistics.ts';

const ofPort = (port: IgbPort): NicStatistics => ({ ...linkStatistics(port), ...dropStatistics(port) });

/** Those of a second port have `port1.` in front. */
export function statistics({ netdevs, port, second }: AssembledNic): NicStatistics {
  const others = second === undefined ? [] : Object.entries(ofPort(second.port));
  return {
    ...netdevs.statistics(),
    ...ofPort(port),
    ...Object.fromEntries(others.map(([name, value]) => [`port1.${name}`, value])),
  };
}

/** Frames that the port lost, for its statistics. */
import type { IgbPort } from '../devices/igb/port.ts';
import { pf } from '../devices/igb/tables/index.ts';
import type { IgbVirtualFunctions } from '../devices/igb/functions/virtual-functions.ts';
import type { NicStatistics } from './nic-statistics.ts';

/** What the packet buffer and each queue dropped since a driver last read the counter: reading clears it. */
export function dropStatistics(port: IgbPort): NicStatistics {
  const { values } = port.context.registers;
  const queues = Array.from({ length: pf.RQDPC.count }, (_, queue): [string, number] => [
    `droppedQueue${queue}`,
    values[pf.RQDPC.index + queue * pf.RQDPC.step]!,
  ]);
  return { droppedBuffer: values[pf.MPC.index]!, ...Object.fromEntries(queues) };
}

/** Accesses of the PF's machine to VFs that belong to another one. */
export function refusedStatistics({ hierarchy }: IgbVirtualFunctions): NicStatistics {
  return Object.fromEntries(hierarchy.map(({ index, refused }) => [`refusedVf${index}`, refused]));
}

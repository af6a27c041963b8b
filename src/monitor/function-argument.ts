/** The words or members that name a function of the NIC, or a port. */
import * as v from 'valibot';
import type { Nic } from '../nic/nic.ts';
import { allFunctionNames, type FunctionPlace, functionNames, pfNames, placeOfFunction } from '../nic/functions.ts';
import { MonitorError } from './context.ts';

export const functionSchema = v.optional(
  v.picklist(allFunctionNames, `must be one of ${allFunctionNames.join(', ')}`),
  'pf',
);
/** Of a name that the schema has let pass. */
export const placeOf = (name: string): FunctionPlace => placeOfFunction(name)!;
/** Names of the functions that a NIC has. */
export const namesOf = ({ ports }: Nic): readonly string[] => (ports === 1 ? functionNames : allFunctionNames);

export const portSchema = v.optional(v.picklist([0, 1], 'must be 0 or 1'), 0);
export const ofPort = v.strictObject({ port: portSchema });

/** Takes the name of a PF, which stands for its port, out of a line's words. */
export function takePort(words: readonly string[]): { port: { port?: number }; rest: string[] } {
  const port = pfNames.findIndex((name) => words.includes(name));
  const rest = words.filter((word) => word !== pfNames[port]);
  return { port: port === -1 ? {} : { port }, rest };
}

/** A line that may name a port, and nothing else. */
export function portOnly(words: readonly string[]): { port?: number } {
  const { port, rest } = takePort(words);
  if (rest.length === 0) return port;
  throw new MonitorError('USAGE', `"${rest[0]}" is too much: a port is named by ${pfNames.join(' or ')}`);
}

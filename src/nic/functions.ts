/**
 * The functions of a NIC by name, as users write them: `pf`, and `vf0` to `vf7`; of port 1 `pf1`, and `pf1vf0` to `pf1vf7`. By number
 * within their port the PF is 0, VF v is 1 + v.
 */
import { POOLS } from '../devices/igb/context.ts';
import type { FunctionMemory, PciFunction } from '../pci/index.ts';
import type { NicConfig } from './config.ts';
import { NicError } from './errors.ts';
import type { PortParts } from './port-parts.ts';

const PER_PORT = 1 + POOLS;
const vfNames = Array.from({ length: POOLS }, (_, vf) => `vf${vf}`);

/** The physical functions, by port. */
export const pfNames = ['pf', 'pf1'] as const;
/** Those of port 0, by number. */
export const functionNames: readonly string[] = [pfNames[0], ...vfNames];
/** Those of port 0, then those of port 1. */
export const allFunctionNames: readonly string[] = [
  ...functionNames,
  pfNames[1],
  ...vfNames.map((name) => pfNames[1] + name),
];

/** Where a function is. */
export interface FunctionPlace {
  readonly port: number;
  /** 0 the PF, 1 + v VF v. */
  readonly number: number;
}

export const nameOfFunction = ({ port, number }: FunctionPlace): string => allFunctionNames[port * PER_PORT + number]!;

/** Undefined where no function has such a name. */
export function placeOfFunction(name: string): FunctionPlace | undefined {
  const index = allFunctionNames.indexOf(name);
  return index === -1 ? undefined : { port: Math.floor(index / PER_PORT), number: index % PER_PORT };
}

/** Of what a socket serves: pf`, or `vf` and its number; of port 1 by itself `pf1`, and with that before it `pf1vf0`. */
export function attachmentId(attachment: NicConfig['attach'][number]): string {
  if (attachment.kind === 'hierarchy') return 'pf';
  const pf = attachment.port === 1 ? 'pf1' : '';
  return attachment.kind === 'vf' ? `${pf}vf${attachment.index}` : pf || 'pf';
}

/** A port and the functions before it. */
export type PortView = Pick<PortParts, 'pf' | 'vfs' | 'port'>;

/** The parts of a port that the NIC has; throws NicError `NO_PORT`. */
export function partsOf(nic: PortView & { readonly second: PortView | undefined }, port: number): PortView {
  const parts = port === 0 ? nic : nic.second;
  if (parts === undefined) throw new NicError('NO_PORT', 'the NIC has one port');
  return parts;
}

/** The function where it belongs now: a VF with the machine of its own socket while one is there, else behind the PF. */
export function functionOf({ pf, vfs }: PortView, number: number): PciFunction & { readonly memory: FunctionMemory } {
  if (number === 0) return pf;
  const vf = number - 1;
  return vfs.isAttached(vf) ? vfs.attachable[vf]! : vfs.hierarchy[vf]!;
}

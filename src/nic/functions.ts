/** The functions of a NIC by name, as users write them: `pf`, and `vf0` to `vf7`. By number the PF is 0, VF v is 1 + v. */
import { POOLS } from '../devices/igb/context.ts';
import type { FunctionMemory, PciFunction } from '../pci/index.ts';
import type { AssembledNic } from './assembled-nic.ts';
import type { Attachment } from './attachments.ts';
import { NicError } from './errors.ts';
import type { PortParts } from './port-parts.ts';

export const functionNames: readonly string[] = ['pf', ...Array.from({ length: POOLS }, (_, vf) => `vf${vf}`)];

/** Of what a socket serves: pf`, or `vf` and its number; of port 1 by itself `pf1`, and with that before it `pf1vf0`. */
export function attachmentId(attachment: Attachment): string {
  if (attachment.kind === 'hierarchy') return 'pf';
  const pf = attachment.port === 1 ? 'pf1' : '';
  return attachment.kind === 'vf' ? `${pf}vf${attachment.index}` : pf || 'pf';
}

/** The parts of a port that the NIC has. */
export function partsOf(nic: AssembledNic, port: number): Pick<PortParts, 'pf' | 'vfs' | 'port'> {
  const parts = port === 0 ? nic : nic.second;
  if (parts === undefined) throw new NicError('NO_PORT', 'the NIC has one port');
  return parts;
}

/** The function where it belongs now: a VF with the machine of its own socket while one is there, else behind the PF. */
export function functionOf(
  { pf, vfs }: AssembledNic,
  number: number,
): PciFunction & { readonly memory: FunctionMemory } {
  if (number === 0) return pf;
  const vf = number - 1;
  return vfs.isAttached(vf) ? vfs.attachable[vf]! : vfs.hierarchy[vf]!;
}

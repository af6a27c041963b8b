/** The functions of a NIC by name, as users write them: `pf`, and `vf0` to `vf7`. By number the PF is 0, VF v is 1 + v. */
import { POOLS } from '../devices/igb/context.ts';
import type { FunctionMemory, PciFunction } from '../pci/index.ts';
import type { AssembledNic } from './assembled-nic.ts';

export const functionNames: readonly string[] = ['pf', ...Array.from({ length: POOLS }, (_, vf) => `vf${vf}`)];

/** The function where it belongs now: a VF with the machine of its own socket while one is there, else behind the PF. */
export function functionOf(
  { pf, vfs }: AssembledNic,
  number: number,
): PciFunction & { readonly memory: FunctionMemory } {
  if (number === 0) return pf;
  const vf = number - 1;
  return vfs.isAttached(vf) ? vfs.attachable[vf]! : vfs.hierarchy[vf]!;
}

import type { FaultStatus } from '../../faults/index.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { NicError } from '../errors.ts';
import { parseFault } from '../fault-options.ts';

/** Lets a fault strike from now on; returns its id. Throws NicError. */
export function addFault({ faults }: AssembledNic, { text }: { readonly text: string }): string {
  const taken = new Set(faults.list().map(({ spec }) => spec.id));
  let number = 0;
  while (taken.has(`f${number}`)) number += 1;
  const spec = parseFault(text, `f${number}`);
  if (taken.has(spec.id)) throw new NicError('FAULT', `fault ${text}: there is a fault "${spec.id}" already`);
  if (!faults.add(spec)) throw new NicError('FAULT', `fault ${text}: the NIC has no port ${spec.port}`);
  return spec.id;
}

/** Takes a fault away, or all of them; returns how many. */
export function clearFaults({ faults }: AssembledNic, { id }: { readonly id?: string | undefined }): number {
  const cleared = faults.clear(id);
  if (id !== undefined && cleared === 0) throw new NicError('NOT_FOUND', `there is no fault "${id}"`);
  return cleared;
}

export function listFaults({ faults }: AssembledNic): FaultStatus[] {
  return faults.list();
}

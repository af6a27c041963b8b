import type { AssembledNic } from '../assembled-nic.ts';
import { NicError } from '../errors.ts';
import { functionOf, nameOfFunction, partsOf } from '../functions.ts';

/** Bytes of one request. */
export const MEMORY_LIMIT = 1 << 20;

export interface MemoryRequest {
  readonly port?: number;
  /** Whose machine: 0 the PF's, 1 + v that of VF v. */
  readonly number: number;
  readonly address: number;
  readonly length: number;
}

/** Copies memory of a machine by the address that the function would use for it. Reads nothing but memory, and has no effect. */
export function readMemory(nic: AssembledNic, { port = 0, number, address, length }: MemoryRequest): Uint8Array {
  const { memory } = functionOf(partsOf(nic, port), number);
  const name = nameOfFunction({ port, number });
  if (memory.domain.host === undefined) throw new NicError('NO_MACHINE', `no machine is attached to ${name}`);
  const bytes = new Uint8Array(Math.min(length, MEMORY_LIMIT));
  const found = memory.peek(address, bytes);
  if (found === bytes.length) return bytes;
  const where = `0x${(address + found).toString(16)}`;
  throw new NicError('NO_MEMORY', `Cannot access memory at ${where}: the machine of ${name} shares none there`);
}

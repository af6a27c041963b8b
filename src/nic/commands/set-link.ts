import type { AssembledNic } from '../assembled-nic.ts';
import { NicError } from '../errors.ts';

/** Plugs the cable of a port in or pulls it, at the NIC's end; port 0 where none is named. Throws NicError. */
export function setLink(nic: AssembledNic, given: { readonly up: boolean; readonly port?: number }): void {
  const found = (given.port ?? 0) === 0 ? nic : nic.second;
  if (found === undefined) throw new NicError('NO_DEVICE', `the NIC has no port ${given.port}`);
  found.port.setLink(given.up);
}

import type { AssembledNic } from '../assembled-nic.ts';
import { partsOf } from '../functions.ts';

/** Plugs the cable of a port in or pulls it, at the NIC's end; port 0 where none is named. Throws NicError. */
export function setLink(nic: AssembledNic, given: { readonly up: boolean; readonly port?: number }): void {
  partsOf(nic, given.port ?? 0).port.setLink(given.up);
}

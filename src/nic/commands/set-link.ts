import type { AssembledNic } from '../assembled-nic.ts';

/** Plugs the cable in or pulls it, at the NIC's end. */
export function setLink({ port }: AssembledNic, { up }: { readonly up: boolean }): void {
  port.setLink(up);
}

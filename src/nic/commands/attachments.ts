import type { AssembledNic } from '../assembled-nic.ts';
import type { Attachment, AttachmentStatus } from '../attachments.ts';
import { NicError } from '../errors.ts';

/** Makes the socket of a VF. */
export function addAttachment({ config, attachments, host }: AssembledNic, attachment: Attachment): void {
  if (attachment.kind !== 'vf') {
    throw new NicError('PF_FIXED', 'the PF is attached when the NIC starts: only VFs come and go');
  }
  if (attachment.port >= config.ports) throw new NicError('NO_PORT', 'the NIC has one port');
  attachments.add(attachment);
  host(attachment.port);
}

/** Takes the socket of a VF away, and the VF from the machine that is there. */
export function removeAttachment({ attachments }: AssembledNic, { id }: { readonly id: string }): void {
  if (id === 'pf' || id === 'pf1')
    throw new NicError('PF_FIXED', 'the PF goes when the NIC ends: only VFs come and go');
  if (!attachments.remove(id)) throw new NicError('NO_DEVICE', `Device '${id}' not found`);
}

export function listAttachments({ attachments }: AssembledNic): AttachmentStatus[] {
  return attachments.list();
}

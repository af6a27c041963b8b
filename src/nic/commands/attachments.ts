import type { AssembledNic } from '../assembled-nic.ts';
import type { Attachment, AttachmentStatus } from '../attachments.ts';
import { NicError } from '../errors.ts';

/** Makes the socket of a function. Throws NicError. */
export function addAttachment(nic: AssembledNic, attachment: Attachment): void {
  const { config, attachments, breaks, hierarchy, host } = nic;
  const { kind } = attachment;
  if (kind !== 'hierarchy' && attachment.port >= config.ports) throw new NicError('NO_PORT', 'the NIC has one port');
  const form = hierarchy === undefined ? 'function' : 'hierarchy';
  if (kind !== 'vf' && kind !== form) {
    const advice = `add it as ${form}, or start the NIC with --pf ${kind}`;
    throw new NicError('PF_FORM', `the PF of this NIC is a ${form} for as long as it runs: ${advice}`);
  }
  attachments.add(attachment);
  breaks.attachmentsChanged();
  if (kind === 'vf') host(attachment.port);
}

/** Takes the socket of a function away, and the function from the machine that is there. Throws NicError `NO_DEVICE`. */
export function removeAttachment({ attachments, breaks }: AssembledNic, { id }: { readonly id: string }): void {
  if (!attachments.remove(id)) throw new NicError('NO_DEVICE', `Device '${id}' not found`);
  breaks.attachmentsChanged();
}

export function listAttachments({ attachments }: AssembledNic): AttachmentStatus[] {
  return attachments.list();
}

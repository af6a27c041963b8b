/** Mailboxes between PF and VFs: who owns each, what waits, and the message in it. */
import { ACCEPTED, CLEAR_TO_SEND, INFO_MASK, INFO_SHIFT, Message, REFUSED, TYPE_MASK } from '../../driver/index.ts';
import { hex } from '../../registers/index.ts';
import { type MonitorModule, query } from '../context.ts';
import { ofPort, portOnly } from '../function-argument.ts';
import { pf, type RegisterView, viewOf } from '../register-view.ts';
import type { Style } from '../style.ts';

const VFS = 8;
const DWORDS = 16;

interface MailboxStatus {
  readonly vf: number;
  /** Of the buffer. */
  readonly owner: 'pf' | 'vf' | 'nobody';
  /** What the PF has not yet taken: VFREQ, VFACK, VFLRE. */
  readonly 'for-pf': readonly string[];
  /** What the VF has not yet read: PFSTS, PFACK, RSTI, RSTD. */
  readonly 'for-vf': readonly string[];
  readonly words: readonly number[];
  /** The first word in igb's terms. */
  readonly message: string;
}

const names = new Map<number, string>(Object.entries(Message).map(([name, number]) => [number, name]));

function describe(word: number): string {
  if (word === 0) return '';
  const type = word & TYPE_MASK;
  const info = (word >>> INFO_SHIFT) & INFO_MASK;
  const parts = [names.get(type) ?? hex(type, 1)];
  if (info !== 0) parts.push(`info ${info}`);
  if ((word & ACCEPTED) !== 0) parts.push('ACK');
  if ((word & REFUSED) !== 0) parts.push('NACK');
  if ((word & CLEAR_TO_SEND) !== 0) parts.push('CTS');
  return parts.join(' ');
}

function statusOf(view: RegisterView, vf: number): MailboxStatus {
  const { V2PMAILBOX, MBVFICR, VFLRE, VMBMEM } = pf;
  const side = (field: 'VFU' | 'PFU' | 'PFSTS' | 'PFACK' | 'RSTI' | 'RSTD'): boolean =>
    view.isSet(V2PMAILBOX, V2PMAILBOX[field], vf);
  const bit = (value: number): boolean => ((value >>> vf) & 1) !== 0;
  const forPf = {
    VFREQ: bit(view.field(MBVFICR, MBVFICR.VFREQ)),
    VFACK: bit(view.field(MBVFICR, MBVFICR.VFACK)),
    VFLRE: bit(view.get(VFLRE)),
  };
  const words = Array.from({ length: DWORDS }, (_, n) => view.get(VMBMEM, vf * DWORDS + n));
  return {
    vf,
    owner: side('VFU') ? 'vf' : side('PFU') ? 'pf' : 'nobody',
    'for-pf': Object.entries(forPf).flatMap(([name, set]) => (set ? [name] : [])),
    'for-vf': (['PFSTS', 'PFACK', 'RSTI', 'RSTD'] as const).filter(side),
    words,
    message: describe(words[0]!),
  };
}

/** Words up to the last that is not 0. */
function written(words: readonly number[]): string {
  const end = words.findLastIndex((word) => word !== 0) + 1;
  return words
    .slice(0, end)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join(' ');
}

export const mailbox: MonitorModule = {
  queries: [
    query({
      name: 'mailbox',
      doc: 'the mailboxes between PF and VFs, and the last message in each',
      usage: '[pf|pf1]',
      schema: ofPort,
      parse: portOnly,
      fetch: async (context, { port }) => {
        const view = await viewOf(context, [pf.V2PMAILBOX, pf.MBVFICR, pf.VFLRE, pf.VMBMEM], port);
        return Array.from({ length: VFS }, (_, vf) => statusOf(view, vf));
      },
      render: (mailboxes: readonly MailboxStatus[], style: Style) =>
        style.table(
          ['vf', 'owner', 'for the PF', 'for the VF', 'message', 'words'],
          mailboxes.map((row) => [
            String(row.vf),
            row.owner,
            row['for-pf'].join(' '),
            row['for-vf'].join(' '),
            row.message,
            written(row.words),
          ]),
        ),
    }),
  ],
};

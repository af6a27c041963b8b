/** Trace events of the wire that a NIC is plugged into. */
import type { TraceEventSpec } from '../ports/index.ts';

const SEGMENTATION = ['none', 'TCP over IPv4', 'TCP over IPv6', 'UDP'] as const;

export const netTraceEvents = {
  net_send: {
    args: { length: 'bytes', checksum: ['done', 'left to the wire'], segmentation: SEGMENTATION, size: 'bytes' },
    doc: 'A frame goes to the wire, with what is left to do to it there.',
  },
  net_receive: {
    args: { length: 'bytes', checksum: ['done', 'left to the device'], segmentation: SEGMENTATION, size: 'bytes' },
    doc: 'A frame comes from the wire: it has a number from here on.',
  },
  net_wait: { args: {}, doc: 'The device takes no frame now: the wire keeps what it has.' },
  net_resume: { args: {}, doc: 'The device takes frames again.' },
  net_carrier: { args: { up: 'yes/no' }, doc: 'The wire came or went.' },
} as const satisfies Readonly<Record<string, TraceEventSpec>>;

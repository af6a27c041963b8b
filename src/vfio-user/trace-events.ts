/** Trace events of the vfio-user protocol. `client` numbers connections, of all sockets, in the order in which they came. */
import type { TraceEventSpec } from '../ports/index.ts';
import { command } from './protocol.ts';

const commands: string[] = [];
for (const [name, number] of Object.entries(command)) commands[number] = name;
const COMMANDS: readonly string[] = Array.from(commands, (name) => name ?? '');
const INDEXES = ['INTx', 'MSI', 'MSI-X', 'ERR', 'REQ'] as const;

export const vfioUserTraceEvents = {
  vfio_user_attached: { args: { client: 'count' }, doc: 'A client and the server agreed on a version.' },
  vfio_user_gone: { args: { client: 'count' }, doc: 'A client has gone, or was sent away.' },
  vfio_user_recv_hdr: {
    args: { client: 'count', id: 'count', command: COMMANDS, flags: 'hex', length: 'bytes' },
    doc: 'A message came; flags 1 is a reply, 0x10 wants none, 0x20 is an error.',
  },
  vfio_user_refused: {
    args: { client: 'count', id: 'count', command: COMMANDS, errno: 'count' },
    doc: 'A message was answered with an error.',
  },
  vfio_user_region_rw: {
    args: { client: 'count', region: 'count', offset: 'hex', length: 'bytes', write: 'yes/no' },
    doc: 'An access of the guest, before it is done: BARs are regions 0 to 5, configuration space is 7.',
  },
  vfio_user_dma_map: {
    args: { client: 'count', address: 'address', length: 'bytes', offset: 'hex', access: ['none', 'r', 'w', 'rw'] },
    doc: 'Guest memory may be reached by DMA.',
  },
  vfio_user_dma_unmap: {
    args: { client: 'count', address: 'address', length: 'bytes' },
    doc: 'Guest memory was taken back; of length 0, all of it.',
  },
  vfio_user_set_irqs: {
    args: { client: 'count', index: INDEXES, start: 'count', vectors: 'count', flags: 'hex' },
    doc: 'Interrupts were connected, disconnected, masked or triggered.',
  },
  vfio_user_irq: {
    args: { client: 'count', index: INDEXES, vector: 'count', delivered: 'yes/no' },
    doc: 'An interrupt was signalled by its eventfd; not delivered where none is connected.',
  },
  vfio_user_dma_write: {
    args: { client: 'count', address: 'address', length: 'bytes', data: 'hex' },
    doc: 'A write into the guest was sent as a message: an MSI.',
  },
  vfio_user_dma_read: {
    args: { client: 'count', address: 'address', length: 'bytes' },
    doc: 'A read of guest memory was sent as a message.',
  },
} as const satisfies Readonly<Record<string, TraceEventSpec>>;

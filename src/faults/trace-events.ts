/** Trace events of faults on demand: each strike is one. */
import type { TraceEventSpec } from '../ports/index.ts';

const DIRECTION = ['rx', 'tx'] as const;
const KIND = ['MSI-X', 'MSI', 'INTx'] as const;

export const faultTraceEvents = {
  fault_link_flap: { args: { up: 'yes/no' }, doc: 'The wire lost its carrier, or has it again.' },
  fault_interrupt_lost: {
    args: { function: 'function', kind: KIND, vector: 'vector' },
    doc: 'An interrupt was not sent.',
  },
  fault_interrupt_delayed: {
    args: { function: 'function', kind: KIND, vector: 'vector', delay: 'ns' },
    doc: 'An interrupt is held.',
  },
  fault_bad_fcs: {
    args: { direction: DIRECTION, length: 'bytes' },
    doc: 'A frame has a wrong FCS: who receives it drops it.',
  },
  fault_drop: { args: { direction: DIRECTION, length: 'bytes' }, doc: 'A frame was lost on the wire.' },
  fault_duplicate: { args: { direction: DIRECTION, length: 'bytes' }, doc: 'A frame comes twice.' },
  fault_reorder: { args: { direction: DIRECTION, length: 'bytes' }, doc: 'A frame lets the next one overtake it.' },
  fault_delay: { args: { direction: DIRECTION, length: 'bytes', delay: 'ns' }, doc: 'A frame is held on the wire.' },
  fault_write_back_corrupted: {
    args: { direction: DIRECTION, queue: 'queue', address: 'address', bit: 'count' },
    doc: 'One bit of a write-back was inverted.',
  },
  fault_descriptor_stuck: {
    args: { direction: DIRECTION, queue: 'queue', address: 'address' },
    doc: 'A write-back was not made: the descriptor stays as it was.',
  },
  fault_dma_error: {
    args: { direction: DIRECTION, function: 'function', address: 'address', length: 'bytes' },
    doc: 'An access to memory failed.',
  },
  fault_mailbox_lost: {
    args: { vf: 'vf', to: ['PF', 'VF'] },
    doc: 'A mailbox message, or the news of it, was lost.',
  },
} as const satisfies Readonly<Record<string, TraceEventSpec>>;

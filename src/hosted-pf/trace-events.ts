/** Trace events of the hosted PF. */
import type { TraceEventSpec } from '../ports/index.ts';

export const hostedPfTraceEvents = {
  pf_manager_start: { args: { vfs: 'count' }, doc: 'The hosted PF has brought the port up.' },
  pf_manager_adopt: {
    args: { vfs: 'pools' },
    doc: 'The hosted PF has taken over the VFs that a machine left as they are.',
  },
  pf_manager_stop: { args: {}, doc: 'The hosted PF has shut the port down, or a machine has it again.' },
  pf_manager_link: { args: { mbps: 'Mb/s' }, doc: 'The link changed; 0 is down.' },
  pf_manager_vf_reset: { args: { vf: 'vf' }, doc: 'A VF was reset: what its driver had asked for is forgotten.' },
  pf_manager_vf_ready: { args: { vf: 'vf' }, doc: 'A VF greeted and got its address.' },
  pf_manager_request: {
    args: { vf: 'vf', type: 'hex', info: 'count', accepted: 'yes/no' },
    doc: 'A request of a VF was answered.',
  },
  pf_manager_not_ready: {
    args: { vf: 'vf', word: 'message' },
    doc: 'A VF that has not greeted since its last reset wants something.',
  },
  pf_manager_control: { args: { vf: 'vf', word: 'message' }, doc: 'A VF was told about its link.' },
  pf_manager_spoof: {
    args: { queues: 'queues' },
    doc: 'Queues that sent frames with an address or a VLAN that is not theirs.',
  },
} as const satisfies Readonly<Record<string, TraceEventSpec>>;

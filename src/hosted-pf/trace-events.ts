/** Trace events of the hosted PF. */
import type { TraceEventSpec } from '../ports/index.ts';

export const hostedPfTraceEvents = {
  pf_manager_start: { format: 'vfs %u', doc: 'The hosted PF has brought the port up.' },
  pf_manager_stop: { format: '', doc: 'The hosted PF has shut the port down.' },
  pf_manager_link: { format: 'mbps %u', doc: 'The link changed; 0 is down.' },
  pf_manager_vf_reset: { format: 'vf %u', doc: 'A VF was reset: what its driver had asked for is forgotten.' },
  pf_manager_vf_ready: { format: 'vf %u', doc: 'A VF greeted and got its address.' },
  pf_manager_request: {
    format: 'vf %u type %u info %u accepted %u',
    doc: 'A request of a VF was answered.',
  },
  pf_manager_not_ready: {
    format: 'vf %u word 0x%x',
    doc: 'A VF that has not greeted since its last reset wants something.',
  },
  pf_manager_control: { format: 'vf %u word 0x%x', doc: 'A VF was told about its link.' },
  pf_manager_spoof: {
    format: 'queues 0x%x',
    doc: 'Queues that sent frames with an address or a VLAN that is not theirs.',
  },
} as const satisfies Readonly<Record<string, TraceEventSpec>>;

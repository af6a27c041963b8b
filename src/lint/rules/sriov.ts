/** Virtual functions and their mailboxes. */
import { pf } from '../../devices/igb/tables/index.ts';
import { onEvent, onWrite, type RuleTable } from '../rule.ts';
import type { Sight } from '../sight.ts';
import { isMailboxMemory } from '../vf-registers.ts';

const { V2PMAILBOX, VMBMEM } = pf;
const TYPE = 0xffff;
const RESET = 1;
/** 16 dwords for each VF. */
const vfOfDword = (element: number): number => element >>> 4;
const lacks = (sight: Sight, number: number, owner: { readonly mask: number }): boolean =>
  (sight.now(V2PMAILBOX, number) & owner.mask) === 0;

export const sriovRules = {
  'mailbox-not-owned-by-pf': {
    wrong: 'writes mailbox memory as PF without owning it',
    advice: 'Set P2VMAILBOX.PFU and see it set first.',
    section: '7.5',
    looks: [
      onWrite([VMBMEM], (sight) => !sight.history.vfWrites && lacks(sight, vfOfDword(sight.element), V2PMAILBOX.PFU)),
    ],
  },
  'mailbox-not-owned-by-vf': {
    wrong: 'writes mailbox memory as VF without owning it',
    advice: 'Set V2PMAILBOX.VFU and see it set first.',
    section: '7.6',
    looks: [onEvent('igb_vf_reg_write', (sight) => isMailboxMemory(sight.b) && lacks(sight, sight.a, V2PMAILBOX.VFU))],
  },
  'request-before-reset': {
    wrong: 'asks the PF for something before it has said RESET',
    advice: 'After its reset a VF begins with RESET: the PF answers nothing else.',
    section: '7.7',
    looks: [onEvent('igb_mailbox_request', ({ a, b, history }) => (b & TYPE) !== RESET && history.mustReset(a))],
  },
  'vf-elsewhere': {
    wrong: 'uses a VF that belongs to another machine',
    advice: 'Leave it unbound here, or detach the other machine.',
    section: '7.1',
    looks: [onEvent('igb_vf_elsewhere')],
  },
  'spoofed-frame': {
    wrong: 'sends a frame from an address or VLAN that is not its own',
    advice: 'Use the address that the PF gave, or have spoof checking switched off for the VF.',
    section: '5.9',
    looks: [onEvent('igb_switch_drop_spoof')],
  },
} as const satisfies RuleTable;

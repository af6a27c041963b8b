/** Registers that are not there or not meant so, commands and resets that are not waited for. */
import { QUEUES } from '../../devices/igb/context.ts';
import { pf, pfPlan } from '../../devices/igb/tables/index.ts';
import { isVfRegister } from '../vf-registers.ts';
import { receiveRing, transmitRing } from '../ring-view.ts';
import { onAnyWrite, onEvent, onWrite, type RuleTable } from '../rule.ts';
import type { Sight } from '../sight.ts';

const { CTRL, EECD, EERD, EEWR, MDIC } = pf;
const SERIAL_PINS = EECD.SK.mask | EECD.CS.mask | EECD.DI.mask;
const isUnknown = ({ a }: Sight): boolean => pfPlan.register[a >>> 2] === 0;

export const accessRules = {
  'register-unknown': {
    wrong: 'uses a register that the 82576 does not have',
    advice: 'Reads give 0 and writes are lost.',
    section: '2.1',
    looks: [onEvent('igb_reg_read', isUnknown), onEvent('igb_reg_write', isUnknown)],
  },
  'register-read-only': {
    wrong: 'writes a read-only register',
    advice: 'Nothing is stored.',
    section: '2.1',
    looks: [onEvent('igb_guest_error_register_read_only')],
  },
  'access-partial': {
    wrong: 'accesses registers other than by aligned dwords',
    advice: 'Use 32-bit accesses; side effects are those of the whole dword.',
    section: '2.1',
    looks: [onEvent('igb_guest_error_access')],
  },
  'vf-register-unknown': {
    wrong: 'uses a register that a VF does not have',
    advice: 'Reads give 0 and writes are lost.',
    section: '1.4',
    looks: [
      onEvent('igb_vf_read_nothing', ({ b }) => !isVfRegister(b)),
      onEvent('igb_vf_write_nothing', ({ b }) => !isVfRegister(b)),
    ],
  },
  'vf-register-idle': {
    wrong: 'uses queues or interrupts of a VF that the PF has not enabled',
    advice: 'Until then the VF has its mailbox and nothing else.',
    section: '7.1',
    looks: [
      onEvent('igb_vf_read_nothing', ({ b }) => isVfRegister(b)),
      onEvent('igb_vf_write_nothing', ({ b }) => isVfRegister(b)),
    ],
  },
  'reset-not-awaited': {
    wrong: 'goes on writing right after CTRL.RST',
    advice: 'Wait a millisecond or poll EECD.AUTO_RD: the write may be lost in the reset.',
    section: '1.5',
    looks: [onAnyWrite(({ history }) => history.resetting)],
  },
  'reset-while-running': {
    wrong: 'resets the device in the middle of DMA',
    advice: 'Set CTRL.GIO_MASTER_DISABLE and wait for STATUS.GIO_MASTER_ENABLE to clear, or switch RCTL and TCTL off.',
    section: '1.5',
    looks: [
      onWrite([CTRL], (sight) => {
        if (
          (sight.value & CTRL.RST.mask) === 0 ||
          ((sight.now(CTRL) | sight.value) & CTRL.GIO_MASTER_DISABLE.mask) !== 0
        )
          return false;
        return [receiveRing, transmitRing].some((registers) =>
          sight.someRing(registers, QUEUES, (ring) => ring.running && sight.ownerOf(ring.queue) === 0),
        );
      }),
    ],
  },
  'mdic-not-awaited': {
    wrong: 'gives a PHY command without looking whether the one before is done',
    advice: 'Poll MDIC.READY after each command.',
    section: '8.1',
    looks: [onWrite([MDIC], ({ history }) => history.unanswered(MDIC.index))],
  },
  'mdic-operation': {
    wrong: 'gives a PHY command that is not either a read or a write',
    advice: 'Set one of MDIC.OP_READ and MDIC.OP_WRITE.',
    section: '8.1',
    looks: [
      onWrite(
        [MDIC],
        ({ value }) => ((value & MDIC.OP_READ.mask) !== 0) === ((value & MDIC.OP_WRITE.mask) !== 0) && value !== 0,
      ),
    ],
  },
  'phy-unknown': {
    wrong: 'talks to a PHY that is not there',
    advice: 'The internal PHY has address 1.',
    section: '8.1',
    looks: [onEvent('igb_guest_error_phy')],
  },
  'nvm-not-awaited': {
    wrong: 'gives an NVM command without looking whether the one before is done',
    advice: 'Poll DONE of EERD or EEWR after each command.',
    section: '8.3',
    looks: [
      onWrite([EERD], ({ history }) => history.unanswered(EERD.index)),
      onWrite([EEWR], ({ history }) => history.unanswered(EEWR.index)),
    ],
  },
  'nvm-word-unknown': {
    wrong: 'reads or writes an NVM word that is not there',
    advice: 'EECD.SIZE_EX says how many words there are.',
    section: '8.3',
    looks: [onEvent('igb_guest_error_nvm')],
  },
  'nvm-bus-not-granted': {
    wrong: "drives the NVM's serial pins without having its bus",
    advice: 'Set EECD.REQ and wait for EECD.GNT.',
    section: '8.3',
    looks: [
      onWrite([EECD], (sight) => ((sight.value ^ sight.now(EECD)) & SERIAL_PINS) !== 0 && !sight.has(EECD, EECD.GNT)),
    ],
  },
  'resource-without-semaphore': {
    wrong: 'claims a resource in SW_FW_SYNC without the semaphore',
    advice: 'Take SWSM.SMBI and SWSM.SWESMBI first.',
    section: '8.3',
    looks: [onEvent('igb_guest_error_semaphore')],
  },
} as const satisfies RuleTable;

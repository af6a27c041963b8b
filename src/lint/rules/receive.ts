/** Receive filters and the choice of queues. */
import { QUEUES } from '../../devices/igb/context.ts';
import { pf } from '../../devices/igb/tables/index.ts';
import { receiveRing } from '../ring-view.ts';
import { onEvent, onWrite, type RuleTable } from '../rule.ts';
import type { Sight } from '../sight.ts';

const { MRQC, RAH, RAL, RCTL, RLPML, RSSRK, VLVF } = pf;
/** Longest frame of standard Ethernet, FCS included. */
const STANDARD_BYTES = 1518;
const GROUP = 1;
/** MRQC.MODE: RSS and no pools. A pool whose driver is not open has its queues off by right. */
const RSS = 2;
const LONG = RCTL.EN.mask | RCTL.LPE.mask;

const isValid = (high: number): boolean => (high & RAH.AV.mask) !== 0;

function inSomeVlanEntry(sight: Sight, vlan: number): boolean {
  for (let entry = 0; entry < VLVF.count; entry += 1) {
    const value = sight.now(VLVF, entry);
    if ((value & VLVF.VI_EN.mask) !== 0 && (value & VLVF.VLAN_ID.mask) === vlan) return true;
  }
  return false;
}

function keyIsZero(sight: Sight): boolean {
  for (let part = 0; part < RSSRK.count; part += 1) if (sight.now(RSSRK, part) !== 0) return false;
  return true;
}

export const receiveRules = {
  'address-multicast': {
    wrong: 'enters a multicast address as an exact one',
    advice: 'Multicast goes through MTA; RAL and RAH are for unicast.',
    section: '4.4',
    looks: [onWrite([RAH], (sight) => isValid(sight.value) && (sight.now(RAL) & GROUP) !== 0)],
  },
  'address-zero': {
    wrong: 'makes an address of zeros valid',
    advice: 'Write RAL before RAH, and RAH.AV with a whole address only.',
    section: '4.4',
    looks: [onWrite([RAH], (sight) => isValid(sight.value) && sight.now(RAL) === 0 && (sight.value & 0xffff) === 0)],
  },
  'long-packets-limit': {
    wrong: 'lets long frames in with a limit below that of ordinary ones',
    advice: 'With RCTL.LPE, RLPML is the limit of all frames: 1,518 bytes at least.',
    section: '4.2',
    looks: [
      onWrite([RCTL], (sight) => (sight.value & LONG) === LONG && sight.now(RLPML) < STANDARD_BYTES),
      onWrite([RLPML], (sight) => (sight.now(RCTL) & LONG) === LONG && sight.value < STANDARD_BYTES),
    ],
  },
  'vlan-not-in-vfta': {
    wrong: 'has a VLAN in VLVF that the VLAN filter drops',
    advice: 'With RCTL.VFE the VLAN must be in VFTA as well.',
    section: '4.3',
    looks: [onEvent('igb_rx_drop_vlan', (sight) => inSomeVlanEntry(sight, sight.a))],
  },
  'rss-key-zero': {
    wrong: 'has RSS on with a key of zeros',
    advice: 'Write RSSRK: with zeros every hash is 0.',
    section: '4.6',
    looks: [onEvent('igb_rx_rss', (sight) => sight.a !== 0 && keyIsZero(sight))],
  },
  'rss-queue-off': {
    wrong: 'has RSS send frames to a queue that is off',
    advice: 'RETA may name queues that are on only.',
    section: '4.6',
    looks: [
      onEvent(
        'igb_rx_drop_queue',
        (sight) =>
          (sight.now(MRQC, 0) & MRQC.MODE.mask) === RSS &&
          sight.history.settled &&
          sight.someRing(receiveRing, QUEUES, (ring) => ring.running),
      ),
    ],
  },
} as const satisfies RuleTable;

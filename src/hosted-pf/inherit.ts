/** What the PF's last driver had set for a VF, read back from the registers of its pool. */
import { pf } from '../devices/igb/tables/index.ts';
import { ADDRESSES, getAddress, read, type RegisterBus } from '../driver/index.ts';
import { forgetRequests, type VfRecord } from './vf-record.ts';

const TAG_BYTES = 4;
const PRIORITY_SHIFT = 13;

/** A record of a VF that was ready and goes on with the address, port VLAN and rights that it has now. */
export function inheritRecord(bus: RegisterBus, record: VfRecord): void {
  const { index } = record;
  const { VMOLR, VMVIR, DTXSWC } = pf;
  const offloads = read(bus, VMOLR, index);
  const inserted = read(bus, VMVIR, index);
  const tag = (inserted & VMVIR.ALWAYS.mask) === 0 ? 0 : inserted & 0xffff;
  const promiscuous = (offloads & VMOLR.ROPE.mask) !== 0;
  const allMulticast = (offloads & VMOLR.MPME.mask) !== 0;
  record.settings = {
    ...record.settings,
    mac: addressOf(bus, index) ?? record.settings.mac,
    vlan: tag & 0xfff,
    qos: tag >>> PRIORITY_SHIFT,
    spoofCheck: (read(bus, DTXSWC) & (1 << (DTXSWC.MAC_SPOOF.shift + index))) !== 0,
    trust: promiscuous || allMulticast,
    linkState: 'auto',
  };
  forgetRequests(record);
  record.ready = true;
  record.inheritedHashes = (offloads & VMOLR.ROMPE.mask) !== 0;
  record.allMulticast = allMulticast;
  record.promiscuous = promiscuous;
  record.stripTags = tag === 0 && (offloads & VMOLR.STRVLAN.mask) !== 0;
  record.longestFrame = (offloads & VMOLR.LPE.mask) === 0 ? 0 : (offloads & VMOLR.RLPML.mask) - TAG_BYTES;
}

/** The address of a pool: Linux keeps it at the end of the table, the last for VF 0. */
function addressOf(bus: RegisterBus, pool: number): Uint8Array | undefined {
  const { address, pools } = getAddress(bus, ADDRESSES - 1 - pool);
  return pools === 1 << pool ? address : undefined;
}

/** What a queue leaves out of frames: the VLAN tag and the FCS (§4.5, §4.8). Multicasts of pools go by rules of their own (RPLOLR). */
import { pf } from '../tables/index.ts';
import { usesPools } from './queue-select.ts';

const { CTRL, MRQC, RCTL, RPLOLR, VMOLR } = pf;

/** Of a frame that has a tag. */
export function stripsTag(values: Uint32Array, queue: number, multicast: boolean): boolean {
  if (!usesPools(values[MRQC.index]!)) return (values[CTRL.index]! & CTRL.VME.mask) !== 0;
  if (multicast) return (values[RPLOLR.index]! & RPLOLR.STRVLAN.mask) !== 0;
  return (values[VMOLR.index + (queue & 7) * VMOLR.step]! & VMOLR.STRVLAN.mask) !== 0;
}

export function stripsFcs(values: Uint32Array, queue: number, multicast: boolean): boolean {
  if (!usesPools(values[MRQC.index]!)) return (values[RCTL.index]! & RCTL.SECRC.mask) !== 0;
  if (multicast) return (values[RPLOLR.index]! & RPLOLR.STRCRC.mask) !== 0;
  return (values[VMOLR.index + (queue & 7) * VMOLR.step]! & VMOLR.STRCRC.mask) !== 0;
}

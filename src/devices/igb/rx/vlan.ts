/** VLAN tags of a received frame: which ones the port recognises, and the port-wide VLAN filter (§4.3). */
import { pf } from '../tables/index.ts';

const { CTRL_EXT, RCTL, VET, VFTA } = pf;

/** Bytes of one tag. */
export const TAG_BYTES = 4;
/** Beside tags: none. */
export const UNTAGGED = -1;
const TYPE_OFFSET = 12;

/** The recognised tags of one frame; one object serves all frames. */
export class VlanTags {
  /** 0, 1, or 2 where extended VLAN is on. */
  count: number;
  /** Where the tag that filters use and stripping takes out (the inner one of two) starts, from the frame's start. */
  offset: number;
  /** Its priority, CFI and VID. */
  control: number;

  constructor() {
    this.count = 0;
    this.offset = TYPE_OFFSET;
    this.control = 0;
  }

  /**
   * Looks for tags by VET, and with CTRL_EXT.EXT_VLAN for an outer and an inner one: then a frame with only one of them
   * counts as untagged.
   */
  recognise(values: Uint32Array, bytes: Uint8Array, start: number, length: number): void {
    const types = values[VET.index]!;
    const type = (bytes[start + TYPE_OFFSET]! << 8) | bytes[start + TYPE_OFFSET + 1]!;
    this.count = 0;
    this.offset = TYPE_OFFSET;
    this.control = 0;
    if ((values[CTRL_EXT.index]! & CTRL_EXT.EXT_VLAN.mask) === 0) {
      if (type !== (types & 0xffff) || length < TYPE_OFFSET + TAG_BYTES + 2) return;
      this.count = 1;
    } else {
      if (type !== types >>> 16 || length < TYPE_OFFSET + 2 * TAG_BYTES + 2) return;
      const inner = start + TYPE_OFFSET + TAG_BYTES;
      if (((bytes[inner]! << 8) | bytes[inner + 1]!) !== (types & 0xffff)) return;
      this.count = 2;
      this.offset = TYPE_OFFSET + TAG_BYTES;
    }
    this.control = (bytes[start + this.offset + 2]! << 8) | bytes[start + this.offset + 3]!;
  }

  /** VID, or -1 of an untagged frame. */
  get vid(): number {
    return this.count === 0 ? -1 : this.control & 0xfff;
  }
}

/** Whether a frame passes the filters of tags; an untagged one always does. */
export function passesVlanFilter(values: Uint32Array, tags: VlanTags): boolean {
  return tags.count === 0 || passesTag(values, tags.control);
}

/** Whether a tag passes VFTA (RCTL.VFE) and the CFI check (RCTL.CFIEN). Linux enters VID 0 for priority-tagged frames. */
export function passesTag(values: Uint32Array, control: number): boolean {
  const rctl = values[RCTL.index]!;
  if ((rctl & RCTL.VFE.mask) === 0) return true;
  const vid = control & 0xfff;
  if (((values[VFTA.index + (vid >>> 5)]! >>> (vid & 31)) & 1) === 0) return false;
  if ((rctl & RCTL.CFIEN.mask) === 0) return true;
  return ((rctl & RCTL.CFI.mask) !== 0) === ((control & 0x1000) !== 0);
}

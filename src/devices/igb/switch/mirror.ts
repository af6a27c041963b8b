/** The four mirror rules (04 §4.5; meaning in docs/fidelity.md): who gets copies of other pools' frames. */
import { pf } from '../tables/index.ts';

const { VFRE, VLVF, VMRCTL, VMRVLAN, VMRVM, VT_CTL } = pf;

const KINDS = VMRCTL.POOL.mask | VMRCTL.UPLINK.mask | VMRCTL.DOWNLINK.mask | VMRCTL.VLAN.mask;

/** Where a frame was seen, in the terms of VMRCTL. */
export const FROM_WIRE = VMRCTL.UPLINK.mask;
export const TO_WIRE = VMRCTL.DOWNLINK.mask;

function listsVlan(values: Uint32Array, entries: number, vid: number): boolean {
  for (let rest = entries; rest !== 0; rest &= rest - 1) {
    const value = values[VLVF.index + (31 - Math.clz32(rest & -rest)) * VLVF.step]!;
    if ((value & VLVF.VI_EN.mask) !== 0 && (value & VLVF.VLAN_ID.mask) === vid) return true;
  }
  return false;
}

/**
 * Pools that get a copy by a rule, a bit each. `pools` were chosen for the frame already, `vid` is -1 of an untagged one,
 * `seen` has FROM_WIRE or TO_WIRE or neither.
 */
export function mirrorPools(values: Uint32Array, pools: number, vid: number, seen: number): number {
  let copies = 0;
  for (let rule = 0; rule < VMRCTL.count; rule += 1) {
    const control = values[VMRCTL.index + rule * VMRCTL.step]!;
    if ((control & KINDS) === 0) continue;
    const hit =
      (control & seen) !== 0 ||
      ((control & VMRCTL.POOL.mask) !== 0 && (pools & values[VMRVM.index + rule * VMRVM.step]!) !== 0) ||
      ((control & VMRCTL.VLAN.mask) !== 0 &&
        vid >= 0 &&
        listsVlan(values, values[VMRVLAN.index + rule * VMRVLAN.step]!, vid));
    if (hit) copies |= 1 << ((control & VMRCTL.DESTINATION.mask) >>> VMRCTL.DESTINATION.shift);
  }
  if (copies === 0 || (values[VT_CTL.index]! & VT_CTL.REPL_EN.mask) === 0) return 0;
  return copies & values[VFRE.index]!;
}

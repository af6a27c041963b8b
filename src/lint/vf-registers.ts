/** What lies in a VF's window, whether or not the VF is live. */
import { vf, vfSpecs, vfWindowBytes } from '../devices/igb/tables/index.ts';
import { compilePlan } from '../registers/index.ts';

const { register } = compilePlan(vfSpecs, vfWindowBytes, []);

/** Whether there is a register at an offset of a VF's window. */
export const isVfRegister = (offset: number): boolean => register[offset >>> 2] !== 0;

export const isMailboxMemory = (offset: number): boolean =>
  offset >= vf.VMBMEM.at && offset < vf.VMBMEM.at + 4 * vf.VMBMEM.count;

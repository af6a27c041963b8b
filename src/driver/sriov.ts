/** SR-IOV of a PF by its config space. */
import type { ConfigBus } from './bus.ts';

const FIRST_EXTENDED = 0x100;
const SRIOV_ID = 0x0010;
const CONTROL = 0x08;
const NUM_VFS = 0x10;
const VF_ENABLE = 1;
const VF_MEMORY_ENABLE = 8;
const ARI_CAPABLE = 0x10;

/**
 * Enables the first `count` VFs and their memory, none for 0; ARI Capable Hierarchy stays as it is. Throws where the function
 * has no SR-IOV.
 */
export function enableVirtualFunctions(bus: ConfigBus, count: number): void {
  const at = findSriov(bus);
  const ari = bus.configRead(at + CONTROL, 2) & ARI_CAPABLE;
  bus.configWrite(at + CONTROL, 2, ari);
  if (count === 0) return;
  bus.configWrite(at + NUM_VFS, 2, count);
  bus.configWrite(at + CONTROL, 2, ari | VF_ENABLE | VF_MEMORY_ENABLE);
}

function findSriov(bus: ConfigBus): number {
  let at = FIRST_EXTENDED;
  for (let left = 960; at >= FIRST_EXTENDED && left > 0; left -= 1) {
    const header = bus.configRead(at, 4);
    if ((header & 0xffff) === SRIOV_ID) return at;
    at = (header >>> 20) & 0xffc;
  }
  throw new Error('the function has no SR-IOV capability');
}

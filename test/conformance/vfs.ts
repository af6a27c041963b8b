/** How cases begin that need VFs. */
import { RxQueue } from './rings.ts';
import type { Station } from './station.ts';

const V2P = 0xc40;

/** VFs enabled, and released from the reset of their PF; no event is left. */
export function enable(station: Station, count = 8): void {
  station.machine.enableVfs(count);
  station.change('CTRL_EXT', 0, 1 << 14);
  for (let index = 0; index < count; index += 1) station.machine.vf(index).read32(V2P);
  station.set('VFLRE', 0xff);
}

/** VF 2 with a receive ring and its vectors enabled. */
export function openVf(station: Station): RxQueue {
  station.openPools({ pools: [] });
  enable(station);
  station.openMsix();
  station.set('VFRE', 0xff);
  const vf = station.machine.vf(2);
  vf.enableMsix();
  vf.write32(0x1524, 7);
  return new RxQueue(station.vfPlace(2));
}

/** Receive addresses of a port, as its registers hold them. */
import { formatMac } from '../packet/index.ts';
import { pf, type RegisterView } from './register-view.ts';

/** Entries of RAL and RAH; eight more are in RA2L and RA2H. */
const FIRST_ENTRIES = 16;
const ENTRIES = 24;

export interface ReceiveAddress {
  readonly entry: number;
  readonly mac: string;
  /** Pools that get it, a bit each. */
  readonly pools: number;
}

/** Registers that addresses lie in. */
export const addressRegisters = [pf.RAL, pf.RAH, pf.RA2L, pf.RA2H] as const;

function macOf(low: number, high: number): string {
  return formatMac(Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8));
}

/** The station address, valid or not. */
export const mainAddress = (view: RegisterView): string => macOf(view.get(pf.RAL), view.get(pf.RAH));

/** Entries that are valid. */
export function receiveAddresses(view: RegisterView): ReceiveAddress[] {
  const found: ReceiveAddress[] = [];
  for (let entry = 0; entry < ENTRIES; entry += 1) {
    const first = entry < FIRST_ENTRIES;
    const element = first ? entry : entry - FIRST_ENTRIES;
    const low = view.get(first ? pf.RAL : pf.RA2L, element);
    const high = view.get(first ? pf.RAH : pf.RA2H, element);
    if ((high & pf.RAH.AV.mask) === 0) continue;
    found.push({ entry, mac: macOf(low, high), pools: (high & pf.RAH.POOLS.mask) >>> pf.RAH.POOLS.shift });
  }
  return found;
}

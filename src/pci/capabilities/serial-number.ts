import { type CapabilityList, ExtendedId } from '../capability-list.ts';

/** Device Serial Number (PCI Express 7.9.3) made from a MAC address: an EUI-64 with FF FF in the middle, least significant byte first. */
export function addSerialNumber(list: CapabilityList, at: number, mac: Uint8Array): void {
  const [a, b, c, d, e, f] = mac as unknown as readonly [number, number, number, number, number, number];
  list.extended(at, ExtendedId.serialNumber, 1);
  list.config.declare(
    { at: at + 4, size: 4, value: (f | (e << 8) | (d << 16) | (0xff << 24)) >>> 0 },
    { at: at + 8, size: 4, value: (0xff | (c << 8) | (b << 16) | (a << 24)) >>> 0 },
  );
}

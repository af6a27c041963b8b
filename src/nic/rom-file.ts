/** An option ROM from a file, as QEMU's `romfile=` gives one to a device. */
import { readFileSync } from 'node:fs';
import { NicError } from './errors.ts';

/** As much as the largest flash of such cards holds. */
export const MOST_ROM_BYTES = 4 * 1024 * 1024;
const SIGNATURE = [0x55, 0xaa];
const LENGTH_AT = 2;
const LENGTH_UNIT_BYTES = 512;

/** Bytes at the start of a flash that are an option ROM, as its header says; 0 where there is none. */
export function romBytesIn(flash: Uint8Array): number {
  if (SIGNATURE.some((byte, at) => flash[at] !== byte)) return 0;
  return Math.min(flash[LENGTH_AT]! * LENGTH_UNIT_BYTES, flash.length);
}

/** Reads it whole. Throws NicError `ROMFILE`. */
export function readRom(path: string, log: (line: string) => void): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new NicError('ROMFILE', `cannot read --romfile ${path}: ${(error as Error).message}`, error);
  }
  if (bytes.length === 0) throw new NicError('ROMFILE', `--romfile ${path} is empty: name a file with an option ROM`);
  if (bytes.length > MOST_ROM_BYTES) {
    throw new NicError('ROMFILE', `--romfile ${path} has ${bytes.length} bytes: a ROM has at most ${MOST_ROM_BYTES}`);
  }
  if (SIGNATURE.some((byte, at) => bytes[at] !== byte)) {
    log(`--romfile ${path} does not begin with 55 aa: firmware will find no option ROM in it`);
  }
  return bytes;
}

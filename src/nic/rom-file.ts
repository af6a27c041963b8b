/** An option ROM from a file, as QEMU's `romfile=` gives one to a device. */
import { readFileSync } from 'node:fs';
import { NicError } from './errors.ts';

/** As much as the largest flash of such cards holds. */
const MOST_BYTES = 4 * 1024 * 1024;
const SIGNATURE = [0x55, 0xaa];

/** Reads it whole. Throws NicError `ROMFILE`. */
export function readRom(path: string, log: (line: string) => void): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new NicError('ROMFILE', `cannot read --romfile ${path}: ${(error as Error).message}`, error);
  }
  if (bytes.length === 0) throw new NicError('ROMFILE', `--romfile ${path} is empty: name a file with an option ROM`);
  if (bytes.length > MOST_BYTES) {
    throw new NicError('ROMFILE', `--romfile ${path} has ${bytes.length} bytes: a ROM has at most ${MOST_BYTES}`);
  }
  if (SIGNATURE.some((byte, at) => bytes[at] !== byte)) {
    log(`--romfile ${path} does not begin with 55 aa: firmware will find no option ROM in it`);
  }
  return bytes;
}

/** The flash in a file, byte for byte: what it holds goes before the option ROM that a new one begins with. */
import { flashBytes, SMALLEST_FLASH_BYTES } from '../devices/igb/nvm/flash-memory.ts';
import { NicError } from './errors.ts';
import { KeptFile, readKept } from './kept-file.ts';
import { MOST_ROM_BYTES } from './rom-file.ts';

const flag = '--flash';

/** Reads the file, where there is one. Throws NicError `FLASH`. */
export function openFlashFile(path: string, rom: Uint8Array | undefined, log: (line: string) => void): KeptFile {
  const contents = readKept(flag, path, 'FLASH') ?? flashBytes(rom);
  const { length } = contents;
  if (length < SMALLEST_FLASH_BYTES || length > MOST_ROM_BYTES || (length & (length - 1)) !== 0) {
    const what = `${flag} ${path} has ${length} bytes: a flash has a power of two from ${SMALLEST_FLASH_BYTES} to ${MOST_ROM_BYTES}`;
    throw new NicError('FLASH', `${what}; name another file, or remove it and a new one is made`);
  }
  return new KeptFile({ flag, path, lengthBytes: length, contents, log });
}

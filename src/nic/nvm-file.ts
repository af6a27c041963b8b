/** The NVM's contents in a file: the words, low byte first, as `ethtool -e DEV raw on` gives them. */
import { NVM_BYTES, nvmChecksumValid, nvmFromBytes } from '../devices/igb/nvm/nvm-image.ts';
import type { NonvolatileMemory } from '../ports/index.ts';
import { NicError } from './errors.ts';
import { KeptContents, KeptFile, type KeptMemory, readKept } from './kept-file.ts';

const flag = '--nvm';

/** The device thread's end. */
export class SharedNvm implements NonvolatileMemory {
  readonly #contents: KeptContents;

  constructor(memory: KeptMemory, tell: () => void) {
    this.#contents = new KeptContents(memory, tell);
  }

  load(): Uint8Array | undefined {
    return this.#contents.present ? Uint8Array.from(this.#contents.bytes) : undefined;
  }

  store(bytes: Uint8Array): void {
    this.#contents.bytes.set(bytes);
    this.#contents.changed();
  }
}

/** Reads the file, where there is one. Throws NicError `NVM`. */
export function openNvmFile(path: string, log: (line: string) => void): KeptFile {
  const contents = readKept(flag, path, 'NVM');
  if (contents !== undefined && contents.length !== NVM_BYTES) {
    const what = `${flag} ${path} has ${contents.length} bytes and not the ${NVM_BYTES} of an NVM`;
    throw new NicError('NVM', `${what}: name another file, or remove it and a new one is made`);
  }
  if (contents !== undefined && !nvmChecksumValid(nvmFromBytes(contents)))
    log(
      `${flag} ${path}: its checksum is wrong, and Linux will not take the device; without the file a new one is made`,
    );
  return new KeptFile({ flag, path, lengthBytes: NVM_BYTES, contents, log });
}

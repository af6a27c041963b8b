/** The contents of the NVM (reference §8.3, word map): what a two-port copper card carries, with our addresses and ids. */

/** EECD.SIZE_EX says 1024 words (contradiction 18). */
export const NVM_WORDS = 1024;
/** Word that makes the sum of words 00 to 3F come to `CHECKSUM`. */
const CHECKSUM_WORD = 0x3f;
const CHECKSUM = 0xbaba;
const ERASED = 0xffff;

/** Word by word from 0; the address, ids and the checksum are put in. Words left out here are erased. */
const template: Readonly<Record<number, number>> = {
  0x03: 0x0d34, // compatibility
  0x04: 0xffff, // ID LED settings: Linux takes its default for copper
  0x05: 0x2010, // image version
  0x08: 0x1040, // board assembly number, read as digits
  0x09: 0xffff,
  0x0a: 0x002b, // initialisation control 1
  0x0c: 0x8086, // subsystem vendor
  0x0e: 0x0000,
  0x0f: 0x70c3, // initialisation control 2: full flow control as default
  0x10: 0x0004, // software-defined pins, LAN1
  0x12: 0x5c00, // sizing and protection
  0x13: 0x0000,
  0x14: 0x2880, // initialisation control 3, LAN1: APM (0400) off
  0x15: 0x0014, // PCIe completion time-out
  0x16: 0x4a40, // MSI-X: ten vectors
  0x17: 0x0060, // pointer to the analog section
  0x18: 0x6cfb, // PCIe initialisation 1 to 3
  0x19: 0xc7b0,
  0x1a: 0x0abe,
  0x1b: 0x0403, // PCIe control
  0x1c: 0x0783, // LED 1 and 3
  0x1d: 0x10a6, // device id of a disabled function
  0x1e: 0x0001, // revision
  0x1f: 0x0602, // LED 0 and 2
  0x20: 0x0004, // software-defined pins, LAN0
  0x21: 0x0020, // functions control
  0x22: 0x0000, // power consumption
  0x23: 0x004a, // management hardware
  0x24: 0x2080, // initialisation control 3, LAN0: APM off, so that Linux reports Wake-on-LAN as disabled
  0x25: 0x00f5, // I/O virtualisation
  0x27: 0x0000,
  0x28: 0x0000,
  0x29: 0x0000,
  0x2a: 0x4784, // LEDs, LAN1
  0x2b: 0x4602,
  0x2c: 0x0000, // no read-only area
  0x2d: 0x0000,
  0x2e: 0x1000, // watchdog
  0x2f: 0xffff, // no VPD
  0x30: 0x0100, // PXE, port 0
  0x31: 0x4000,
  0x32: 0x131f, // PXE version
  0x33: 0x4013, // boot agent capabilities
  0x34: 0x0100, // PXE, port 1
  0x35: 0x4000,
  0x36: 0xffff, // iSCSI version
  0x37: 0xffff, // no alternate MAC address (contradiction 10)
  0x3c: 0x0000,
  0x3d: 0x00e0, // combined image version, found erased there
  0x3e: 0x0000,
  0x40: 0x0003, // NC-SI
  0x42: 0x0001, // image id
  0x43: 0x8000,
};

export interface NvmIdentity {
  /** Address of port 0; port 1 has it with the lowest bit of its last byte inverted. */
  readonly mac: Uint8Array;
  readonly deviceId?: number;
  readonly vfDeviceId?: number;
  readonly subsystemId?: number;
}

/** A fresh image with a valid checksum. */
export function makeNvmImage(identity: NvmIdentity): Uint16Array {
  const words = new Uint16Array(NVM_WORDS).fill(ERASED);
  for (const [word, value] of Object.entries(template)) words[Number(word)] = value;
  for (let word = 0; word < 3; word += 1) {
    words[word] = identity.mac[2 * word]! | (identity.mac[2 * word + 1]! << 8);
  }
  words[0x0b] = identity.subsystemId ?? 0xa03c;
  words[0x0d] = identity.deviceId ?? 0x10c9;
  words[0x11] = identity.deviceId ?? 0x10c9;
  words[0x26] = identity.vfDeviceId ?? 0x10ca;
  words[CHECKSUM_WORD] = CHECKSUM - nvmSum(words, CHECKSUM_WORD);
  return words;
}

/** Bytes of a kept image; words lie in them low byte first. */
export const NVM_BYTES = 2 * NVM_WORDS;

/** The words of a kept image. Whoever keeps it has checked its size. */
export function nvmFromBytes(bytes: Uint8Array): Uint16Array {
  if (bytes.length !== NVM_BYTES) throw new Error(`an NVM of ${bytes.length} bytes`);
  const words = new Uint16Array(NVM_WORDS);
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

/** Sum of the words below `end`, modulo 65536. */
export function nvmSum(words: Uint16Array, end: number): number {
  let sum = 0;
  for (let word = 0; word < end; word += 1) sum = (sum + words[word]!) & 0xffff;
  return sum;
}

/** Words 00 to 3F add up as Linux demands before it takes the device. */
export function nvmChecksumValid(words: Uint16Array): boolean {
  return nvmSum(words, CHECKSUM_WORD + 1) === CHECKSUM;
}

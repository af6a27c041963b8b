/**
 * The contents of an SFP's serial memory (SFF-8472): identification at address A0, diagnostics at A2, for an optical module of
 * our own making. ethtool -m prints them, and Linux chooses the kind of link by the codes in bytes 3 to 10.
 */

/** Bytes of each of the two pages. */
export const SFP_PAGE_BYTES = 256;

const text = (page: Uint8Array, at: number, length: number, value: string): void => {
  for (let n = 0; n < length; n += 1) page[at + n] = n < value.length ? value.charCodeAt(n) : 0x20;
};

const word = (page: Uint8Array, at: number, value: number): void => {
  page[at] = (value >> 8) & 0xff;
  page[at + 1] = value & 0xff;
};

/** Sum of the bytes from `first` up to `at`, which goes to `at`. */
const checksum = (page: Uint8Array, first: number, at: number): void => {
  page[at] = page.subarray(first, at).reduce((sum, byte) => sum + byte, 0);
};

/** Address A0: what the module is. */
export function sfpIdentification(): Uint8Array {
  const page = new Uint8Array(SFP_PAGE_BYTES);
  page[0] = 0x03; // SFP
  page[1] = 0x04; // by two-wire interface only
  page[2] = 0x07; // LC connector
  page[6] = 0x01; // 1000BASE-SX
  page[11] = 0x01; // 8B/10B
  page[12] = 13; // 1.3 Gb/s nominal
  page[16] = 55; // 550 m on 50 µm fibre
  page[17] = 27; // 270 m on 62.5 µm fibre
  text(page, 20, 16, 'OUTBOARD');
  page.set([0x52, 0x54, 0x00], 37);
  text(page, 40, 16, 'OB-SX-82576');
  text(page, 56, 4, '1');
  word(page, 60, 850); // nm
  checksum(page, 0, 63);
  page[65] = 0x1a; // TX_DISABLE, TX_FAULT, loss of signal
  text(page, 68, 16, 'OB0000000001');
  text(page, 84, 8, '260101');
  page[92] = 0x68; // diagnostics, calibrated in the module, average power
  // Linux reads bytes 92 and 94 as words and looks at the other half (igb_get_module_info): bit 2 of byte 93 must be 0, and
  // byte 95, the checksum, must not be 0.
  page[93] = 0x80; // alarm and warning flags
  page[94] = 0x05; // SFF-8472 revision 11.0
  checksum(page, 64, 95);
  return page;
}

/** High alarm, low alarm, high warning, low warning, as stored. */
type Limits = readonly [number, number, number, number];

const limits = {
  temperature: [95 * 256, -50 * 256, 90 * 256, -45 * 256], // °C / 256
  supply: [37000, 29000, 36300, 29700], // 100 µV
  bias: [25000, 500, 20000, 1000], // 2 µA
  sent: [5012, 891, 3981, 1122], // 0.1 µW
  received: [6310, 100, 5012, 158],
} as const satisfies Readonly<Record<string, Limits>>;

/** Address A2: how it does, all in the middle of its range. */
export function sfpDiagnostics(): Uint8Array {
  const page = new Uint8Array(SFP_PAGE_BYTES);
  for (const [index, group] of Object.values(limits).entries()) {
    for (const [n, value] of group.entries()) word(page, 8 * index + 2 * n, value);
  }
  page.set([0x3f, 0x80, 0, 0], 68); // calibration: Rx_PWR(1) is 1.0, all slopes 1, all offsets 0
  for (const at of [76, 80, 84, 88]) page[at] = 1;
  checksum(page, 0, 95);
  word(page, 96, 35 * 256); // °C
  word(page, 98, 33000); // 3.3 V
  word(page, 100, 3000); // 6 mA
  word(page, 102, 2512); // 0.2512 mW, -6 dBm
  word(page, 104, 2512);
  return page;
}

/** Hexadecimal data of `read` and `write`. */
const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function encodeHex(bytes: Uint8Array, length: number): string {
  if (length > 64) return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('hex');
  let text = '';
  for (let n = 0; n < length; n += 1) text += DIGITS[bytes[n]!]!;
  return text;
}

/** Four bits of a digit; -1 for what is none. */
function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 87 : -1;
}

/**
 * Data of `write`: two digits a byte behind two characters that are not looked at (0x); bytes without digits are 0. A
 * character that is no digit counts as all ones, as in QEMU, where it spills into the byte's upper half too.
 */
export function decodeHex(text: string, bytes: Uint8Array, length: number): void {
  for (let n = 0; n < length; n += 1) {
    const at = 2 * n + 2;
    const whole = at + 2 <= text.length;
    bytes[n] = whole ? (nibble(text.charCodeAt(at)) << 4) | nibble(text.charCodeAt(at + 1)) : 0;
  }
}

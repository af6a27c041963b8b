/** Base64 as GLib reads and writes it. */

export function encodeBase64(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('base64');
}

/** Bytes of a text; what is not of the alphabet is passed over. */
export function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}

import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that look random and are the same in every run: AES-128 in counter mode over zeroes. */
export function repeatableBytes(length: number, seed: number): Buffer {
  const key = createHash('sha256').update(`outboard ${seed}`).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

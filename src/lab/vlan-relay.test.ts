import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shiftedHeader } from './vlan-relay.ts';

/** struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset (little-endian). */
function header(flags: number, gso: number, ...words: number[]): DataView {
  const view = new DataView(new ArrayBuffer(10));
  view.setUint8(0, flags);
  view.setUint8(1, gso);
  for (const [index, word] of words.entries()) view.setUint16(2 + 2 * index, word, true);
  return view;
}

test('a tag moves where the checksum starts and where the payload begins, and nothing else', () => {
  const to = header(0xff, 0xff, 9, 9, 9, 9);
  shiftedHeader(header(1, 1, 66, 1448, 34, 16), to, 4);
  assert.deepEqual(new Uint8Array(to.buffer), new Uint8Array(header(1, 1, 70, 1448, 38, 16).buffer));
});

test('a finished frame asks for nothing; "checksum is good" is not passed on', () => {
  const to = header(0xff, 0xff, 9, 9, 9, 9);
  shiftedHeader(header(2, 0, 0, 0, 0, 0), to, 4);
  assert.deepEqual(new Uint8Array(to.buffer), new Uint8Array(10));
});

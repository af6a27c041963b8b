import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOffload, readVirtioHeader, writeVirtioHeader } from './virtio-header.ts';

const header = (hex: string): DataView => {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  return new DataView(bytes.buffer);
};
const hexOf = (view: DataView): string => Buffer.from(view.buffer as ArrayBuffer).toString('hex');

/** Flags, type, header length, segment size, checksum start, checksum offset: VIRTIO 1.2 §5.1.6, little-endian. */
const known: [string, ReturnType<typeof makeOffload>][] = [
  [
    '01013600b40522001000',
    {
      needsChecksum: true,
      checksumStart: 34,
      checksumOffset: 16,
      segmentation: 'tcp4',
      headerLength: 54,
      segmentSize: 1460,
    },
  ],
  [
    '01044a00a00536001000',
    {
      needsChecksum: true,
      checksumStart: 54,
      checksumOffset: 16,
      segmentation: 'tcp6',
      headerLength: 74,
      segmentSize: 1440,
    },
  ],
  [
    '01052a00c00522000600',
    {
      needsChecksum: true,
      checksumStart: 34,
      checksumOffset: 6,
      segmentation: 'udp',
      headerLength: 42,
      segmentSize: 1472,
    },
  ],
];

for (const [hex, offload] of known) {
  test(`${hex} is ${offload.segmentation}`, () => {
    const read = makeOffload();
    assert.equal(readVirtioHeader(header(hex), read), true);
    assert.deepEqual(read, offload);
    const written = header('ff'.repeat(10));
    writeVirtioHeader(written, offload);
    assert.equal(hexOf(written), hex);
  });
}

test('a frame that is finished, or whose checksum is known to be good, leaves nothing to do', () => {
  assert.equal(readVirtioHeader(header('00'.repeat(10)), makeOffload()), false);
  assert.equal(readVirtioHeader(header('02000000000000000000'), makeOffload()), false);
  const written = header('ff'.repeat(10));
  writeVirtioHeader(written, undefined);
  assert.equal(hexOf(written), '00'.repeat(10));
});

test('the ECN bit of a segmented frame is no kind of its own', () => {
  const offload = makeOffload();
  assert.equal(readVirtioHeader(header('01813600b40522001000'), offload), true);
  assert.equal(offload.segmentation, 'tcp4');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DmaMap } from './dma-map.ts';
import { MAX_DMA_MAPS } from './protocol.ts';

const PAGE = 4096;
const GIB = 2 ** 30;

/** A DmaMap over ordinary memory (one page a piece, whatever its length says), and the mappings it has asked for. */
function makeMap(failAt = Infinity): {
  dma: DmaMap;
  asked: (readonly [number, number, boolean])[];
  open: () => number;
} {
  const asked: (readonly [number, number, boolean])[] = [];
  let open = 0;
  const dma = new DmaMap((_fd, fileOffset, length, writable) => {
    if (asked.length >= failAt) throw new Error('no more');
    asked.push([fileOffset, length, writable]);
    open++;
    const buffer = new ArrayBuffer(PAGE);
    return { bytes: new Uint8Array(buffer), dwords: new Uint32Array(buffer), window: -1, unmap: () => open-- };
  });
  return { dma, asked, open: () => open };
}

const rw = (
  address: number,
  length: number,
): { address: number; length: number; readable: true; writable: true; fileOffset: 0 } => ({
  address,
  length,
  readable: true,
  writable: true,
  fileOffset: 0,
});

test('a long map is made in pieces of 1 GiB; an access across two is found in neither', () => {
  const { dma, asked, open } = makeMap();
  dma.add({ ...rw(0x1_0000_0000, 2 * GIB + 5 * PAGE), fileOffset: 3 * GIB }, 5);
  assert.deepEqual(asked, [
    [3 * GIB, GIB, true],
    [4 * GIB, GIB, true],
    [5 * GIB, 5 * PAGE, true],
  ]);
  const second = dma.forReading(0x1_0000_0000 + GIB, GIB)!;
  assert.deepEqual([second.base, second.length], [0x1_0000_0000 + GIB, GIB]);
  assert.equal(dma.forReading(0x1_0000_0000 + GIB - 1, 2), undefined);
  assert.equal(dma.forWriting(0x1_0000_0000 + 2 * GIB + 5 * PAGE - 1, 1)?.length, 5 * PAGE);
  assert.equal(dma.forWriting(0x1_0000_0000 + 2 * GIB + 5 * PAGE, 1), undefined);
  dma.remove(0x1_0000_0000, 2 * GIB + 5 * PAGE);
  assert.deepEqual([open(), dma.totalBytes, dma.count], [0, 0, 0]);
});

test('a mapping that fails half way leaves nothing', () => {
  const { dma, open } = makeMap(2);
  assert.throws(() => dma.add(rw(0, 3 * GIB), 5), { message: 'no more' });
  assert.deepEqual([open(), dma.count, dma.forReading(0, 1)], [0, 0, undefined]);
});

test('look-ups among thousands of maps, in any order of adding', () => {
  const { dma } = makeMap();
  const order = Array.from({ length: 3000 }, (_, i) => (i * 1237) % 3000);
  for (const i of order) dma.add(rw(i * 2 * PAGE, PAGE), 5);
  for (const i of order) {
    assert.equal(dma.forReading(i * 2 * PAGE + 4, 100)?.base, i * 2 * PAGE);
    assert.equal(dma.forWriting((i * 2 + 1) * PAGE, 1), undefined);
  }
});

test('a repeated look-up finds the same piece, and the caches for reading and writing are apart', () => {
  const { dma } = makeMap();
  dma.add({ ...rw(0, PAGE), writable: false }, 5);
  dma.add(rw(PAGE, PAGE), 5);
  const piece = dma.forReading(0, 4);
  assert.equal(dma.forReading(4, 4), piece);
  assert.equal(dma.forWriting(4, 4), undefined);
  assert.equal(dma.forWriting(PAGE, 4), dma.forReading(PAGE, 4));
  assert.equal(dma.forReading(PAGE - 2, 4), undefined, 'neighbours are two pieces');
});

test('the number of maps and their size are bounded', () => {
  const { dma } = makeMap();
  for (let i = 0; i < MAX_DMA_MAPS; i++) dma.add(rw(i * PAGE, PAGE), -1);
  assert.throws(() => dma.add(rw(MAX_DMA_MAPS * PAGE, PAGE), -1), { errno: 28 });
  dma.clear();
  assert.throws(() => dma.add(rw(0, 2 ** 43), 5), { errno: 12 });
  assert.equal(dma.count, 0);
});

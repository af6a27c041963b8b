import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type AccessTarget, loadLittleEndian, readAccess, storeLittleEndian, writeAccess } from './access.ts';

/** Memory that insists on aligned accesses inside it and notes them. */
class StrictMemory implements AccessTarget {
  readonly bytes = new Uint8Array(64).map((_, index) => index * 7 + 1);
  readonly accesses: [offset: number, size: number][] = [];

  #check(space: number, offset: number, size: number): void {
    assert.equal(space, 5);
    assert.ok(size === 1 || size === 2 || size === 4);
    assert.equal(offset % size, 0, `offset ${offset} size ${size}`);
    this.accesses.push([offset, size]);
  }

  accessRead(space: number, offset: number, size: number): number {
    this.#check(space, offset, size);
    return loadLittleEndian(this.bytes, offset, size);
  }

  accessWrite(space: number, offset: number, size: number, value: number): void {
    this.#check(space, offset, size);
    storeLittleEndian(this.bytes, offset, size, value);
  }
}

const range = fc
  .integer({ min: 0, max: 63 })
  .chain((offset) => fc.tuple(fc.constant(offset), fc.integer({ min: 0, max: 64 - offset })));

test('a read of any offset and length is aligned, complete and in order', () => {
  fc.assert(
    fc.property(range, ([offset, count]) => {
      const memory = new StrictMemory();
      const got = new Uint8Array(70).fill(0xee);
      readAccess(memory, 5, offset, got, 3, count);
      assert.deepEqual(got.subarray(3, 3 + count), memory.bytes.subarray(offset, offset + count));
      assert.equal(got[2], 0xee);
      assert.equal(got[3 + count], 0xee);
      let next = offset;
      for (const [at, size] of memory.accesses) {
        assert.equal(at, next, 'no byte is read twice or left out');
        next += size;
      }
      assert.equal(next, offset + count);
    }),
  );
});

test('a write of any offset and length stores just that', () => {
  fc.assert(
    fc.property(range, ([offset, count]) => {
      const memory = new StrictMemory();
      const expected = memory.bytes.slice();
      const source = new Uint8Array(70).map((_, index) => 255 - index);
      expected.set(source.subarray(2, 2 + count), offset);
      writeAccess(memory, 5, offset, source, 2, count);
      assert.deepEqual(memory.bytes, expected);
    }),
  );
});

test('registers are read whole wherever they can be', () => {
  const memory = new StrictMemory();
  readAccess(memory, 5, 3, new Uint8Array(16), 0, 8);
  assert.deepEqual(memory.accesses, [
    [3, 1],
    [4, 4],
    [8, 2],
    [10, 1],
  ]);
});

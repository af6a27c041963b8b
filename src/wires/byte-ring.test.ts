import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteRing } from './byte-ring.ts';

test('bytes come out as they went in, whatever the sizes', () => {
  const step = fc.record({ push: fc.nat(40), take: fc.nat(40) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const ring = new ByteRing(64);
      const expected: number[] = [];
      let next = 0;
      for (const { push, take } of steps) {
        if (push <= ring.free) {
          const bytes = Uint8Array.from({ length: push }, () => next++ & 255);
          ring.push(bytes, 0, push);
          expected.push(...bytes);
        }
        assert.equal(ring.used, expected.length);
        const peeked = new Uint8Array(ring.used);
        ring.peek(peeked, 0, ring.used);
        assert.deepEqual([...peeked], expected);
        let left = take;
        ring.drain((bytes, offset, length) => {
          const taken = Math.min(left, length);
          assert.deepEqual([...bytes.subarray(offset, offset + taken)], expected.splice(0, taken));
          left -= taken;
          return taken;
        });
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Change } from './change.ts';
import { ConfigSpace } from './config-space.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });

/** One dword at 0x40 whose 32 bits are dealt out to four access rules. */
const anyDword = fc
  .record({ value: u32, deal: fc.tuple(u32, u32), sticky: u32 })
  .map(({ value, deal: [a, b], sticky }) => {
    const masks = { writable: (a & b) >>> 0, clears: (a & ~b) >>> 0, acts: (~a & b) >>> 0, readOnly: (~a & ~b) >>> 0 };
    const config = new ConfigSpace();
    // A bit that only acts stores nothing.
    config.declare({
      at: 0x40,
      size: 4,
      value: value & ~masks.acts,
      writable: masks.writable,
      writeOneClears: masks.clears,
      writeOneActs: masks.acts,
      sticky,
      announces: Change.deviceSpecific,
      acts: Change.functionReset,
    });
    return { config, masks, sticky, value: (value & ~masks.acts) >>> 0 };
  });

test('each bit of a written dword follows its own rule', () => {
  fc.assert(
    fc.property(anyDword, u32, ({ config, masks, value }, written) => {
      const changes = config.write(0x40, 4, written);
      const now = config.read(0x40, 4);
      assert.equal((now & masks.readOnly) >>> 0, (value & masks.readOnly) >>> 0);
      assert.equal((now & masks.writable) >>> 0, (written & masks.writable) >>> 0);
      assert.equal((now & masks.clears) >>> 0, (value & ~written & masks.clears) >>> 0);
      assert.equal(now & masks.acts, 0);
      assert.equal((changes & Change.deviceSpecific) !== 0, now !== value);
      assert.equal((changes & Change.functionReset) !== 0, (written & masks.acts) !== 0);
    }),
  );
});

test('a dword written in pieces of any size ends like one written whole', () => {
  const cuts = fc.constantFrom([1, 1, 1, 1], [2, 2], [1, 1, 2], [2, 1, 1]);
  fc.assert(
    fc.property(anyDword, u32, cuts, ({ config, value }, written, sizes) => {
      config.write(0x40, 4, written);
      const whole = config.read(0x40, 4);
      config.set(0x40, 4, value);
      let at = 0;
      for (const size of sizes) {
        const piece = Math.floor(written / 2 ** (8 * at)) % 2 ** (8 * size);
        config.write(0x40 + at, size, piece);
        at += size;
      }
      assert.equal(config.read(0x40, 4), whole);
    }),
  );
});

test('a write touches no byte beside it', () => {
  fc.assert(
    fc.property(u32, u32, fc.constantFrom(1, 2), fc.integer({ min: 0, max: 3 }), (before, written, size, lane) => {
      const at = 0x40 + (size === 2 ? lane & 2 : lane);
      const config = new ConfigSpace();
      config.declare({ at: 0x40, size: 4, value: before, writable: 0xffffffff });
      config.write(at, size, written);
      for (let byte = 0x40; byte < 0x44; byte += 1) {
        const inside = byte >= at && byte < at + size;
        const expected = inside ? (written >>> (8 * (byte - at))) & 0xff : (before >>> (8 * (byte - 0x40))) & 0xff;
        assert.equal(config.read(byte, 1), expected);
      }
    }),
  );
});

test('a reset brings everything back but what is sticky; a fundamental one, all', () => {
  fc.assert(
    fc.property(anyDword, u32, ({ config, value, sticky }, stored) => {
      config.set(0x40, 4, stored);
      config.reset(true);
      assert.equal(config.read(0x40, 4), ((stored & sticky) | (value & ~sticky)) >>> 0);
      config.reset(false);
      assert.equal(config.read(0x40, 4), value);
    }),
  );
});

test('only the register whose byte changed is announced', () => {
  const config = new ConfigSpace();
  config.declare(
    { at: 4, size: 2, writable: 0x547, announces: Change.command },
    { at: 6, size: 2, value: 0x8000, writeOneClears: 0xf900, announces: Change.deviceSpecific },
  );
  assert.equal(config.write(4, 4, 0x0006), Change.command);
  assert.equal(config.write(4, 4, 0x0006), 0, 'the same value again changes nothing');
  assert.equal(config.write(4, 4, 0x8000_0006), Change.deviceSpecific);
});

test('undeclared bytes read zero and swallow writes', () => {
  const config = new ConfigSpace();
  assert.equal(config.write(0xffc, 4, 0xffffffff), 0);
  assert.equal(config.read(0xffc, 4), 0);
});

test('a malformed declaration is refused', () => {
  const config = new ConfigSpace();
  config.declare({ at: 0x50, size: 2 });
  assert.throws(() => config.declare({ at: 0x50, size: 4 }), /overlaps/);
  assert.throws(() => config.declare({ at: 0x56, size: 4 }), /aligned/);
  assert.throws(() => config.declare({ at: 0x1000, size: 1 }), /outside/);
  assert.throws(() => config.declare({ at: 0x60, size: 1, writable: 1, writeOneClears: 1 }), /two access rules/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type BarSpec, barAddress, barFlags, declareHeaderBar } from './bar.ts';
import { ConfigSpace } from './config-space.ts';

const anyBar: fc.Arbitrary<BarSpec> = fc
  .record({
    index: fc.integer({ min: 0, max: 4 }),
    kind: fc.constantFrom('memory32', 'memory64', 'io'),
    power: fc.integer({ min: 4, max: 31 }),
    prefetchable: fc.boolean(),
  })
  .map(({ index, kind, power, prefetchable }) => ({
    index,
    kind,
    sizeBytes: 2 ** power,
    prefetchable: prefetchable && kind !== 'io',
  }));

test('sizing as software does it finds the size and the kind (PCI Local Bus 6.2.5.1)', () => {
  fc.assert(
    fc.property(anyBar, (bar) => {
      const config = new ConfigSpace();
      declareHeaderBar(config, bar);
      const at = 0x10 + 4 * bar.index;
      const kindMask = bar.kind === 'io' ? 3 : 0xf;
      config.write(at, 4, 0xffffffff);
      const low = config.read(at, 4);
      assert.equal(low & kindMask, barFlags(bar));
      let size = BigInt((low & ~kindMask) >>> 0);
      if (bar.kind === 'memory64') {
        config.write(at + 4, 4, 0xffffffff);
        size |= BigInt(config.read(at + 4, 4)) << 32n;
        assert.equal(BigInt.asUintN(64, ~size + 1n), BigInt(bar.sizeBytes));
      } else assert.equal(BigInt.asUintN(32, ~size + 1n), BigInt(bar.sizeBytes));
    }),
  );
});

test('an address that is written comes back, aligned down to the size', () => {
  fc.assert(
    fc.property(anyBar, fc.integer({ min: 0, max: 0xffffffff }), (bar, address) => {
      const config = new ConfigSpace();
      declareHeaderBar(config, bar);
      const at = 0x10 + 4 * bar.index;
      config.write(at, 4, address);
      if (bar.kind === 'memory64') config.write(at + 4, 4, 0x12);
      const upper = bar.kind === 'memory64' ? 0x12_0000_0000 : 0;
      assert.equal(barAddress(config, bar, at), upper + address - (address % bar.sizeBytes));
    }),
  );
});

test('a size that no BAR can have is refused', () => {
  const config = new ConfigSpace();
  assert.throws(() => declareHeaderBar(config, { index: 0, kind: 'memory32', sizeBytes: 24 }), /size of 24/);
  assert.throws(() => declareHeaderBar(config, { index: 0, kind: 'memory32', sizeBytes: 8 }), /size of 8/);
  assert.throws(() => declareHeaderBar(config, { index: 5, kind: 'memory64', sizeBytes: 4096 }), /no BAR 5/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bridge } from './bridge.ts';
import { PciDomain } from './domain.ts';
import { PciFunction } from './function.ts';
import { declareType0 } from './header.ts';
import { RecordingTrace } from './testing.ts';

/** A function whose BAR 0 reads its own number above the offset. */
class Numbered extends PciFunction {
  constructor(trace: RecordingTrace, number: number, address: number, sizeBytes = 4096) {
    super({ trace });
    declareType0(this.config, { vendorId: 1, deviceId: number, revision: 0, classCode: 0 });
    this.addBar(
      { index: 0, kind: 'memory32', sizeBytes },
      { read: (offset) => (number << 24) | offset, write: () => undefined },
    );
    this.configWrite(0x10, 4, address);
    this.configWrite(0x04, 2, 6);
  }
}

test('forty functions, each found by its address, in any order, before and after a move', () => {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  const functions = Array.from({ length: 40 }, (_, n) => new Numbered(trace, n + 1, 0xe000_0000 + n * 4096));
  functions.forEach((fn, n) => domain.root.add(fn, n));
  for (let n = 0; n < 120; n += 1) {
    const which = (n * 17) % 40;
    assert.equal(domain.map.read(0xe000_0000 + which * 4096 + 0x8, 4), ((which + 1) << 24) | 8);
  }
  functions[3]!.configWrite(0x10, 4, 0xd000_0000);
  assert.equal(domain.map.read(0xe000_3000, 4), 0xffff_ffff);
  assert.equal(domain.map.read(0xd000_0010, 4), (4 << 24) | 0x10);
  assert.equal(functions[4]!.dmaEnabled, true);
  domain.root.remove(functions[4]!);
  assert.equal(domain.map.claims(0xe000_4000), false);
  assert.equal(functions[4]!.dmaEnabled, false);
  assert.equal(domain.map.unclaimed, 1);
});

test('the edges: the last byte of a BAR is its, the next is not; nothing answers in an empty domain', () => {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  assert.equal(domain.map.claims(0), false);
  domain.root.add(new Numbered(trace, 1, 0x8000_0000), 0);
  assert.equal(domain.map.claims(0x7fff_ffff), false);
  assert.equal(domain.map.read(0x8000_0fff, 1), 0x0100_0fff);
  assert.equal(domain.map.claims(0x8000_1000), false);
});

test('a BAR at an address that a number cannot hold exactly is nowhere', () => {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  const fn = new PciFunction({ trace });
  declareType0(fn.config, { vendorId: 1, deviceId: 3, revision: 0, classCode: 0 });
  fn.addBar({ index: 0, kind: 'memory64', sizeBytes: 4096 }, { read: () => 0, write: () => undefined });
  domain.root.add(fn, 0);
  fn.configWrite(0x04, 2, 2);
  fn.configWrite(0x10, 4, 0xffff_f000);
  fn.configWrite(0x14, 4, 0x001f_ffff);
  assert.equal(domain.map.claims(2 ** 53 - 1), true, 'the last one that can be');
  fn.configWrite(0x14, 4, 0x0020_0000);
  assert.equal(domain.map.claims(2 ** 53 + 0xffff_f000), false);
  fn.configWrite(0x14, 4, 0xffff_ffff);
  assert.equal(domain.map.claims(2 ** 64 - 4096), false);
});

test('a bridge passes only what lies in its window, even half a BAR', () => {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  const identity = { vendorId: 1, deviceId: 2, revision: 0, classCode: 0x060400 };
  const bridge = new Bridge({ trace, routing: domain.routing, identity });
  domain.root.add(bridge, 0);
  bridge.secondary.add(new Numbered(trace, 5, 0x9000_0000, 0x20_0000), 0);
  bridge.configWrite(0x20, 4, 0x9010_9010);
  assert.equal(domain.map.claims(0x9010_0000), false, 'memory enable of the bridge is off');
  bridge.configWrite(0x04, 2, 2);
  assert.equal(domain.map.claims(0x900f_ffff), false);
  assert.equal(domain.map.read(0x9010_0004, 4), (5 << 24) | 0x10_0004);
  bridge.configWrite(0x20, 4, 0x9000_9010);
  assert.equal(domain.map.claims(0x9010_0004), false, 'limit below base closes it');
});

test('config cycles: by bus number, within secondary to subordinate', () => {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  const identity = { vendorId: 1, deviceId: 2, revision: 0, classCode: 0x060400 };
  const outer = new Bridge({ trace, routing: domain.routing, identity });
  const inner = new Bridge({ trace, routing: domain.routing, identity });
  const leaf = new Numbered(trace, 9, 0);
  const virtual = new Numbered(trace, 10, 0);
  domain.root.add(outer, 0);
  outer.secondary.add(inner, 0);
  inner.secondary.add(leaf, 0);
  // A VF of a function without ARI: on the bus after its own.
  inner.secondary.add(virtual, 0x180);
  outer.configWrite(0x18, 4, 0x0003_0100);
  inner.configWrite(0x18, 4, 0x0003_0201);
  assert.equal(domain.functionAt(1, 0), inner);
  assert.equal(domain.functionAt(2, 0), leaf);
  assert.equal(domain.functionAt(3, 0x80), virtual);
  assert.equal(domain.functionAt(3, 0), undefined);
  assert.equal(domain.functionAt(4, 0), undefined);
  inner.configWrite(0x1a, 1, 2);
  assert.equal(domain.functionAt(3, 0x80), undefined, 'beyond the subordinate number');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arena, PacketArena } from './arena.ts';

test('this engine sums with SIMD', () => {
  assert.notEqual(arena.simd, undefined);
});

test('reservations are apart, aligned and bounded', () => {
  const own = new PacketArena(65536);
  const first = own.reserve(1);
  const second = own.reserve(100);
  assert.deepEqual([first, second, own.available], [0, 64, 65536 - 192]);
  assert.throws(() => own.reserve(65536 - 191), /packet arena/);
  assert.equal(own.reserve(65536 - 192), 192);
});

test('without WebAssembly the arena is a plain array', () => {
  const scope = globalThis as unknown as { WebAssembly: unknown };
  const saved = scope.WebAssembly;
  try {
    scope.WebAssembly = undefined;
    const own = new PacketArena(100);
    assert.equal(own.simd, undefined);
    assert.equal(own.bytes.length, 65536);
  } finally {
    scope.WebAssembly = saved;
  }
});

test('an engine that cannot compile the module gets the plain array too', () => {
  const scope = globalThis as unknown as { WebAssembly: { Module: unknown } };
  const saved = scope.WebAssembly.Module;
  try {
    scope.WebAssembly.Module = undefined;
    assert.equal(new PacketArena(100).simd, undefined);
  } finally {
    scope.WebAssembly.Module = saved;
  }
});

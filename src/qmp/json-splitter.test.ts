import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonSplitter } from './json-splitter.ts';

test('objects are cut out of any stream, whatever lies between', () => {
  const splitter = new JsonSplitter();
  assert.deepEqual(splitter.push('{"a":"}"}{"b":{"c":"\\"{"}} \n {'), ['{"a":"}"}', '{"b":{"c":"\\"{"}}']);
  assert.deepEqual(splitter.push('}'), ['{}']);
  assert.deepEqual(splitter.push('garbage\n'), ['garbage']);
  assert.deepEqual(splitter.push('x{"a":1}'), ['x', '{"a":1}']);
});

test('any cut of a stream gives the same objects', () => {
  const text = '{"a":"\\\\"}\n nonsense {"b":[{"c":"{"}]}{}';
  const whole = new JsonSplitter().push(text);
  assert.deepEqual(whole, ['{"a":"\\\\"}', 'nonsense', '{"b":[{"c":"{"}]}', '{}']);
  for (let size = 1; size < text.length; size += 1) {
    const splitter = new JsonSplitter();
    const found: string[] = [];
    for (let at = 0; at < text.length; at += size) found.push(...splitter.push(text.slice(at, at + size)));
    assert.deepEqual(found, whole, `pieces of ${size}`);
  }
});

test('what is too long is told once, kept nowhere, and the next line is heard', () => {
  const splitter = new JsonSplitter();
  const piece = 'x'.repeat(1 << 16);
  const told = splitter.push('{"a":"');
  for (let n = 0; n < 100; n += 1) told.push(...splitter.push(piece));
  assert.equal(told.length, 1);
  assert.throws(() => JSON.parse(told[0]!));
  assert.deepEqual(splitter.push('\n{"b":1}'), ['{"b":1}']);
  assert.deepEqual(
    splitter.push('{{{{').concat(splitter.push('}}}}')),
    ['{{{{}}}}'],
    'an object that is balanced ends there',
  );
});

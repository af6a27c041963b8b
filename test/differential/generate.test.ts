import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openInProcess } from '../conformance/machines/in-process.ts';
import { generate } from './generate.ts';
import { difference, observe } from './observe.ts';
import { parseScript, toScript } from './program.ts';

test('a seed makes one program, and a script of it reads as it', () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    assert.deepEqual(generate(seed), generate(seed));
    assert.deepEqual(parseScript(toScript(generate(seed))), generate(seed));
  }
});

test('a program shows the same twice, and most of them show frames', () => {
  const machine = openInProcess();
  let moving = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const seen = observe(machine, generate(seed));
    assert.equal(difference(seen, observe(machine, generate(seed))), undefined);
    if (seen.some((line) => line.startsWith('wire') || line.startsWith('queue'))) moving += 1;
  }
  assert.ok(moving >= 15, `${moving} of 20`);
});

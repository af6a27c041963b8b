/** The list of mutations fits the sources that it is about. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mutations } from '../mutation/mutations.ts';

test('the text of every mutation stands exactly once in its file', () => {
  for (const { name, file, text, replacement } of mutations) {
    // From build/test/laws.
    const path = fileURLToPath(new URL(`../../../src/devices/igb/${file}`, import.meta.url));
    assert.equal(readFileSync(path, 'utf8').split(text).length - 1, 1, `${name}: in ${file}`);
    assert.notEqual(replacement, text, name);
  }
});

test('there are fifty, each with a name of its own', () => {
  assert.equal(mutations.length, 50);
  assert.equal(new Set(mutations.map(({ name }) => name)).size, 50);
});

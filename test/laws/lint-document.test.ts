import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GENERATED_FROM, lintDocument } from '../../src/lint/document.ts';

test('docs/lint.md says what the rules say', () => {
  const written = readFileSync(new URL('../../../docs/lint.md', import.meta.url), 'utf8');
  const generated = written.slice(written.indexOf(GENERATED_FROM));
  assert.ok(generated === lintDocument(), 'docs/lint.md is stale: run "npm run docs:lint"');
});

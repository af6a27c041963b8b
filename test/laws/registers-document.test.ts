import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { registersDocument } from '../../src/devices/igb/tables/document.ts';

test('docs/registers.md says what the tables say', () => {
  const written = readFileSync(new URL('../../../docs/registers.md', import.meta.url), 'utf8');
  assert.ok(written === registersDocument(), 'docs/registers.md is stale: run "node scripts/registers-doc.mjs"');
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { columns, readColumn } from '../coverage/columns.ts';
import { coverageDocument } from '../coverage/document.ts';

test('docs/coverage.md says what the runs have seen', () => {
  const data = Object.fromEntries(columns.map((column) => [column, readColumn(column)])) as Parameters<
    typeof coverageDocument
  >[0];
  const written = readFileSync(new URL('../../../docs/coverage.md', import.meta.url), 'utf8');
  assert.ok(written === coverageDocument(data), 'docs/coverage.md is stale: run "npm run coverage"');
});

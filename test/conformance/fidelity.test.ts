/** The cases and the table of differences in docs/fidelity.md belong together. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import './cases/index.ts';
import { allCases } from './suite.ts';

/** Cases that the suite is to have at least. */
const LEAST = 300;

const document = readFileSync(fileURLToPath(new URL('../../../docs/fidelity.md', import.meta.url)), 'utf8');
/** Ids in the first column of the table of differences. */
const rows = [...document.matchAll(/^\| `(q-[a-z0-9-]+)`/gm)].map(([, id]) => id!);

test('every difference that a case expects has its row, and every row a case', () => {
  const named = allCases().flatMap(({ expect }) => Object.values(expect ?? {}));
  assert.deepEqual([...new Set(named)].sort(), [...rows].sort());
  assert.equal(new Set(rows).size, rows.length);
});

test('our own device has no excuse', () => {
  const excused = allCases().filter(
    ({ expect }) => expect?.process !== undefined || expect?.['vfio-user'] !== undefined,
  );
  assert.deepEqual(excused, []);
});

test('there are enough cases', () => {
  assert.ok(allCases().length >= LEAST, `${allCases().length} cases`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedProcessors, allowProcessors } from './affinity.ts';

test('a thread that is let onto one processor runs there, and may be let onto all again', () => {
  const all = allowedProcessors();
  assert.ok(all.length > 0);
  try {
    allowProcessors([all.at(-1)!]);
    assert.deepEqual(allowedProcessors(), [all.at(-1)]);
  } finally {
    allowProcessors(all);
  }
  assert.deepEqual(allowedProcessors(), all);
});

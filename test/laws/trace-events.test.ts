/** Trace events are declared beside the code that emits them: none is left over. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventNames } from '../../src/trace/catalogue.ts';

const sources = fileURLToPath(new URL('../../../src', import.meta.url));

/** Words of all sources but those that declare, test or print events. */
function words(): Set<string> {
  const found = new Set<string>();
  for (const entry of readdirSync(sources, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !path.endsWith('.ts')) continue;
    if (/\.test\.ts$|\/testing[^/]*$|\/trace-events\.ts$|\/src\/(trace|lint|lab|qtest)\//.test(path)) continue;
    for (const [word] of readFileSync(path, 'utf8').matchAll(/\b[a-z]+_[a-z0-9_]+\b/g)) found.add(word);
  }
  return found;
}

test('every event that is declared is emitted somewhere', () => {
  const used = words();
  assert.ok(used.has('igb_tx_fetch'), 'the sources were found');
  assert.deepEqual(
    eventNames.filter((name) => !used.has(name)),
    [],
  );
});

/** A trace event that is declared is emitted somewhere. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { igbTraceEvents } from '../../src/devices/igb/trace-events.ts';

const device = fileURLToPath(new URL('../../../src/devices/igb', import.meta.url));

function sources(): string {
  return readdirSync(device, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name) && entry.name !== 'trace-events.ts')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

test('every event of the 82576 is emitted by its code', () => {
  const text = sources();
  const silent = Object.keys(igbTraceEvents).filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
  assert.deepEqual(silent, []);
});

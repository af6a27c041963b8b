/** The mark `inert` is true: nothing in the device uses a register that has it, and something uses each that has not. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pfSpecs } from '../../src/devices/igb/tables/index.ts';
import type { RegisterSpec } from '../../src/registers/index.ts';

const device = fileURLToPath(new URL('../../../src/devices/igb', import.meta.url));

/** Registers that device code reaches without their names, or that are memory by nature. */
const unnamed = /^(PRC|PTC)\d+$|^VMBMEM$/;

/** Names of all registers that the sources of the device mention. */
function mentioned(): Set<string> {
  const found = new Set<string>();
  for (const entry of readdirSync(device, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !path.endsWith('.ts') || /\.test\.ts$|\/testing[^/]*$|\/tables\//.test(path)) continue;
    const source = readFileSync(path, 'utf8');
    for (const [, name] of source.matchAll(/\bpf\.([A-Z][A-Z0-9_]*)/g)) found.add(name!);
    for (const [, names] of source.matchAll(/\{([^}]*)\} = pf\b/g)) {
      for (const name of names!.split(',')) found.add(name.trim());
    }
  }
  return found;
}

test('what is marked inert is used nowhere, what is not is used somewhere', () => {
  const used = mentioned();
  const wrong: string[] = [];
  for (const [name, spec] of Object.entries<RegisterSpec>(pfSpecs)) {
    const acts = spec.onRead !== undefined || spec.onWrite !== undefined;
    if (spec.inert === true && used.has(name)) wrong.push(`${name} is used: drop its mark`);
    if (spec.inert === true || acts || spec.access === 'ro' || unnamed.test(name) || used.has(name)) continue;
    wrong.push(`${name} is not used: mark it`);
  }
  assert.deepEqual(wrong, []);
});

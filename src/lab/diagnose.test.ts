import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { likelyCause } from './diagnose.ts';

test('a log that tells more than the error does wins over the error', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  assert.match(likelyCause(folder, 'AGENT_SILENT'), /did not boot/);
  writeFileSync(join(folder, 'serial-2.log'), 'ok\n[ 1.0] Kernel panic - not syncing: no init\n');
  assert.match(likelyCause(folder, 'AGENT_SILENT'), /kernel crashed .*serial-2\.log.*no init/);
  writeFileSync(join(folder, 'qemu-2.log'), 'KVM internal error. Suberror: 1\n');
  assert.match(likelyCause(folder, 'AGENT_SILENT'), /KVM cannot run/);
});

test('an unknown error without a telling log has no guess', () => {
  assert.equal(likelyCause('/nonexistent', 'SOMETHING'), '');
});

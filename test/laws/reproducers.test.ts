/** Every reproducer ends in the state that it says, and does the same each time (docs/qtest.md). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandLineOf, replay, type ReplayReport } from '../../src/qtest/replay/replay.ts';
import { parseScript } from '../../src/qtest/replay/script.ts';

const folder = fileURLToPath(new URL('../../../test/reproducers/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.qtest'));

function run(file: string): ReplayReport {
  const script = parseScript(readFileSync(`${folder}${file}`, 'latin1'));
  return replay(script, commandLineOf(script, []));
}

/** What a reproducer shows beside its own expectations. */
const shows: Readonly<Record<string, (report: ReplayReport) => void>> = {
  'rx-into-transmit-tail.qtest': (report) => {
    assert.equal(report.refusedReentrant[0]?.count, 16, 'a frame of 64 bytes, dword by dword');
    assert.deepEqual(report.packets, { transmitted: 1, received: 1 });
  },
  'rx-into-transmit-tail-of-vf.qtest': (report) => assert.equal(report.refusedReentrant[0]?.count, 16),
  'sctp-fragment.qtest': (report) => assert.equal(report.packets.transmitted, 0),
  'rss-routing-header.qtest': (report) => assert.deepEqual(report.packets, { transmitted: 6, received: 6 }),
};

for (const file of files)
  test(file, () => {
    const report = run(file);
    assert.deepEqual(report.unexpected, []);
    assert.deepEqual(report.failures, []);
    shows[file]?.(report);
    assert.deepEqual({ ...run(file), wallMs: 0 }, { ...report, wallMs: 0 });
  });

test('there are reproducers, and those named here exist', () => {
  assert.ok(files.length >= 6);
  for (const name of Object.keys(shows)) assert.ok(files.includes(name), name);
});

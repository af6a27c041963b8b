import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAround, writeDocument } from './document.ts';
import type { Report } from './result.ts';

const report: Report = {
  date: '2026-01-02',
  machine: 'a machine',
  qemu: 'QEMU',
  results: [
    {
      ...{ name: 'a', group: 'device', title: 'TX & <RX>', goal: 3, unit: 'ns', against: 'QEMU' },
      ...{ ours: 100, theirs: 455, ratio: { ratio: 4.55, low: 4, high: 5 } },
    },
    {
      ...{ name: 'd', group: 'guest', title: 'TCP', goal: 1.2, unit: 'Gb/s', against: 'QEMU', ours: 0.6, theirs: 0.4 },
      ...{ ratio: { ratio: 1.5, low: 1.4, high: 1.6 }, processorRatio: { ratio: 0.9, low: 0.8, high: 1 } },
      processors: { ours: { guest: 12, qemu: 15, device: 3.2 }, theirs: { guest: 13, qemu: 16.4, device: 0 } },
    },
    {
      ...{ name: 'e', group: 'device', title: 'less than nothing', unit: 'ns', against: 'QEMU', ours: 1, theirs: -1 },
      ratio: { ratio: -1, low: -2, high: 0 },
    },
    { name: 'b', group: 'scale', title: 'start', unit: 'ms', against: '', ours: 350 },
    { name: 'c', group: 'transport', title: 'C', unit: '', against: '', ours: NaN, skipped: 'no compiler' },
  ],
};

test('the section is replaced, what is around it stays; the chart has a bar for what has a ratio', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-bench-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'speed.md');
  const begin = '<!-- Made by "outboard bench --document": from here -->';
  writeFileSync(path, `before\n\n${begin}\n\nold\n\n<!-- to here -->\n\nafter\n`);
  writeDocument(path, report);
  writeDocument(path, report);
  const text = readFileSync(path, 'utf8');
  assert.match(text, /^before\n\n<!--[^]*<!-- to here -->\n\nafter\n$/);
  assert.doesNotMatch(text, /old/);
  assert.match(text, /\| TX & <RX> +\| 100 ns +\| 455 ns +\| +\| 4\.55x \(4\.00-5\.00\) +\| 3x ✔ \|/);
  assert.match(text, /skipped: no compiler/);
  assert.match(
    text,
    /\| TCP +\| 0\.60 Gb\/s \| 0\.40 Gb\/s \| 1\.50x \(1\.40-1\.60\) \| 1\.2x ✔ \| 12\.0, 15\.0 \+ 3\.2 s +\| 13\.0, 16\.4 s/,
  );
  const svg = readFileSync(join(folder, 'speed.svg'), 'utf8');
  assert.equal(svg.match(/<rect/g)?.length, 3);
  assert.doesNotMatch(svg, /width="-/);
  assert.match(svg, /TX &amp; &lt;RX>/);
  writeFileSync(path, 'nothing');
  assert.throws(() => writeDocument(path, report), /no place for the results/);
  assert.throws(() => readAround(join(folder, 'none.md')), /none\.md has no place for the results/);
});

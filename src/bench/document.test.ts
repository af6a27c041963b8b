import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeDocument } from './document.ts';
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
  assert.match(text, /\| TX & <RX> +\| 100 ns +\| 455 ns \| +\| 4\.55x \(4\.00-5\.00\) \| 3x ✔ \|/);
  assert.match(text, /skipped: no compiler/);
  const svg = readFileSync(join(folder, 'speed.svg'), 'utf8');
  assert.equal(svg.match(/<rect/g)?.length, 1);
  assert.match(svg, /TX &amp; &lt;RX>/);
  writeFileSync(path, 'nothing');
  assert.throws(() => writeDocument(path, report), /no place for the results/);
});

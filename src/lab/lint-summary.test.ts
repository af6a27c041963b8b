import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../lint/index.ts';
import { lintLines, LintSummary } from './lint-summary.ts';

const finding = (queue: number, count: number): Finding => ({
  ...{ rule: 'tail-beyond-ring', wrong: 'moves a tail beyond its ring', advice: '', section: '3.10', port: 0 },
  ...{ count, queue, register: `TDT[${queue}]`, detail: `register TDT[${queue}]` },
});

test('mistakes of several NICs are summed by place, and told a line a rule', () => {
  const summary = new LintSummary();
  summary.add({ findings: [finding(0, 2), finding(1, 1)], unlisted: 1 });
  summary.add({ findings: [finding(0, 3)], unlisted: 0 });
  const report = summary.report();
  assert.deepEqual(
    report.findings.map(({ queue, count }) => [queue, count]),
    [
      [0, 5],
      [1, 1],
    ],
  );
  assert.equal(report.unlisted, 1);
  assert.deepEqual(lintLines(report), [
    'lint: 6× tail-beyond-ring: a driver moves a tail beyond its ring (register TDT[0], and 1 more)',
  ]);
});

test('what docs/lint.md explains says so', () => {
  const pattern = { ...finding(0, 1), value: 0xffff };
  assert.match(lintLines({ findings: [pattern], unlisted: 0 })[0]!, /; docs\/lint.md says why$/);
  assert.doesNotMatch(lintLines({ findings: [pattern, finding(1, 1)], unlisted: 0 })[0]!, /says why/);
  const polled = { ...finding(0, 1), rule: 'vectors-unused' };
  assert.match(lintLines({ findings: [{ ...polled, function: 'VF0' }], unlisted: 0 })[0]!, /says why/);
  assert.doesNotMatch(lintLines({ findings: [{ ...polled, function: 'PF' }], unlisted: 0 })[0]!, /says why/);
});

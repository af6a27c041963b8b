import assert from 'node:assert/strict';
import { test } from 'node:test';
import { junit, type RunResult } from './result.ts';

const run: RunResult = {
  ok: false,
  started: '2026-01-02T03:04:05.000Z',
  nic: 'n',
  qemu: 'q',
  accelerator: 'a',
  kernel: 'k',
  folder: '/runs/x',
  lint: { findings: [], unlisted: 0 },
  workloads: [
    {
      name: 'ping',
      outcome: 'passed',
      milliseconds: 1500,
      steps: [{ group: 'ping', title: 'a <b> & "c"', ok: true, milliseconds: 1250, detail: '' }],
    },
    {
      name: 'tcp',
      outcome: 'failed',
      milliseconds: 10,
      steps: [{ group: 'tcp', title: 'down', ok: false, milliseconds: 10, detail: 'SHA-256 \u0007differs' }],
      failure: { step: 'down', code: 'WRONG_DATA', message: 'SHA-256 differs', likelyCause: 'checksum' },
    },
    { name: 'vlan', outcome: 'passed', milliseconds: 0, steps: [] },
    {
      name: 'link',
      outcome: 'failed',
      milliseconds: 3,
      steps: [],
      failure: { step: '', code: 'X', message: 'early', likelyCause: '' },
    },
  ],
};

test('JUnit: a suite a workload, a case a step, text escaped, control characters gone', () => {
  const xml = junit(run);
  assert.match(xml, /<testsuite name="ping" tests="1" failures="0" errors="0" skipped="0" time="1.500"/);
  assert.match(xml, /name="a &lt;b&gt; &amp; &quot;c&quot;" time="1.250"\/>/);
  assert.match(xml, /<failure message="SHA-256 differs">checksum\nlogs: \/runs\/x<\/failure>/);
  assert.match(xml, /<testcase classname="outboard.lab" name="vlan" time="0.000"\/>/);
  assert.match(xml, /<testcase classname="outboard.lab" name="link" time="0.003">\n\s*<failure message="early"\/>/);
});

test('JUnit: every element that is opened is closed', () => {
  const open: string[] = [];
  for (const [, slash, name, end] of junit(run).matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g))
    if (slash === '/') assert.equal(open.pop(), name);
    else if (end !== '/') open.push(name!);
  assert.deepEqual(open, []);
});

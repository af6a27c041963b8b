import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, type Findings, findingsOf } from './compare.ts';
import type { CheckResult } from './workloads/matrix/checks.ts';

function check(from: string, to: string, name: CheckResult['check'], ok: boolean): CheckResult {
  return { from, to, check: name, family: 4, ok, detail: '' };
}

function findings(nic: string, vlanWorks: boolean, effects: Findings['effects']): Findings {
  const checks = [
    check('PF', 'VF0', 'ping', true),
    check('PF', 'VF0', 'vlan', vlanWorks),
    check('VF0', 'PF', 'ping', true),
  ];
  const matrix = {
    title: 'one guest',
    form: 'full' as const,
    stations: ['PF', 'VF0'],
    checks,
    floods: [],
    ok: vlanWorks,
  };
  return { nic, kernel: '6.12', matrices: [matrix], effects };
}

test('two runs side by side: each pair with what failed, each effect with what it measured', () => {
  const text = compare(
    findings('ours', true, [{ name: 'vf trust', ok: true, detail: '' }]),
    findings('theirs', false, [{ name: 'vf rate', ok: false, detail: '900 Mb/s and not 10' }]),
  );
  assert.match(text, /^\| one guest \| ours \(6.12\) \| theirs \(6.12\) \|$/m);
  assert.match(text, /^\| PF → VF0 \| ✔ 2 \| ✖ 1 of 2: vlan4 \|$/m);
  assert.match(text, /^\| VF0 → PF \| ✔ 1 \| ✔ 1 \|$/m);
  assert.match(text, /^\| vf trust \| ✔ \| not run \|$/m);
  assert.match(text, /^\| vf rate \| not run \| ✖ 900 Mb\/s and not 10 \|$/m);
});

test('findings are told apart by what they hold', () => {
  const { matrices, effects } = findings('ours', true, [{ name: 'vf mac', ok: true, detail: '' }]);
  const workload = {
    name: 'matrix',
    outcome: 'passed' as const,
    milliseconds: 1,
    steps: [],
    findings: [...matrices, { effects }],
  };
  const run = {
    ok: true,
    started: '',
    nic: 'ours',
    qemu: '',
    accelerator: '',
    kernel: '6.1',
    folder: '',
    lint: { findings: [], unlisted: 0 },
    workloads: [workload],
  };
  assert.deepEqual(findingsOf(run), { nic: 'ours', kernel: '6.1', matrices, effects });
});

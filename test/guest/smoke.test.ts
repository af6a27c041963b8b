import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLab } from '../../src/lab/index.ts';

/** Kernels to test with, "6.12" where not told otherwise; all workloads where asked. */
const kernels = (process.env['OUTBOARD_TEST_KERNELS'] ?? '6.12').split(',');
const workloads = (process.env['OUTBOARD_TEST_WORKLOADS'] ?? 'probe,ping').split(',');

for (const kernel of kernels)
  test(`a stock guest with kernel ${kernel}: ${workloads.join(', ')}`, async () => {
    const result = await runLab(workloads, { kernel });
    for (const { name, outcome, failure } of result.workloads)
      assert.equal(outcome, 'passed', `${name}: ${failure?.message ?? ''} (logs: ${result.folder})`);
  });

/** Runs every case on one driver as tests of node:test. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import './cases/index.ts';
import type { DriverName } from './machine.ts';
import { allCases, Machines, type Opener } from './suite.ts';

export function driveAll(driver: DriverName, open: Opener): void {
  const machines = new Machines(open);
  before(async () => assert.equal((await machines.of('copper'))?.driver, driver));
  after(() => machines.close());
  for (const one of allCases()) {
    test(one.name, async (context) => {
      const outcome = await machines.run(one);
      if (outcome.kind === 'failed') throw outcome.error;
      if (outcome.kind === 'skipped') context.skip(outcome.reason);
      if (outcome.kind === 'differs') context.diagnostic(`differs as row ${outcome.row} of docs/fidelity.md says`);
    });
  }
}

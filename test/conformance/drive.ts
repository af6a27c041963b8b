/** Runs every case on one machine as tests of node:test. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import './cases/index.ts';
import type { ConformanceMachine, DriverName } from './machine.ts';
import { allCases, runCase } from './suite.ts';

/** `open` throws where there is no such machine here; then the cases are skipped, and the test says why. */
export function driveAll(driver: DriverName, open: () => ConformanceMachine | Promise<ConformanceMachine>): void {
  let machine: ConformanceMachine | undefined;
  before(async () => {
    machine = await open();
    assert.equal(machine.driver, driver);
  });
  after(async () => machine?.close());
  for (const one of allCases()) {
    test(one.name, (context) => {
      const outcome = runCase(machine!, one);
      if (outcome.kind === 'failed') throw outcome.error;
      if (outcome.kind === 'skipped') context.skip(outcome.reason);
      if (outcome.kind === 'differs') context.diagnostic(`differs as row ${outcome.row} of docs/fidelity.md says`);
    });
  }
}

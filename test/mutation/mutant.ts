/**
 * Runs the conformance cases in this process up to the first that fails, on a device one of whose modules has another text: a
 * `Replacement` as JSON on stdin, or none. Prints what came of it as JSON.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import type { Replacement } from './replace-module.ts';

/** What a run of the cases found. */
export interface MutantResult {
  /** Cases run. */
  readonly cases: number;
  /** The first that failed. */
  readonly caught?: string;
}

const text = readFileSync(0, 'utf8');
if (text !== '') {
  const data = JSON.parse(text) as Replacement;
  register('./replace-module.js', { parentURL: import.meta.url, data });
}

// Behind the hooks, which see only what is imported from now on.
const { openInProcess } = await import('../conformance/machines/in-process.ts');
await import('../conformance/cases/index.ts');
const { allCases, Machines } = await import('../conformance/suite.ts');

async function run(): Promise<MutantResult> {
  const machines = new Machines(openInProcess);
  const cases = allCases();
  for (const [n, one] of cases.entries()) {
    if ((await machines.run(one)).kind === 'failed') return { cases: n + 1, caught: one.name };
  }
  return { cases: cases.length };
}

console.log(JSON.stringify(await run()));

import type { AssembledNic } from '../assembled-nic.ts';
import type { NicLintReport } from '../nic-lint.ts';

/** What drivers have done wrong. */
export function lint(nic: AssembledNic): NicLintReport {
  return nic.lint.report();
}

/** Looks at what drivers do, from now on, or no longer. */
export function setLint(nic: AssembledNic, given: { readonly on: boolean }): void {
  nic.lint.set(given.on);
}

/** What drivers did wrong in the course of a run, over all its NICs. */
import { explanationOf } from '../lint/explained.ts';
import type { Finding, LintReport } from '../lint/index.ts';

/** The same mistake at the same place is one, whichever NIC saw it. */
const keyOf = ({ rule, port, function: owner, queue, register }: Finding): string =>
  [rule, port, owner, queue, register].join(' ');

export class LintSummary {
  readonly #findings: Map<string, Finding>;
  #unlisted: number;

  constructor() {
    this.#findings = new Map();
    this.#unlisted = 0;
  }

  add({ findings, unlisted }: LintReport): void {
    this.#unlisted += unlisted;
    for (const finding of findings) {
      const key = keyOf(finding);
      const before = this.#findings.get(key);
      this.#findings.set(key, before === undefined ? finding : { ...before, count: before.count + finding.count });
    }
  }

  report(): LintReport {
    return { findings: [...this.#findings.values()], unlisted: this.#unlisted };
  }
}

/** One line for each rule: how often, what, and where first. */
export function lintLines({ findings }: LintReport): string[] {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  return rules.map((rule) => {
    const places = findings.filter((finding) => finding.rule === rule);
    const count = places.reduce((sum, finding) => sum + finding.count, 0);
    const { wrong, detail } = places[0]!;
    const more = places.length === 1 ? '' : `, and ${places.length - 1} more`;
    const known = places.every((place) => explanationOf(place) !== undefined) ? '; docs/lint.md says why' : '';
    return `lint: ${count}× ${rule}: a driver ${wrong} (${detail}${more})${known}`;
  });
}

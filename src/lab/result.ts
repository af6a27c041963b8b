import type { LintReport } from '../lint/index.ts';
import type { StepResult } from './reporter.ts';

export interface WorkloadFailure {
  readonly step: string;
  readonly code: string;
  readonly message: string;
  readonly likelyCause: string;
}

export interface WorkloadResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed';
  readonly milliseconds: number;
  readonly steps: readonly StepResult[];
  readonly failure?: WorkloadFailure;
  /** What the workload found out beside its steps: a matrix, say. */
  readonly findings?: readonly unknown[];
}

export interface RunResult {
  readonly ok: boolean;
  /** ISO 8601. */
  readonly started: string;
  readonly nic: string;
  readonly qemu: string;
  readonly accelerator: string;
  readonly kernel: string;
  /** Where the logs are. */
  readonly folder: string;
  /** What drivers did wrong, on a NIC of ours. */
  readonly lint: LintReport;
  readonly workloads: readonly WorkloadResult[];
}

function escaped(text: string): string {
  const plain = Array.from(text)
    .filter((character) => character >= ' ' || character === '\n' || character === '\t')
    .join('');
  return plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** A run as JUnit XML: a suite a workload, a case a step. */
export function junit(run: RunResult): string {
  const suites = run.workloads.map((workload) => {
    const cases = workload.steps.map((step) => {
      const open = `<testcase classname="outboard.lab.${escaped(workload.name)}" name="${escaped(step.title)}" time="${seconds(step.milliseconds)}"`;
      return step.ok
        ? `    ${open}/>`
        : `    ${open}>\n      <failure message="${escaped(step.detail)}">${escaped(workload.failure?.likelyCause ?? '')}\nlogs: ${escaped(run.folder)}</failure>\n    </testcase>`;
    });
    // Every suite has a case for itself, so that one which failed between steps is not lost.
    const whole = `<testcase classname="outboard.lab" name="${escaped(workload.name)}" time="${seconds(workload.milliseconds)}"`;
    const broke = workload.outcome === 'failed' && !workload.steps.some((step) => !step.ok);
    if (broke)
      cases.push(
        `    ${whole}>\n      <failure message="${escaped(workload.failure?.message ?? '')}"/>\n    </testcase>`,
      );
    else if (cases.length === 0) cases.push(`    ${whole}/>`);
    const failures = workload.outcome === 'failed' ? 1 : 0;
    return `  <testsuite name="${escaped(workload.name)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${seconds(workload.milliseconds)}" timestamp="${escaped(run.started)}">\n${cases.join('\n')}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="outboard lab">\n${suites.join('\n')}\n</testsuites>\n`;
}

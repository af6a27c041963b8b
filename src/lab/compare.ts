import { readFileSync } from 'node:fs';
import { LabError } from './errors.ts';
import type { RunResult } from './result.ts';
import type { MatrixResult } from './workloads/matrix/matrix.ts';
import { failedChecks } from './workloads/matrix/table.ts';
import type { Effect } from './workloads/sriov/effects.ts';

/** Results of one file that can stand beside another's. */
export interface Findings {
  readonly nic: string;
  readonly kernel: string;
  readonly matrices: readonly MatrixResult[];
  readonly effects: readonly Effect[];
}

/** What `outboard lab run … --json` wrote, as far as it can be compared. */
export function findingsOf(result: RunResult): Findings {
  const found = result.workloads.flatMap(({ findings }) => findings ?? []) as readonly object[];
  return {
    nic: result.nic,
    kernel: result.kernel,
    matrices: found.filter((finding): finding is MatrixResult => 'checks' in finding),
    effects: found.flatMap((finding) => ('effects' in finding ? (finding as { effects: Effect[] }).effects : [])),
  };
}

export function readFindings(file: string): Findings {
  let result: unknown;
  try {
    result = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new LabError('RESULT_FILE', `cannot read ${file}: ${(error as Error).message}.`);
  }
  if (typeof result !== 'object' || result === null || !('workloads' in result))
    throw new LabError('RESULT_FILE', `${file} is no result.`, 'Write one with "lab run matrix --json FILE".');
  return findingsOf(result as RunResult);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function cell(matrix: MatrixResult | undefined, from: string, to: string): string {
  const checks = (matrix?.checks ?? []).filter((check) => check.from === from && check.to === to);
  if (checks.length === 0) return 'not run';
  const failed = checks.filter(({ ok }) => !ok);
  return failed.length === 0 ? `✔ ${checks.length}` : `✖ ${failed.length} of ${checks.length}: ${failedChecks(failed)}`;
}

function effect(findings: Findings, name: string): string {
  const found = findings.effects.find((candidate) => candidate.name === name);
  if (found === undefined) return 'not run';
  return [found.ok ? '✔' : '✖', found.detail].join(' ').trim();
}

/** Two runs side by side in Markdown: a table a matrix with a row a pair, and one of all effects. */
export function compare(a: Findings, b: Findings): string {
  const head = (first: string): string[] => [first, `${a.nic} (${a.kernel})`, `${b.nic} (${b.kernel})`];
  const titles = [...new Set([...a.matrices, ...b.matrices].map(({ title }) => title))];
  const parts = titles.map((title) => {
    const [mine, theirs] = [a, b].map(({ matrices }) => matrices.find((matrix) => matrix.title === title));
    const stations = [...new Set([...(mine?.stations ?? []), ...(theirs?.stations ?? [])])];
    const pairs = stations.flatMap((from) => stations.filter((to) => to !== from).map((to) => [from, to] as const));
    return markdown(
      head(title),
      pairs.map(([from, to]) => [`${from} → ${to}`, cell(mine, from, to), cell(theirs, from, to)]),
    );
  });
  const names = [...new Set([...a.effects, ...b.effects].map(({ name }) => name))];
  if (names.length > 0)
    parts.push(
      markdown(
        head('effect'),
        names.map((name) => [name, effect(a, name), effect(b, name)]),
      ),
    );
  return parts.join('\n\n');
}

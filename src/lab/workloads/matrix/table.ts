import colors from 'picocolors';
import { table } from '../../table.ts';
import type { CheckResult } from './checks.ts';
import type { MatrixResult } from './matrix.ts';

/** What failed, in few words: "udp4 tcp", a check without its number where both families failed. */
export function failedChecks(checks: readonly CheckResult[]): string {
  const failed = new Map<string, number[]>();
  for (const { check, family, ok } of checks) if (!ok) failed.set(check, [...(failed.get(check) ?? []), family]);
  return [...failed].map(([check, families]) => (families.length === 2 ? check : `${check}${families[0]}`)).join('\n');
}

function cell(checks: readonly CheckResult[]): string {
  if (checks.length === 0) return '';
  const good = checks.filter(({ ok }) => ok).length;
  if (good === checks.length) return colors.green(`✔ ${good}`);
  return colors.red(`✖ ${checks.length - good} of ${checks.length}\n${failedChecks(checks)}`);
}

/** The matrix for people: senders down, receivers across, in each cell the checks that passed or the names of those that failed. */
export function matrixTable(result: MatrixResult): string {
  const rows = result.stations.map((from) => [
    from,
    ...result.stations.map((to) =>
      from === to ? '·' : cell(result.checks.filter((check) => check.from === from && check.to === to)),
    ),
  ]);
  return `${result.title}\n${table(['from ↓ to →', ...result.stations], rows)}`;
}

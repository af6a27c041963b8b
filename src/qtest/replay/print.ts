/** A replay's report as text. */
import type { CountedEvent } from './counting-trace.ts';
import type { ReplayReport } from './replay.ts';

function events(title: string, counted: readonly CountedEvent[]): string[] {
  if (counted.length === 0) return [];
  return [
    `${title}:`,
    ...counted.flatMap(({ name, count, examples }) => [
      `  ${name} ${count}`,
      ...examples.filter((text) => text !== '').map((text) => `    ${text}`),
    ]),
  ];
}

export function printReport(report: ReplayReport): string {
  const { commands, registers, configuration, packets, interrupts } = report;
  const lines = [
    `${commands} commands, ${report.failures.length} refused`,
    `registers: ${registers.reads} reads, ${registers.writes} writes; configuration: ${configuration.reads} reads, ${configuration.writes} writes`,
    `packets: ${packets.transmitted} transmitted, ${packets.received} received`,
    ...report.frames.map((line) => `  ${line}`),
    `interrupts: ${interrupts.messages} messages${interrupts.levels.length > 0 ? `, ${interrupts.levels.join(', ')}` : ''}`,
    ...events('refused re-entrant accesses', report.refusedReentrant),
    ...events('guest errors', report.guestErrors),
    ...events('refused or dropped', report.refused),
    ...report.failures.slice(0, 10).map(({ line, command, answer }) => `line ${line}: ${command}: ${answer}`),
    ...report.unexpected.map(
      ({ line, command, answer, expected }) => `line ${line}: ${command}: "${answer}" instead of "${expected}"`,
    ),
    `time: ${(report.virtualNs / 1e9).toFixed(6)} s in the machine, ${report.wallMs.toFixed(0)} ms here`,
  ];
  return lines.join('\n');
}

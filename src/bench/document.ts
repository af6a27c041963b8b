/** Puts results into a Markdown document, between marks, and a chart beside it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { guestHead, guestRow, isGuest, type Report, resultHead, resultRow } from './result.ts';
import { LabError } from '../lab/errors.ts';
import { chart } from './chart.ts';

const BEGIN = '<!-- Made by "outboard bench --document": from here -->';
const END = '<!-- to here -->';

/** Columns lined up, as prettier has them. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [head, ...rest] = rows;
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

/** The section's text. */
export function section(report: Report, chartName: string): string {
  return `![How many times as fast as QEMU's igb, case by case](${chartName})

${report.date}, ${report.machine}; ${report.qemu}. Medians, the middle half of the rounds in parentheses.

${markdownTable([resultHead, ...report.results.filter((result) => !isGuest(result)).map(resultRow)])}${guestSection(report)}`;
}

/** Empty where no guests were measured. */
function guestSection({ results }: Report): string {
  const guests = results.filter(isGuest);
  if (guests.length === 0) return '';
  return `

The same guest with both, in turns. Processor time is in seconds for a gigabyte of TCP or a million datagrams; that of the guest is
part of QEMU's.

${markdownTable([guestHead, ...guests.map(guestRow)])}`;
}

/** The document around the section, marks included. Throws LabError where it has no place for it. */
export function readAround(path: string): { readonly before: string; readonly after: string } {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from === -1 || to < from)
    throw new LabError('BENCH_DOCUMENT', `${path} has no place for the results.`, `It is between ${BEGIN} and ${END}.`);
  return { before: text.slice(0, from + BEGIN.length), after: text.slice(to) };
}

/** Writes the section into the document and the chart beside it; throws as `readAround`. */
export function writeDocument(path: string, report: Report): void {
  const { before, after } = readAround(path);
  const svg = path.replace(/(\.md)?$/, '.svg');
  writeFileSync(svg, chart(report.results, `${report.date}, ${report.machine}`));
  writeFileSync(path, `${before}\n\n${section(report, basename(svg))}\n\n${after}`);
}

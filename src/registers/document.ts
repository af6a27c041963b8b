/** Register tables as Markdown, with columns padded as a formatter would. Not for hot paths. */
import { hex } from './decode.ts';
import { bitRange, type AliasSpec, type FieldSpec, type RegisterSpec } from './define.ts';

/** A Markdown table; the first row is the head. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, n) => cell.padEnd(widths[n]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.slice(1).map(line)].join('\n');
}

/** Where `count` registers lie, `stride` apart. */
function placeOf(at: number, count: number, stride: number): string {
  if (count === 1) return hex(at, 5);
  return `${hex(at, 5)} + ${hex(stride, 1)} n, n < ${count}`;
}

function aliasOf(alias: AliasSpec, spec: RegisterSpec): string {
  const place = placeOf(alias.at, alias.count ?? 1, alias.stride ?? spec.stride ?? 4);
  return alias.first === undefined ? `also at ${place}` : `from element ${alias.first} also at ${place}`;
}

function resetOf({ reset = 0, resetAt = {} }: RegisterSpec): string {
  const others = Object.entries(resetAt).map(([element, value]) => `${hex(value >>> 0, 1)} in [${element}]`);
  return [hex(reset >>> 0, 1), ...others].join(', ');
}

function notesOf(spec: RegisterSpec): string {
  const acts = [spec.onRead === undefined ? '' : 'read', spec.onWrite === undefined ? '' : 'write'].filter(Boolean);
  return [
    acts.length > 0 ? `acts on ${acts.join(' and ')}` : '',
    spec.inert === true ? 'nothing acts on it' : '',
    spec.sticky === true ? 'survives a software reset' : '',
    spec.sticky === 'all' ? 'survives all resets but power-up' : '',
    ...(spec.aliases ?? []).map((alias) => aliasOf(alias, spec)),
    spec.section === undefined ? '' : `§${spec.section}`,
  ]
    .filter(Boolean)
    .join('; ');
}

function bitsOf(bits: FieldSpec['bits']): string {
  const [high, low] = bitRange(bits);
  return high === low ? `${low}` : `${high}:${low}`;
}

function fieldTable(spec: RegisterSpec, fields: NonNullable<RegisterSpec['fields']>): string {
  const highestFirst = Object.entries(fields).sort(([, a], [, b]) => bitRange(b.bits)[1] - bitRange(a.bits)[1]);
  return markdownTable([
    ['Bits', 'Field', 'Access', 'Meaning'],
    ...highestFirst.map(([name, { bits, access, values, doc }]) => {
      const words = Object.entries(values ?? {}).map(([value, word]) => `${value} ${word}`);
      return [bitsOf(bits), name, access ?? spec.access, words.length > 0 ? `${doc} ${words.join(', ')}.` : doc];
    }),
  ]);
}

/** One block of registers: a table of all, then the fields of each that has some. */
export function documentBlock(title: string, specs: Readonly<Record<string, RegisterSpec>>): string {
  const registers = Object.entries(specs);
  const overview = markdownTable([
    ['Offset', 'Register', 'Access', 'Bits', 'Reset', 'Evidence', 'Meaning', 'Notes'],
    ...registers.map(([name, spec]) => [
      placeOf(spec.at, spec.count ?? 1, spec.stride ?? 4),
      name,
      spec.access,
      spec.writable === undefined ? '' : hex(spec.writable >>> 0),
      resetOf(spec),
      spec.evidence,
      spec.doc,
      notesOf(spec),
    ]),
  ]);
  const details = registers.flatMap(([name, spec]) =>
    Object.keys(spec.fields ?? {}).length === 0 ? [] : [`### ${title}: ${name}`, fieldTable(spec, spec.fields!)],
  );
  return [`## ${title}`, overview, ...details].join('\n\n');
}

/**
 * `npm run coverage [-- --conformance] [-- --trace FILE… --pf COLUMN --vf COLUMN --until SECONDS --run TEXT]`: takes accesses into the
 * data of docs/coverage.md, and writes that. A COLUMN of "none" leaves them out, as those of our own hosted PF have to be. Traces are those of `outboard lab run … --trace 'igb_*reg_*'`.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Column, columns, readColumn, writeColumn } from './columns.ts';
import { coverageDocument } from './document.ts';
import { touchesOfConformance } from './from-conformance.ts';
import { touchesOfTrace } from './from-trace.ts';
import type { Touches } from './touches.ts';

const { values: options } = parseArgs({
  options: {
    conformance: { type: 'boolean', default: false },
    trace: { type: 'string', multiple: true, default: [] },
    pf: { type: 'string', default: 'igb' },
    vf: { type: 'string', default: 'igbvf' },
    until: { type: 'string', default: 'Infinity' },
    run: { type: 'string', default: 'a trace' },
  },
});

const data = Object.fromEntries(columns.map((column) => [column, readColumn(column)])) as Record<
  Column,
  ReturnType<typeof readColumn>
>;

function columnOf(name: string): Column {
  const column = columns.find((one) => one === name);
  if (column !== undefined) return column;
  console.error(`no column "${name}": ${columns.join(', ')}`);
  process.exit(2);
}

function take(name: string, touches: Touches): void {
  if (touches.registers.size === 0 || name === 'none') return;
  const column = data[columnOf(name)];
  column.touches.add(touches);
  if (!column.runs.includes(options.run)) column.runs.push(options.run);
}

for (const path of options.trace) {
  const { pf, vf, lost } = touchesOfTrace(path, Number(options.until) * 1e9);
  if (lost > 0) console.error(`${path}: ${lost} records were lost while it was taken`);
  take(options.pf, pf);
  take(options.vf, vf);
}
if (options.conformance) data.conformance = { runs: ['in process, all cases'], touches: await touchesOfConformance() };
for (const column of columns) writeColumn(column, data[column]);
writeFileSync(fileURLToPath(new URL('../../../docs/coverage.md', import.meta.url)), coverageDocument(data));

/** `outboard bench`: cases side by side, a table, and the same for machines. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PrivateApt } from '../lab/apt.ts';
import { Cache } from '../lab/cache.ts';
import { findQemu } from '../lab/qemu.ts';
import { table } from '../lab/table.ts';
import { LabError } from '../lab/errors.ts';
import { benchCases } from './cases.ts';
import { readAround, writeDocument } from './document.ts';
import { guestCases, type GuestCase, type GuestEffort } from './guest-cases.ts';
import { measureGuests } from './measure-guests.ts';
import { type BenchCase, BenchSkip, type Effort, type Measured, type Subject } from './case.ts';
import { guestHead, guestRow, isGuest, ratioText, type Report, type Result, resultHead, resultRow } from './result.ts';
import { median, ratioOf } from './sample.ts';

export interface BenchOptions {
  /** Fewer rounds. */
  readonly quick?: boolean | undefined;
  /** A QEMU of the user's own. */
  readonly qemu?: string | undefined;
  /** Where the results go. */
  readonly json?: string | undefined;
  /** A document whose section of results is made anew, with a chart beside it. */
  readonly document?: string | undefined;
}

const full: Effort = { rounds: 41, warmUp: 150 };
const quick: Effort = { rounds: 15, warmUp: 60 };

const guestEffort = (isQuick: boolean): GuestEffort =>
  isQuick ? { rounds: 3, warmUp: 1, seconds: 1, pings: 200 } : { rounds: 13, warmUp: 2, seconds: 1, pings: 200 };

const ours: Subject = {
  name: 'ours',
  program: { command: fileURLToPath(new URL('../../../bin/outboard-system-x86_64', import.meta.url)) },
};

/** Some of all cases. */
interface Selection {
  readonly cases: readonly BenchCase[];
  readonly guests: readonly GuestCase[];
}

/** The named cases, or those of named groups, or all. Throws LabError for a name that is none. */
export function selectCases(names: readonly string[]): Selection {
  const known = (name: string): boolean =>
    name === 'guest' ||
    guestCases.some((one) => one.name === name) ||
    benchCases.some((one) => one.name === name || one.group === name);
  for (const name of names)
    if (!known(name)) throw new LabError('BENCH_CASE', `there is no case ${name}.`, 'See "outboard bench list".');
  if (names.length === 0) return { cases: benchCases, guests: guestCases };
  return {
    cases: benchCases.filter(({ name, group }) => names.includes(name) || names.includes(group)),
    guests: guestCases.filter(({ name }) => names.includes(name) || names.includes('guest')),
  };
}

function resultOf(one: BenchCase, { elapsed, processor }: Measured): Result {
  const { name, group, title, goal, against } = one;
  const shown = processor ?? elapsed;
  const theirs = shown.theirs !== undefined && { theirs: median(shown.theirs) };
  const ratio = elapsed.theirs !== undefined && { ratio: ratioOf(elapsed.ours, elapsed.theirs) };
  const processorRatio = processor?.theirs !== undefined && {
    processorRatio: ratioOf(processor.ours, processor.theirs),
  };
  return {
    ...{ name, group, title, goal, against, unit: shown.unit, ours: median(shown.ours) },
    ...theirs,
    ...ratio,
    ...processorRatio,
  };
}

function measure(one: BenchCase, theirs: Subject, effort: Effort): Result {
  try {
    return resultOf(one, one.measure({ ours, theirs }, effort));
  } catch (error) {
    if (!(error instanceof BenchSkip)) throw error;
    const { name, group, title, goal, against } = one;
    return { name, group, title, goal, against, unit: '', ours: Number.NaN, skipped: error.message };
  }
}

/** QEMU as the lab finds it. */
async function findTheirs(path?: string): Promise<{ theirs: Subject; described: string }> {
  const cache = new Cache();
  const say = (line: string): void => console.error(line);
  const qemu = await findQemu(path, cache, new PrivateApt(cache, say), say);
  const program = { command: qemu.command, args: qemu.args, env: qemu.env };
  return { theirs: { name: 'QEMU', program }, described: qemu.described };
}

/** Results of a few rounds of the named cases. */
export async function quickResults(names: readonly string[]): Promise<Result[]> {
  const { theirs } = await findTheirs();
  return selectCases(names).cases.map((one) => measure(one, theirs, quick));
}

/** Measures and prints; resolves to what was found. */
export async function runBench(names: readonly string[], options: BenchOptions = {}): Promise<Report> {
  const { cases, guests } = selectCases(names);
  // Before what takes long, not after it.
  if (options.document !== undefined) readAround(options.document);
  const { theirs, described } = await findTheirs(options.qemu);
  const isQuick = options.quick === true;
  const direct = cases.map((one) => {
    process.stderr.write(`${one.name} … `);
    const result = measure(one, theirs, isQuick ? quick : full);
    process.stderr.write(`${result.skipped ?? ratioText(result.processorRatio ?? result.ratio)}\n`);
    return result;
  });
  const results = [...direct, ...(await measureGuests(guests, guestEffort(isQuick), options.qemu))];
  const report = { date: new Date().toISOString().slice(0, 10), machine: machineLine(), qemu: described, results };
  if (direct.length > 0) console.log(table(resultHead, direct.map(resultRow)));
  if (guests.length > 0) console.log(table(guestHead, results.filter(isGuest).map(guestRow)));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (options.document !== undefined) writeDocument(options.document, report);
  return report;
}

/** Processor, cores, memory, kernel and Node, on one line. */
function machineLine(): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  const kernel = execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim();
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${gib} GiB, Linux ${kernel}, Node ${process.version}`;
}

/** Every case with its group. */
export function listCases(): { name: string; group: string; title: string; goal: number | undefined }[] {
  return [
    ...benchCases.map(({ name, group, title, goal }) => ({ name, group, title, goal })),
    ...guestCases.map(({ name, title, figures }) => ({ name, group: 'guest', title, goal: figures[0]!.goal })),
  ];
}

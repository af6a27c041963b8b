import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import colors from 'picocolors';
import { likelyCause } from './diagnose.ts';
import { describeError, LabError } from './errors.ts';
import { lintLines } from './lint-summary.ts';
import { Reporter, seconds } from './reporter.ts';
import { junit, type RunResult, type WorkloadFailure, type WorkloadResult } from './result.ts';
import { type Run, type RunOptions, withRun } from './run.ts';
import type { Workload } from './workload.ts';
import { nearest } from '../wires/index.ts';
import { workloads as allWorkloads } from './workloads/index.ts';

export interface LabRunOptions extends RunOptions {
  /** Files to write results to. */
  readonly json?: string | undefined;
  readonly junit?: string | undefined;
  readonly reporter?: Reporter | undefined;
}

function adviceFor(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `${near === undefined ? '' : `Did you mean "${near}"? `}There are ${known.join(', ')}.`;
}

/** Refuses at the start what could not be written when all has run. */
function checkResultFiles(files: readonly (string | undefined)[]): void {
  for (const file of files) {
    if (file === undefined) continue;
    try {
      accessSync(existsSync(file) ? file : dirname(resolve(file)), constants.W_OK);
      if (existsSync(file) && statSync(file).isDirectory()) throw new Error('it is a folder');
    } catch (error) {
      throw new LabError('RESULT_FILE', `cannot write ${file}: ${(error as Error).message}.`, 'Name another file.');
    }
  }
}

/** The workloads named, in their own order; "all" names every one. */
export function selectWorkloads(names: readonly string[]): Workload[] {
  const known = allWorkloads.map((workload) => workload.name);
  for (const name of names)
    if (name !== 'all' && !known.includes(name))
      throw new LabError('UNKNOWN_WORKLOAD', `there is no workload "${name}".`, adviceFor(name, [...known, 'all']));
  return allWorkloads.filter((workload) => names.includes('all') || names.includes(workload.name));
}

/** Runs workloads on stock guests; the result says how each went. Throws only where the lab cannot be set up. */
export async function runLab(names: readonly string[], options: LabRunOptions = {}): Promise<RunResult> {
  const chosen = selectWorkloads(names);
  if (chosen.length === 0)
    throw new LabError('NO_WORKLOAD', 'no workload was named.', 'See "lab list", or name "all".');
  checkResultFiles([options.json, options.junit]);
  const reporter = options.reporter ?? new Reporter();
  const started = new Date();
  const what = chosen.length === 1 ? chosen[0]!.name : `${chosen.length}-workloads`;
  return withRun(what, options, reporter, async (run) => {
    const results: WorkloadResult[] = [];
    for (const workload of chosen) results.push(await runWorkload(run, workload));
    await run.closeScene(true);
    const result: RunResult = {
      ok: results.every((workload) => workload.outcome === 'passed'),
      started: started.toISOString(),
      nic: run.makeNic().name,
      qemu: run.lab.qemu.described,
      accelerator: run.lab.accelerator.described,
      kernel: run.lab.image.kernel.release,
      folder: run.folder,
      lint: run.lint.report(),
      workloads: results,
    };
    writeResults(result, options);
    printSummary(result, reporter);
    return result;
  });
}

async function runWorkload(run: Run, workload: Workload): Promise<WorkloadResult> {
  const begin = performance.now();
  const { reporter } = run;
  const first = reporter.steps.length;
  const findings: unknown[] = [];
  reporter.group(workload.name);
  const result = (outcome: WorkloadResult['outcome']): WorkloadResult => ({
    name: workload.name,
    outcome,
    milliseconds: Math.round(performance.now() - begin),
    steps: reporter.steps.slice(first),
    ...(findings.length === 0 ? {} : { findings }),
  });
  try {
    await workload.run({
      lab: run.lab,
      host: run.host,
      step: (title, work) => reporter.step(title, work),
      folder: run.folder,
      print: (text) => console.log(text),
      keep: (finding) => findings.push(finding),
      open: (options, fresh) => run.open(options, fresh),
      ...(run.ours
        ? { openFleet: (guests, plainWire) => run.openFleet(guests, plainWire), openPair: () => run.openPair() }
        : {}),
      bareLog: (options) => run.bareLog(options),
    });
    return result('passed');
  } catch (caught) {
    if (run.cancelled) return run.never();
    const error: unknown = run.nicFailure ?? caught;
    // A workload that failed may leave anything behind: the next one gets a guest of its own.
    await run.closeScene(true);
    return { ...result('failed'), failure: explain(run, error) };
  }
}

/** What failed, where, and what most likely lies behind it; the stack of what is no LabError goes to the run folder. */
export function explain(run: Run, error: unknown): WorkloadFailure {
  const code = (error as { code?: string }).code ?? 'INTERNAL';
  if (!(error instanceof LabError) && error instanceof Error)
    writeFileSync(join(run.folder, 'error.log'), `${error.stack ?? error.message}\n`, { flag: 'a' });
  const step = run.reporter.steps.at(-1);
  return {
    step: step?.ok === false ? step.title : '',
    code,
    message: describeError(error),
    likelyCause: likelyCause(run.folder, code),
  };
}

/** The lines that tell a user of a failure. */
export function failureLines(failure: WorkloadFailure, folder: string): string[] {
  return [
    ...(failure.step === '' ? [] : [`  step: ${failure.step}`]),
    `  what: ${failure.message}`,
    ...(failure.likelyCause === '' ? [] : [`  likely cause: ${failure.likelyCause}`]),
    `  logs: ${relative(process.cwd(), folder) || basename(folder)}`,
  ];
}

function writeResults(result: RunResult, options: LabRunOptions): void {
  const json = `${JSON.stringify(result, undefined, 2)}\n`;
  writeFileSync(join(result.folder, 'result.json'), json);
  if (options.json !== undefined) writeFileSync(options.json, json);
  if (options.junit !== undefined) writeFileSync(options.junit, junit(result));
}

function printSummary(result: RunResult, reporter: Reporter): void {
  for (const { name, outcome, milliseconds, failure } of result.workloads) {
    const mark = outcome === 'passed' ? colors.green('passed') : colors.red('failed');
    reporter.line(`${mark} ${name} ${colors.dim(seconds(milliseconds))}`);
    if (failure !== undefined) for (const line of failureLines(failure, result.folder)) reporter.line(line);
  }
  for (const line of lintLines(result.lint)) reporter.line(line);
}

import { writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import colors from 'picocolors';
import { likelyCause } from './diagnose.ts';
import { describeError, LabError } from './errors.ts';
import { ExternalHost } from './external-host.ts';
import { type Lab, type LabOptions, prepareLab } from './lab.ts';
import { chooseNic, type NicUnderTest } from './nic-under-test.ts';
import type { Attachment } from './qemu-args.ts';
import { Reporter, seconds } from './reporter.ts';
import { junit, type RunResult, type WorkloadResult } from './result.ts';
import { makeRunFolder } from './run-folder.ts';
import { Scene, type SceneOptions } from './scene.ts';
import { onInterrupt } from './signals.ts';
import { VirtualMachine } from './virtual-machine.ts';
import type { Workload, WorkloadContext } from './workload.ts';
import { workloads as allWorkloads } from './workloads/index.ts';

export interface RunOptions extends LabOptions {
  /** What is run: our NIC attached one way or the other, or QEMU's own igb for comparison. */
  readonly nic?: Attachment | 'qemu' | undefined;
  /** Globs of trace events that the run folder's trace keeps. */
  readonly trace?: readonly string[] | undefined;
  /** Files to write results to. */
  readonly json?: string | undefined;
  readonly junit?: string | undefined;
  readonly reporter?: Reporter | undefined;
}

/** Rare events: what a driver does to the device, not what happens to each packet. */
const defaultTrace = ['igb_core_reset*', 'igb_link*', 'igb_*mdic*', 'guest_error*', 'vmd_*', 'pci_*'];

/** The workloads named, in their own order; "all" names every one. */
export function selectWorkloads(names: readonly string[]): Workload[] {
  const known = allWorkloads.map((workload) => workload.name);
  for (const name of names)
    if (name !== 'all' && !known.includes(name))
      throw new LabError(
        'UNKNOWN_WORKLOAD',
        `there is no workload "${name}".`,
        `Choose from ${known.join(', ')}, all.`,
      );
  return allWorkloads.filter((workload) => names.includes('all') || names.includes(workload.name));
}

/** One run of workloads: owns the external host, the scene at hand, and their end. */
class Run {
  readonly #lab: Lab;
  readonly #folder: string;
  readonly #reporter: Reporter;
  readonly #makeNic: () => NicUnderTest;
  #host: ExternalHost | undefined;
  #scene: Scene | undefined;
  #bare: VirtualMachine | undefined;
  #scenes: number;
  #cancelled: boolean;

  constructor(lab: Lab, folder: string, reporter: Reporter, makeNic: () => NicUnderTest) {
    this.#lab = lab;
    this.#folder = folder;
    this.#reporter = reporter;
    this.#makeNic = makeNic;
    this.#host = undefined;
    this.#scene = undefined;
    this.#bare = undefined;
    this.#scenes = 0;
    this.#cancelled = false;
  }

  async begin(): Promise<void> {
    this.#host = await ExternalHost.start(this.#lab.tools, this.#folder);
  }

  async runWorkload(workload: Workload): Promise<WorkloadResult> {
    const begin = performance.now();
    const first = this.#reporter.steps.length;
    this.#reporter.group(workload.name);
    const result = (outcome: WorkloadResult['outcome']): WorkloadResult => ({
      name: workload.name,
      outcome,
      milliseconds: Math.round(performance.now() - begin),
      steps: this.#reporter.steps.slice(first),
    });
    if (this.#cancelled) return result('skipped');
    try {
      await workload.run(this.#context());
      return result('passed');
    } catch (caught) {
      if (this.#cancelled) return result('skipped');
      const error = this.#scene?.nic.failure ?? caught;
      // A workload that failed may leave anything behind: the next one gets a guest of its own.
      await this.#closeScene(true);
      const code = (error as { code?: string }).code ?? 'INTERNAL';
      if (!(error instanceof LabError) && error instanceof Error) this.#keepStack(error);
      const step = this.#reporter.steps.at(-1);
      const failure = {
        step: step?.ok === false ? step.title : '',
        code,
        message: describeError(error),
        likelyCause: likelyCause(this.#folder, code),
      };
      return { ...result('failed'), failure };
    }
  }

  /** Ends everything, at once where the run was cancelled. */
  async end(): Promise<void> {
    await this.#closeScene(!this.#cancelled);
    await this.#bare?.kill();
    await this.#host?.stop();
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    await Promise.all([this.#scene?.machine.kill(), this.#bare?.kill()]);
    await this.#scene?.nic.stop();
    await this.#host?.stop();
  }

  #keepStack(error: Error): void {
    writeFileSync(join(this.#folder, 'error.log'), `${error.stack ?? error.message}\n`, { flag: 'a' });
  }

  #context(): WorkloadContext {
    return {
      lab: this.#lab,
      host: this.#host!,
      step: (title, work) => this.#step(title, work),
      open: (options, fresh = false) => this.#open(options, fresh),
      bareLog: (options) => this.#bareLog(options),
    };
  }

  #step: Reporter['step'] = (title, work) => {
    if (this.#cancelled) throw new LabError('CANCELLED', 'the run was cancelled');
    return this.#reporter.step(title, work);
  };

  async #open(options: SceneOptions, fresh: boolean): Promise<Scene> {
    const current = this.#scene;
    const fits =
      current !== undefined &&
      current.machine.running &&
      current.options.cpus === options.cpus &&
      (current.options.reboots ?? false) === (options.reboots ?? false);
    if (fits && !fresh) return current;
    await this.#closeScene(true);
    if (this.#cancelled) throw new LabError('CANCELLED', 'the run was cancelled');
    const suffix = this.#scenes === 0 ? '' : `-${this.#scenes + 1}`;
    this.#scenes += 1;
    return Scene.open(this.#lab, this.#makeNic(), this.#host!, options, this.#folder, suffix, this.#reporter, {
      opened: (scene) => (this.#scene = scene),
      plugged: () => this.#host!.capture(join(this.#folder, `host${suffix}.pcap`)),
    });
  }

  async #closeScene(keepLog: boolean): Promise<void> {
    const scene = this.#scene;
    this.#scene = undefined;
    if (scene === undefined) return;
    await this.#host?.stopCapture().catch(() => undefined);
    await scene.close(keepLog);
  }

  async #bareLog(options: SceneOptions): Promise<string> {
    const { qemu, accelerator, image } = this.#lab;
    const machine = new VirtualMachine({
      ...{ qemu, accelerator, image, folder: this.#folder, name: '-without' },
      ...{ cpus: options.cpus, nicArguments: [], descriptors: [] },
    });
    this.#bare = machine;
    try {
      await machine.boot();
      await machine.run('coldplug');
      return await machine.run('dmesg -r');
    } finally {
      await machine.stop();
      this.#bare = undefined;
    }
  }
}

/** Runs workloads on stock guests; the result says how each went. Throws only where the lab cannot be set up. */
export async function runLab(names: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const chosen = selectWorkloads(names);
  if (chosen.length === 0)
    throw new LabError('NO_WORKLOAD', 'no workload was named.', 'See "lab list", or name "all".');
  const reporter = options.reporter ?? new Reporter();
  const started = new Date();
  const abort = new AbortController();
  let run: Run | undefined;
  const release = onInterrupt(async () => {
    abort.abort();
    await run?.cancel();
  });
  try {
    reporter.group('set-up');
    const lab = await prepareLab({ ...options, signal: abort.signal }, (title, work) => reporter.step(title, work));
    const trace = options.trace ?? defaultTrace;
    const makeNic = (): NicUnderTest => chooseNic(options.nic ?? 'hierarchy', lab.qemu, trace);
    const nic = makeNic().name;
    const folder = makeRunFolder(chosen.length === 1 ? chosen[0]!.name : `${chosen.length}-workloads`);
    run = new Run(lab, folder, reporter, makeNic);
    const results: WorkloadResult[] = [];
    try {
      await reporter.step('the external host', () => run!.begin());
      for (const workload of chosen) results.push(await run.runWorkload(workload));
    } finally {
      await run.end();
    }
    const result: RunResult = {
      ok: results.every((workload) => workload.outcome === 'passed'),
      started: started.toISOString(),
      nic,
      qemu: lab.qemu.described,
      accelerator: lab.accelerator.described,
      kernel: lab.image.kernel.release,
      folder,
      workloads: results,
    };
    writeResults(result, options);
    printSummary(result, reporter);
    return result;
  } finally {
    release();
  }
}

function writeResults(result: RunResult, options: RunOptions): void {
  const json = `${JSON.stringify(result, undefined, 2)}\n`;
  writeFileSync(join(result.folder, 'result.json'), json);
  if (options.json !== undefined) writeFileSync(options.json, json);
  if (options.junit !== undefined) writeFileSync(options.junit, junit(result));
}

function printSummary(result: RunResult, reporter: Reporter): void {
  for (const { name, outcome, milliseconds, failure } of result.workloads) {
    const mark = outcome === 'passed' ? colors.green('passed') : outcome === 'failed' ? colors.red('failed') : outcome;
    reporter.line(`${mark} ${name} ${colors.dim(seconds(milliseconds))}`);
    if (failure === undefined) continue;
    if (failure.step !== '') reporter.line(`  step: ${failure.step}`);
    reporter.line(`  what: ${failure.message}`);
    if (failure.likelyCause !== '') reporter.line(`  likely cause: ${failure.likelyCause}`);
  }
  const where = relative(process.cwd(), result.folder) || basename(result.folder);
  if (!result.ok) reporter.line(`Logs, capture and trace: ${where}`);
}

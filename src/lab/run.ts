import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import { LintSummary } from './lint-summary.ts';
import { ExternalHost, type WireEnd } from './external-host.ts';
import { Fleet, type FleetGuest } from './fleet.ts';
import { type Lab, type LabOptions, prepareLab } from './lab.ts';
import { datagramPair } from '../linux/index.ts';
import { chooseNic, nicMac, type NicUnderTest, type NicVariant } from './nic-under-test.ts';
import type { WebView } from './nic-views.ts';
import { usualEvents } from '../trace/select.ts';
import type { Attachment } from './qemu-args.ts';
import type { Reporter } from './reporter.ts';
import { makeRunFolder } from './run-folder.ts';
import { sameMachine, Scene, type SceneHooks, type SceneOptions } from './scene.ts';
import { onInterrupt } from './signals.ts';
import { webAddress } from '../web/web-address.ts';
import { VirtualMachine } from './virtual-machine.ts';

export interface RunOptions extends LabOptions {
  /** What is run: our NIC attached one way or the other, or QEMU's own igb for comparison. */
  readonly nic?: Attachment | 'qemu' | undefined;
  /** Globs of trace events that the run folder's trace keeps. */
  readonly trace?: readonly string[] | undefined;
  /** Where the web view of our NIC is, as `--web` names it. */
  readonly web?: string | true | undefined;
}

/** Owns what a run starts: the external host, the guest at hand with its NIC, and their end. */
export class Run {
  readonly lab: Lab;
  readonly folder: string;
  readonly reporter: Reporter;
  /** What drivers did wrong on NICs that have ended. */
  readonly lint: LintSummary;
  readonly #options: RunOptions;
  #host: ExternalHost | undefined;
  #scene: Scene | undefined;
  /** The first of a pair of scenes, of which `#scene` is the second. */
  #first: Scene | undefined;
  #fleet: Fleet | undefined;
  #bare: VirtualMachine | undefined;
  #scenes: number;
  #cancelled: boolean;

  constructor(lab: Lab, folder: string, reporter: Reporter, options: RunOptions) {
    this.lab = lab;
    this.folder = folder;
    this.reporter = reporter;
    this.lint = new LintSummary();
    this.#options = options;
    this.#host = undefined;
    this.#scene = undefined;
    this.#first = undefined;
    this.#fleet = undefined;
    this.#bare = undefined;
    this.#scenes = 0;
    this.#cancelled = false;
  }

  get host(): ExternalHost {
    if (this.#host === undefined) throw new LabError('EXTERNAL_HOST', 'the external host is not there yet');
    return this.#host;
  }

  get scene(): Scene | undefined {
    return this.#scene;
  }

  /** Why our NIC has ended by itself, if it has. */
  get nicFailure(): Error | undefined {
    return this.#first?.nic.failure ?? this.#scene?.nic.failure ?? this.#fleet?.failure;
  }

  /** Whether the NIC is ours, so that its functions can be in several guests. */
  get ours(): boolean {
    return this.#options.nic !== 'qemu';
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  async begin(): Promise<void> {
    this.#host = await ExternalHost.start(this.lab.tools, this.folder);
  }

  makeNic(variant?: NicVariant): NicUnderTest {
    const { nic = 'hierarchy', trace = usualEvents } = this.#options;
    return chooseNic(nic, this.lab.qemu, trace, variant, this.#web);
  }

  get #web(): WebView | undefined {
    const { web } = this.#options;
    return web === undefined
      ? undefined
      : { address: webAddress(web), tell: (line) => this.reporter.line(`  ${line}`) };
  }

  /** A guest with the NIC up: the one at hand where it fits and `fresh` is not asked for, else a new one. */
  async open(options: SceneOptions, fresh = false, nic?: NicUnderTest): Promise<Scene> {
    const current = this.#scene;
    const fits = current !== undefined && current.machine.running && sameMachine(current.options, options);
    if (fits && !fresh && nic === undefined) return current;
    await this.closeScene(true);
    if (this.#cancelled) throw new LabError('CANCELLED', 'the run was cancelled');
    const suffix = this.#nextSuffix();
    return this.#open(options, suffix, nic ?? this.makeNic(options.variant), {
      plug: () => this.host.plug(),
      plugged: () =>
        options.capture === false ? Promise.resolve() : this.host.capture(join(this.folder, `host${suffix}.pcap`)),
    });
  }

  /** Two guests, each with a NIC of ours and a cable between the two, ready for traffic but for addresses of their own. */
  async openPair(): Promise<readonly [Scene, Scene]> {
    await this.closeScene(true);
    if (this.#cancelled) throw new LabError('CANCELLED', 'the run was cancelled');
    const ends = datagramPair();
    const open = async (index: 0 | 1): Promise<Scene> => {
      const options = { cpus: 1, variant: { mac: nicMac.replace(/.$/, String(index)) } };
      return this.#open(options, this.#nextSuffix(), this.makeNic(options.variant), {
        plug: () => Promise.resolve<WireEnd>({ kind: 'dgram', descriptor: ends[index] }),
        plugged: () => Promise.resolve(),
      });
    };
    const first = await open(0);
    this.#first = first;
    return [first, await open(1)];
  }

  #open(
    options: SceneOptions,
    suffix: string,
    nic: NicUnderTest,
    wire: Pick<SceneHooks, 'plug' | 'plugged'>,
  ): Promise<Scene> {
    return Scene.open(this.lab, nic, this.host, options, this.folder, suffix, this.reporter, {
      ...wire,
      opened: (scene) => (this.#scene = scene),
    });
  }

  /** Our NIC on a wire, ready for several guests; none is booted yet. */
  async openFleet(guests: readonly FleetGuest[], plainWire = false): Promise<Fleet> {
    await this.closeScene(true);
    if (this.#cancelled) throw new LabError('CANCELLED', 'the run was cancelled');
    const trace = this.#options.trace ?? usualEvents;
    const options = { folder: this.folder, suffix: this.#nextSuffix(), trace, plainWire, web: this.#web };
    this.#fleet = await Fleet.open(this.lab, this.host, guests, options);
    return this.#fleet;
  }

  /** Ends the guests at hand and their NIC. */
  async closeScene(keepLog: boolean): Promise<void> {
    const fleet = this.#fleet;
    this.#fleet = undefined;
    await fleet?.close(keepLog);
    if (fleet?.lint !== undefined) this.lint.add(fleet.lint);
    const scenes = [this.#first, this.#scene].filter((scene) => scene !== undefined);
    this.#first = undefined;
    this.#scene = undefined;
    if (scenes.length === 0) return;
    await this.#host?.stopCapture().catch(() => undefined);
    for (const scene of scenes) {
      await scene.close(keepLog);
      if (scene.nic.lint !== undefined) this.lint.add(await scene.nic.lint());
    }
  }

  /** Tells the logs of one scene from those of the next. */
  #nextSuffix(): string {
    this.#scenes += 1;
    return this.#scenes === 1 ? '' : `-${this.#scenes}`;
  }

  /** Boots the same guest without the NIC and gives its kernel log, raw. */
  async bareLog(options: SceneOptions): Promise<string> {
    const { qemu, accelerator, image } = this.lab;
    const machine = new VirtualMachine({
      ...{ qemu, accelerator, image, folder: this.folder, name: '-without' },
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

  /** Ends everything that was started. */
  async end(): Promise<void> {
    await this.closeScene(!this.#cancelled);
    await this.#bare?.kill();
    await this.#host?.stop();
  }

  /** For what failed because the run was cancelled: the signal's handler is about to end the process. */
  never(): Promise<never> {
    return new Promise(() => undefined);
  }

  /** Ends everything at once; what waits for any of it fails. */
  async cancel(): Promise<void> {
    this.#cancelled = true;
    await Promise.all([
      this.#first?.machine.kill(),
      this.#scene?.machine.kill(),
      this.#bare?.kill(),
      this.#fleet?.kill(),
    ]);
    await this.#first?.nic.stop();
    await this.#scene?.nic.stop();
    await this.#host?.stop();
    // A NIC that was only just starting may have left its socket.
    for (const name of readdirSync(this.folder))
      if (name.endsWith('.sock')) rmSync(join(this.folder, name), { force: true });
  }
}

/** Prepares the lab, runs `work` with an external host at hand, and ends everything, on Ctrl-C too. */
export async function withRun<T>(
  what: string,
  options: RunOptions,
  reporter: Reporter,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let run: Run | undefined;
  const release = onInterrupt(async () => {
    abort.abort();
    await run?.cancel();
  });
  try {
    reporter.group('set-up');
    const lab = await prepareLab({ ...options, signal: abort.signal }, (title, step) => reporter.step(title, step));
    const mine = new Run(lab, makeRunFolder(what), reporter, options);
    run = mine;
    try {
      mine.makeNic(); // refuses here what this QEMU cannot attach
      await reporter.step('the external host', () => mine.begin());
      return await work(mine);
    } finally {
      await mine.end();
    }
  } catch (error) {
    // The signal's handler ends the process; what fails meanwhile fails because of it.
    if (abort.signal.aborted) return new Promise(() => undefined);
    throw error;
  } finally {
    release();
  }
}

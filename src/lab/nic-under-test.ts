import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';
import { close } from '../linux/index.ts';
import type { NicStatistics } from '../nic/nic-statistics.ts';
import { type Nic, startNic } from '../nic/nic.ts';
import type { LintReport } from '../lint/index.ts';
import { netdevOf, type WireEnd } from './external-host.ts';
import { LabError } from './errors.ts';
import { openViews, type WebView } from './nic-views.ts';
import { type Attachment, debugArguments, ownIgbArguments, vfioUserArguments } from './qemu-args.ts';
import type { Qemu } from './qemu.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import { firstDescriptor } from './virtual-machine.ts';

export const nicMac = '52:54:00:82:57:60';
const noFindings: LintReport = { findings: [], unlisted: 0 };
/** Longest path of a unix socket, in bytes. */
const longestSocketPath = 107;

/** A NIC that workloads can be run on: ours, or QEMU's own for comparison. */
export interface NicUnderTest {
  readonly name: string;
  /** Takes the wire's end and becomes ready for QEMU. Logs go to the folder, told apart by `suffix`. */
  start(wire: WireEnd, folder: string, suffix: string): Promise<void>;
  readonly qemuArguments: readonly string[];
  /** Descriptors that QEMU inherits from firstDescriptor on. */
  readonly descriptors: readonly number[];
  setLink(up: boolean, machine: VirtualMachine): Promise<void>;
  /** Its own counters by name, where it tells them. */
  statistics?(): Promise<NicStatistics>;
  /** What drivers did wrong since it started, or had done when it stopped. */
  lint?(): Promise<LintReport>;
  /** Path of the socket where it speaks QMP, for those that do. */
  readonly monitor?: string;
  /** Why it has ended by itself, if it has. */
  readonly failure: Error | undefined;
  stop(): Promise<void>;
}

/** Settings of our NIC, by their names in its configuration. */
export interface NicVariant {
  readonly attachment?: Attachment;
  readonly msix?: boolean;
  readonly media?: 'copper' | 'sfp';
  readonly mac?: string;
  readonly cable?: { readonly crossed: boolean };
  /** Two are plugged into one hub with the wire. */
  readonly ports?: 1 | 2;
  /** Breakpoints stop the machine too, and QEMU's gdbstub listens at `gdb.sock` in the run folder. */
  readonly debug?: boolean;
}

/** Outboard's NIC, in a thread of this process. */
export class OutboardNic implements NicUnderTest {
  readonly name: string;
  readonly descriptors: readonly number[];
  readonly #attachment: Attachment;
  readonly #trace: readonly string[];
  readonly #variant: NicVariant;
  readonly #web: WebView | undefined;
  #nic: Nic | undefined;
  #socket: string;
  #folder: number | undefined;
  #failure: Error | undefined;
  #lint: LintReport;

  /** `trace` are globs of trace events for the run folder. */
  constructor(attachment: Attachment, trace: readonly string[] = [], variant: NicVariant = {}, web?: WebView) {
    this.name = [`Outboard, ${attachment}`, ...describeVariant(variant)].join(', ');
    this.descriptors = [];
    this.#lint = noFindings;
    this.#attachment = attachment;
    this.#trace = trace;
    this.#variant = variant;
    this.#web = web;
    this.#nic = undefined;
    this.#socket = '';
    this.#folder = undefined;
    this.#failure = undefined;
  }

  get qemuArguments(): readonly string[] {
    const nic = this.#sockets.flatMap((path) => vfioUserArguments(path));
    return this.#variant.debug === true ? [...nic, ...debugArguments(basename(this.#beside('vm')))] : nic;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Beside the NIC's own socket: `outboard monitor` finds it in the run folder. */
  get monitor(): string {
    return this.#beside('qmp');
  }

  async start(wire: WireEnd, folder: string, suffix: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    this.#failure = undefined;
    this.#socket = join(folder, `nic${suffix}.sock`);
    if (Buffer.byteLength(this.#socket) + 2 > longestSocketPath) {
      this.#folder = openSync(folder, 'r');
      this.#socket = `/proc/${process.pid}/fd/${this.#folder}/nic${suffix}.sock`;
    }
    const log = join(folder, `nic${suffix}.log`);
    const say = (line: string): void => appendFileSync(log, `${line}\n`);
    const { attachment: _, debug, ...settings } = this.#variant;
    const machine = debug === true ? { qmp: this.#beside('vm') } : {};
    this.#nic = await startNic(
      {
        attach: this.#sockets.map((path, port) =>
          this.#attachment === 'function'
            ? { kind: 'function', port: port === 1 ? 1 : 0, path, ...machine }
            : { kind: 'hierarchy', path, ...machine },
        ),
        mac: nicMac,
        ...settings,
        netdev: [netdevOf(wire), ...(settings.ports === 2 ? hubOfPorts : [])],
        lint: true,
        trace: [...this.#trace],
        traceFile: join(folder, `trace${suffix}.obt`),
      },
      { log: say },
    );
    const nic = this.#nic;
    await openViews(nic, { qmp: this.monitor, web: this.#web, log: say });
    nic.ended.catch((error: Error) => (this.#failure = error));
  }

  /** A socket in the same folder, under another name. */
  #beside(name: string): string {
    return this.#socket.replace(/nic([^/]*)$/, `${name}$1`);
  }

  /** One for each function that QEMU attaches. */
  get #sockets(): string[] {
    const both = this.#variant.ports === 2 && this.#attachment === 'function';
    return both ? [this.#socket, this.#socket.replace(/\.sock$/, '-1.sock')] : [this.#socket];
  }

  statistics(): Promise<NicStatistics> {
    return this.#nic?.request('statistics') ?? Promise.resolve({});
  }

  lint(): Promise<LintReport> {
    return this.#nic?.request('lint') ?? Promise.resolve(this.#lint);
  }

  setLink(up: boolean): Promise<void> {
    return this.#nic?.request('setLink', { up }) ?? Promise.resolve();
  }

  async stop(): Promise<void> {
    const nic = this.#nic;
    this.#nic = undefined;
    this.#lint = (await nic?.request('lint').catch(() => undefined)) ?? this.#lint;
    await nic?.close().catch((error: Error) => (this.#failure = error));
    if (this.#folder !== undefined) closeSync(this.#folder);
    this.#folder = undefined;
  }
}

/** Both ports and the wire on one hub, which gives a frame to whom it has last first: the wire, a tap, is slow. */
export const hubOfPorts = ['hubport,id=w0,hubid=0,netdev=n0', 'hubport,id=p0,hubid=0', 'hubport,id=p1,hubid=0'];

function describeVariant({ msix, media, ports, cable, debug }: NicVariant): string[] {
  return [
    ...(ports === 2 ? ['two ports'] : []),
    ...(msix === false ? ['without MSI-X'] : []),
    ...(media === 'sfp' ? ['with an SFP'] : []),
    ...(cable?.crossed === true ? ['with a crossed cable'] : []),
    ...(debug === true ? ['with gdb'] : []),
  ];
}

/** QEMU's own igb, for comparison; its wire must be a tap. */
export class QemuNic implements NicUnderTest {
  readonly name: string;
  readonly failure: undefined;
  #wire: WireEnd | undefined;

  constructor() {
    this.name = "QEMU's own igb";
    this.failure = undefined;
    this.#wire = undefined;
  }

  get qemuArguments(): readonly string[] {
    return ownIgbArguments(firstDescriptor, nicMac);
  }

  get descriptors(): readonly number[] {
    return this.#wire === undefined ? [] : [this.#wire.descriptor];
  }

  start(wire: WireEnd): Promise<void> {
    this.#wire = wire;
    if (wire.kind !== 'tap') {
      close(wire.descriptor);
      this.#wire = undefined;
      throw new LabError('NEEDS_TAP', "QEMU's own igb needs a tap.", 'Run as root, or make /dev/net/tun writable.');
    }
    return Promise.resolve();
  }

  async setLink(up: boolean, machine: VirtualMachine): Promise<void> {
    await machine.qmp.execute('set_link', { name: 'n0', up });
  }

  stop(): Promise<void> {
    if (this.#wire !== undefined) close(this.#wire.descriptor);
    this.#wire = undefined;
    return Promise.resolve();
  }
}

/** Which NIC the user asked for, checked against what this QEMU can attach. */
export function chooseNic(
  wanted: Attachment | 'qemu',
  qemu: Qemu,
  trace: readonly string[],
  variant: NicVariant = {},
  web?: WebView,
): NicUnderTest {
  if (wanted === 'qemu') return new QemuNic();
  const kind = variant.attachment ?? wanted;
  const reason = qemu.noHierarchy;
  if (reason !== undefined && (kind === 'hierarchy' || qemu.version[0] < 10))
    throw new LabError('QEMU_TOO_OLD', `${reason}.`, 'Use a QEMU of 11.1 or newer, or leave --qemu out.');
  return new OutboardNic(kind, trace, variant, web);
}

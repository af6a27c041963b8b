import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import { close, MessageSocket, streamPair } from '../linux/index.ts';
import { LabError } from './errors.ts';
import type {
  ExternalHostReply,
  ExternalHostRequest,
  ExternalHostSetup,
  FramesWanted,
  Program,
} from './external-host-protocol.ts';
import type { GuestTools } from './guest-tools.ts';
import type { Upload } from './http-files.ts';
import { quoted } from './qemu-args.ts';
import { forEachLine } from '../qmp/index.ts';
import { type CommandResult, runCommand, spawnBound } from './run-command.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The end of a wire that a NIC takes: a tap, or a packet socket where there is no tap to be had; a datagram socket to another
 * NIC. Its owner closes it.
 */
export interface WireEnd {
  readonly kind: 'tap' | 'packet' | 'dgram';
  readonly descriptor: number;
}

/** The wire as the NIC's netdev n0, in QEMU's words. */
export const netdevOf = ({ kind, descriptor }: WireEnd): string =>
  kind === 'dgram' ? `dgram,id=n0,local.type=fd,local.str=${descriptor}` : `${kind},id=n0,fd=${descriptor}`;

/**
 * A host on the other end of the wire, in namespaces that last as long as its process: it is the first process of its own
 * process namespace, so what its shells have started, floods say, ends with it, however the lab ends.
 */
export class ExternalHost {
  readonly #child: ChildProcess;
  readonly #handover: MessageSocket;
  readonly #waiting: Map<number, Waiting>;
  #nextId: number;
  #running: boolean;

  private constructor(child: ChildProcess, handover: MessageSocket) {
    this.#child = child;
    this.#handover = handover;
    this.#waiting = new Map();
    this.#nextId = 1;
    this.#running = true;
    forEachLine(child.stdout as Readable, (line) => this.#received(JSON.parse(line) as ExternalHostReply));
    child.stdin?.on('error', () => undefined);
    child.on('error', () => this.#ended());
    child.on('exit', () => this.#ended());
  }

  /** Starts the host; its messages go to host.log in the folder. */
  static async start(tools: GuestTools, folder: string): Promise<ExternalHost> {
    const unshare = await namespaceCommand();
    const program = (name: string): { command: string; args: string[] } => tools.hostProgram(name);
    const sh = shellWith(tools, join(folder, 'host-programs'));
    const setup: ExternalHostSetup = {
      programs: {
        ...{ ip: program('ip'), ping: program('ping'), tcpdump: program('tcpdump'), iperf3: program('iperf3') },
        sh,
      },
    };
    const script = fileURLToPath(new URL('./external-host-process.js', import.meta.url));
    const [ours, theirs] = streamPair();
    const log = openSync(join(folder, 'host.log'), 'a');
    const [command, ...args] = [
      ...unshare,
      // Entering a user namespace may clear the signal that spawnBound asked for, and unshare forks.
      ...['setpriv', '--pdeathsig', 'KILL', '--'],
      ...[process.execPath, '--enable-source-maps', script, JSON.stringify(setup)],
    ];
    const child = spawnBound(command!, args, { cwd: folder, stdio: ['pipe', 'pipe', log, theirs] });
    closeSync(log);
    close(theirs);
    const host = new ExternalHost(child, new MessageSocket(ours));
    await new Promise((resolve, reject) => host.#waiting.set(0, { resolve, reject }));
    return host;
  }

  /**
   * Makes a fresh wire and gives its end; the one before must have been closed. A plain wire is a tap that takes no
   * unfinished frames, so that the NIC has to segment and sum by itself, and the host on it is silent: it has IPv4 only.
   */
  async plug(plain = false): Promise<WireEnd> {
    const kind = (await this.#request({ method: 'plug', plain })) as WireEnd['kind'];
    const byte = Buffer.alloc(1);
    // The descriptor was sent before the answer, so it is there.
    if (this.#handover.receive(byte, 0, 1) !== 1 || this.#handover.receivedFdCount !== 1)
      throw new LabError('EXTERNAL_HOST', 'the external host handed over no wire');
    return { kind, descriptor: this.#handover.receivedFds[0]! };
  }

  async serve(): Promise<void> {
    await this.#request({ method: 'serve' });
  }

  /** Makes GET /file/LENGTH/SEED ready and gives the SHA-256 of what it will send. */
  async file(length: number, seed: number): Promise<string> {
    return (await this.#request({ method: 'file', length, seed })) as string;
  }

  /** What PUT /upload/NAME brought. */
  async uploaded(name: string): Promise<Upload | undefined> {
    return (await this.#request({ method: 'uploaded', name })) as Upload | undefined;
  }

  /** Puts frames on the wire and gives those that the NIC sends from then on, with their VLAN tags. */
  async exchange(frames: readonly Uint8Array[], until: FramesWanted): Promise<Buffer[]> {
    const encoded = frames.map((frame) => Buffer.from(frame).toString('base64'));
    const received = (await this.#request({ method: 'exchange', frames: encoded, until })) as string[];
    return received.map((frame) => Buffer.from(frame, 'base64'));
  }

  async capture(file: string): Promise<void> {
    await this.#request({ method: 'capture', file });
  }

  async stopCapture(): Promise<void> {
    await this.#request({ method: 'stopCapture' });
  }

  async iperf(): Promise<void> {
    await this.#request({ method: 'iperf' });
  }

  /** Gives the host an interface in a VLAN, with an address ("10.0.0.1/24"). It lasts until it is removed or the wire is plugged anew. */
  async addVlan(tag: number, address: string): Promise<void> {
    await this.#request({ method: 'addVlan', tag, address });
  }

  async removeVlan(tag: number): Promise<void> {
    await this.#request({ method: 'removeVlan', tag });
  }

  /** Runs a shell script in the namespace, whatever its exit status; it finds the lab's programs by name. */
  shell(script: string, timeoutMs?: number): Promise<CommandResult> {
    return this.try('sh', ['-c', script], timeoutMs);
  }

  /** Starts a shell command in the namespace that goes on until the wire is plugged anew or the host ends. */
  async start(command: string): Promise<void> {
    await this.#request({ method: 'start', command });
  }

  /** Runs a program in the namespace, whatever its exit status. */
  async try(
    program: keyof ExternalHostSetup['programs'],
    args: readonly string[],
    timeoutMs = 30_000,
  ): Promise<CommandResult> {
    return (await this.#request({ method: 'run', program, args, timeoutMs })) as CommandResult;
  }

  async run(program: keyof ExternalHostSetup['programs'], words: string, timeoutMs?: number): Promise<string> {
    const result = await this.try(program, words.split(' '), timeoutMs);
    if (result.status !== 0)
      throw new LabError(
        'EXTERNAL_HOST',
        `on the external host, "${program} ${words}" ended with status ${result.status}: ${(result.stderr || result.stdout).trim().split('\n').at(-1)}`,
      );
    return result.stdout;
  }

  /** Ends the process; the namespace and all in it go with it. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 1000);
    await ended;
    clearTimeout(timer);
  }

  #request(request: WithoutId<ExternalHostRequest>): Promise<unknown> {
    if (!this.#running) return Promise.reject(new LabError('EXTERNAL_HOST', 'the external host has ended'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  #received(reply: ExternalHostReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.error === undefined) waiting?.resolve(reply.result);
    else waiting?.reject(new LabError(reply.error.code, `external host: ${reply.error.message}`));
  }

  #ended(): void {
    if (!this.#running) return;
    this.#running = false;
    for (const { reject } of this.#waiting.values())
      reject(new LabError('EXTERNAL_HOST', 'the external host ended; see host.log in the run folder'));
    this.#waiting.clear();
    this.#handover.close();
  }
}

/** A shell that finds the lab's programs by name, through a script for each in `folder`. */
function shellWith(tools: GuestTools, folder: string): Program {
  mkdirSync(folder, { recursive: true });
  for (const name of ['ip', 'tc', 'ping', 'iperf3', 'socat', 'tcpdump', 'ptp4l']) {
    const { command, args } = tools.hostProgram(name);
    const words = [command, ...args].map(quoted).join(' ');
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  }
  return { command: 'env', args: [`PATH=${folder}:${process.env['PATH'] ?? '/usr/bin:/bin'}`, 'LC_ALL=C', 'sh'] };
}

/** The command that starts a program in new network and process namespaces: as root, else in a user namespace of its own. */
async function namespaceCommand(): Promise<string[]> {
  const own = ['--net', '--pid', '--fork', '--kill-child', '--'];
  const ways = [
    ['unshare', ...own],
    ['unshare', '--user', '--map-root-user', ...own],
  ];
  let reason = '';
  for (const way of process.getuid?.() === 0 ? ways : ways.slice(1)) {
    const result = await runCommand(way[0]!, [...way.slice(1), 'true']);
    if (result.status === 0) return way;
    reason = result.stderr.trim();
  }
  throw new LabError(
    'NO_NAMESPACE',
    `cannot make a network namespace: ${reason}.`,
    'Run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1).',
  );
}

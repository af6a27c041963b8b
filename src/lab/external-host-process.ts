/**
 * The external host's process: started inside a network namespace of its own, it makes the wire there, hands the wire's
 * end to its parent, and serves. It ends when its parent does, and the namespace with it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { close, MessageSocket, openPacketSocket, openTap, requestStop, SystemError } from '../linux/index.ts';
import { LabError } from './errors.ts';
import {
  type ExternalHostReply,
  type ExternalHostRequest,
  type ExternalHostSetup,
  type FramesWanted,
  handoverDescriptor,
  hostAddress,
  hostAddress6,
  hostInterface,
  httpPort,
  iperfPort,
  jumboMtu,
  type Program,
} from './external-host-protocol.ts';
import { HostFrames } from './host-frames.ts';
import { HttpFiles } from './http-files.ts';
import { forEachLine } from '../qmp/index.ts';
import { type CommandResult, runCommand, spawnBound } from './run-command.ts';
import type { VlanRelayData } from './vlan-relay.ts';

const wireInterface = 'wire0';
/** tcpdump opens its file once it listens; a capture that has not begun by then is an error. */
const captureStartMs = 10_000;
const tapGoneMs = 2000;

class ExternalHost {
  readonly #programs: ExternalHostSetup['programs'];
  readonly #handover: MessageSocket;
  readonly #files: HttpFiles;
  #frames: HostFrames | undefined;
  #serving: boolean;
  #veth: boolean;
  #capture: ChildProcess | undefined;
  #iperf: ChildProcess | undefined;
  readonly #started: Set<ChildProcess>;
  readonly #vlans: Map<number, { wakeFd: number; ended: Promise<unknown> }>;

  constructor(setup: ExternalHostSetup) {
    this.#programs = setup.programs;
    this.#handover = new MessageSocket(handoverDescriptor);
    this.#files = new HttpFiles();
    this.#frames = undefined;
    this.#serving = false;
    this.#veth = false;
    this.#capture = undefined;
    this.#iperf = undefined;
    this.#started = new Set();
    this.#vlans = new Map();
  }

  async answer(request: ExternalHostRequest): Promise<unknown> {
    switch (request.method) {
      case 'plug':
        return this.#plug(request.plain);
      case 'exchange':
        return this.#exchange(request.frames, request.until);
      case 'serve':
        return this.#serve();
      case 'file':
        return this.#files.file(request.length, request.seed);
      case 'uploaded':
        return this.#files.uploaded(request.name);
      case 'capture':
        return this.#startCapture(request.file);
      case 'stopCapture':
        return this.#stopCapture();
      case 'iperf':
        return this.#startIperf();
      case 'start':
        return this.#start(request.command);
      case 'addVlan':
        return this.#addVlan(request.tag, request.address);
      case 'removeVlan':
        return this.#removeVlan(request.tag);
      case 'run':
        return this.#run(this.#programs[request.program], request.args, request.timeoutMs);
    }
  }

  /** A fresh wire: its end goes to the parent, its other end gets the host's addresses. */
  async #plug(plain: boolean): Promise<'tap' | 'packet'> {
    await this.#endStarted();
    this.#frames?.close();
    this.#frames = undefined;
    for (const tag of [...this.#vlans.keys()]) await this.#removeVlan(tag);
    if (this.#veth) await this.#ip(`link delete ${hostInterface}`);
    this.#veth = false;
    let fd: number;
    let kind: 'tap' | 'packet' = 'tap';
    try {
      fd = await openHostTap(!plain);
    } catch (error) {
      if (!(error instanceof SystemError) || plain) throw error;
      // No device node, or not ours to open: a veth pair needs none.
      kind = 'packet';
      await this.#ip(`link add ${hostInterface} type veth peer name ${wireInterface}`);
      this.#veth = true;
      await this.#ip(`link set ${wireInterface} mtu ${jumboMtu + 4} up`);
      fd = openPacketSocket({ interfaceName: wireInterface });
    }
    this.#handover.send(Buffer.from('w'), 0, 1, [fd]);
    close(fd);
    await this.#ip('link set lo up');
    // Without an address of IPv6 the host sends nothing of its own accord, which counters would show.
    if (plain) await this.#ip(`link set ${hostInterface} addrgenmode none`);
    await this.#ip(`link set ${hostInterface} mtu ${jumboMtu} up`);
    await this.#ip(`address add ${hostAddress}/24 dev ${hostInterface}`);
    if (!plain) await this.#ip(`-6 address add ${hostAddress6}/64 dev ${hostInterface} nodad`);
    return kind;
  }

  async #exchange(frames: readonly string[], until: FramesWanted): Promise<string[]> {
    this.#frames ??= new HostFrames(hostInterface);
    const received = await this.#frames.exchange(
      frames.map((frame) => Buffer.from(frame, 'base64')),
      until,
    );
    return received.map((frame) => frame.toString('base64'));
  }

  async #serve(): Promise<void> {
    if (this.#serving) return;
    await this.#files.listen(httpPort, '::');
    this.#serving = true;
  }

  async #startIperf(): Promise<void> {
    if (this.#iperf !== undefined && this.#iperf.exitCode === null) return;
    const { command, args } = this.#programs.iperf3;
    this.#iperf = spawnBound(command, [...args, '--server', '--port', String(iperfPort)], { stdio: 'ignore' });
    await sleep(300);
  }

  /** Runs beside the rest until the wire is plugged anew. */
  #start(command: string): void {
    const { command: shell, args } = this.#programs.sh;
    const child = spawnBound(shell, [...args, '-c', `exec ${command}`], { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#started.add(child);
    child.on('exit', () => this.#started.delete(child));
  }

  async #endStarted(): Promise<void> {
    const ends = [...this.#started].map((child) => {
      child.kill('SIGKILL');
      return once(child, 'exit');
    });
    await Promise.all(ends);
  }

  async #startCapture(file: string): Promise<void> {
    await this.#stopCapture();
    const { command, args } = this.#programs.tcpdump;
    const options = ['-Z', 'root', '-i', hostInterface, '-s', '256', '--immediate-mode', '-U', '-w', file];
    const capture = spawnBound(command, [...args, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#capture = capture;
    for (const deadline = Date.now() + captureStartMs; !(existsSync(file) && statSync(file).size > 0); await sleep(20))
      if (capture.exitCode !== null || Date.now() > deadline)
        throw new LabError('CAPTURE', 'tcpdump does not start; see host.log in the run folder');
  }

  async #stopCapture(): Promise<void> {
    const capture = this.#capture;
    this.#capture = undefined;
    if (capture === undefined || capture.exitCode !== null) return;
    const ended = once(capture, 'exit');
    capture.kill('SIGTERM');
    await ended;
  }

  async #addVlan(tag: number, address: string): Promise<void> {
    const [link, inner] = [`vlan${tag}`, `vlanwire${tag}`];
    await this.#ip(`link add ${link} type veth peer name ${inner}`);
    await this.#ip(`link set ${inner} up`);
    await this.#ip(`link set ${link} up`);
    await this.#ip(`address add ${address} dev ${link}`);
    const workerData: VlanRelayData = { tag, outer: hostInterface, inner };
    const worker = new Worker(new URL('./vlan-relay.js', import.meta.url), { workerData });
    worker.on('error', (error) => console.error(error));
    const ended = once(worker, 'exit');
    const [wakeFd] = (await once(worker, 'message')) as [number];
    this.#vlans.set(tag, { wakeFd, ended });
  }

  async #removeVlan(tag: number): Promise<void> {
    const relay = this.#vlans.get(tag);
    if (relay === undefined) return;
    this.#vlans.delete(tag);
    requestStop(relay.wakeFd);
    await relay.ended;
    await this.#ip(`link delete vlan${tag}`);
  }

  async #ip(words: string): Promise<void> {
    const result = await this.#run(this.#programs.ip, words.split(' '), 10_000);
    if (result.status !== 0) throw new LabError('EXTERNAL_HOST', `"ip ${words}" failed: ${result.stderr.trim()}`);
  }

  #run(program: Program, args: readonly string[], timeoutMs: number): Promise<CommandResult> {
    return runCommand(program.command, [...program.args, ...args], { timeoutMs });
  }
}

/** The tap before goes when its last descriptor is closed, which a program that has just ended may still be doing. */
async function openHostTap(vnetHeader: boolean): Promise<number> {
  for (const deadline = Date.now() + tapGoneMs; ; await sleep(20))
    try {
      return openTap({ name: hostInterface, vnetHeader }).fd;
    } catch (error) {
      if (!(error instanceof SystemError && error.code === 'EBUSY') || Date.now() > deadline) throw error;
    }
}

const host = new ExternalHost(JSON.parse(process.argv[2] ?? '{}') as ExternalHostSetup);

function reply(message: ExternalHostReply): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

forEachLine(process.stdin, (line) => {
  const request = JSON.parse(line) as ExternalHostRequest;
  host.answer(request).then(
    (result) => reply({ id: request.id, result }),
    (error: unknown) => {
      const { code, message } = error as { code?: string; message: string };
      reply({ id: request.id, error: { code: code ?? 'EXTERNAL_HOST', message } });
    },
  );
});
process.stdin.on('end', () => process.exit(0));
// A terminal's Ctrl-C reaches the whole group; the parent decides when this ends.
process.on('SIGINT', () => undefined);
reply({ id: 0, result: 'ready' });

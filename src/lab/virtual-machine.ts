import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { QmpClient, type QmpClientErrors } from '../qmp/index.ts';
import type { Accelerator } from './accelerator.ts';
import { GuestAgent, type GuestResult } from './agent.ts';
import { LabError } from './errors.ts';
import type { GuestImage } from './guest-image.ts';
import { memoryArguments } from './qemu-args.ts';
import type { Qemu } from './qemu.ts';
import { spawnBound } from './run-command.ts';

export interface MachineOptions {
  readonly qemu: Qemu;
  readonly accelerator: Accelerator;
  readonly image: GuestImage;
  /** Gets serial.log and qemu.log; QEMU runs in it. */
  readonly folder: string;
  /** Distinguishes the logs of several machines in one folder. */
  readonly name: string;
  readonly cpus: number;
  readonly memoryMegabytes?: number;
  /** Arguments for the NIC; their descriptors are `descriptors`, numbered from `firstDescriptor`. */
  readonly nicArguments: readonly string[];
  readonly descriptors: readonly number[];
  /** More words for the kernel's command line. */
  readonly kernelWords?: readonly string[];
  /** QEMU's arguments for what it boots instead of the image. */
  readonly boot?: readonly string[];
  /** More of the machine, before the NIC: an IOMMU, say. */
  readonly platform?: readonly string[];
  /** A guest's reboot ends the machine unless this is set. */
  readonly reboots?: boolean;
  /** The terminal becomes the guest's second serial port. */
  readonly terminal?: boolean;
}

const qmpDescriptor = 3;
const agentDescriptor = 4;
/** Number that QEMU knows the first of the NIC's descriptors by. */
export const firstDescriptor = 5;
const quitMs = 1500;
const rebootMs = 180_000;

const qmpErrors: QmpClientErrors = {
  gone: (command) =>
    new LabError('QEMU_GONE', command === undefined ? 'QEMU has ended' : `QEMU has ended before "${command}"`),
  refused: (_class, description) => new LabError('QMP', `QEMU refuses: ${description}`),
};

/** A stock QEMU with a stock Debian guest, its monitor and its agent on inherited sockets. It dies with this process. */
export class VirtualMachine {
  readonly qmp: QmpClient;
  readonly agent: GuestAgent;
  readonly serialLog: string;
  readonly qemuLog: string;
  /** Resolves when QEMU has ended, however. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #running: boolean;

  constructor(options: MachineOptions) {
    this.serialLog = join(options.folder, `serial${options.name}.log`);
    this.qemuLog = join(options.folder, `qemu${options.name}.log`);
    const { qemu } = options;
    const log = openSync(this.qemuLog, 'w');
    this.#running = true;
    this.#child = spawnBound(qemu.command, [...qemu.args, ...machineArguments(options, this.serialLog)], {
      cwd: options.folder,
      env: { ...process.env, ...qemu.env },
      stdio: [
        options.terminal === true ? 'inherit' : 'ignore',
        options.terminal === true ? 'inherit' : log,
        log,
        'pipe',
        'pipe',
        ...options.descriptors,
      ],
    });
    closeSync(log);
    this.qmp = new QmpClient(this.#child.stdio[qmpDescriptor] as Duplex, qmpErrors);
    this.agent = new GuestAgent(this.#child.stdio[agentDescriptor] as Duplex);
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        if (!this.#running) return;
        this.#running = false;
        this.qmp.close();
        this.agent.end(new LabError('QEMU_GONE', `QEMU ended (${how})${this.#lastLogLine()}`));
        resolve();
      };
      this.#child.on('error', (error) => end(error.message));
      this.#child.on('exit', (status, signal) => end(signal ?? `status ${status}`));
    });
  }

  get running(): boolean {
    return this.#running;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the guest's agent answers. */
  boot(timeoutMs = 180_000): Promise<void> {
    return this.agent.connect(timeoutMs);
  }

  /** Lets the guest reboot, unless `how` says otherwise (it was started with `reboots`); resolves when its agent answers again. */
  async reboot(how: () => Promise<unknown> = () => this.agent.start('reboot -f')): Promise<void> {
    const reset = new Promise<void>((resolve) => {
      const remove = this.qmp.onEvent((event) => {
        if (event !== 'RESET') return;
        remove();
        resolve();
      });
    });
    await how();
    await Promise.race([reset, this.ended]);
    await this.boot(rebootMs);
  }

  /** Runs a shell command in the guest; a status other than 0 is an error that quotes what it wrote. */
  async run(command: string, timeoutMs?: number): Promise<string> {
    const result = await this.try(command, timeoutMs);
    if (result.status !== 0) {
      const wrote = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-3).join(' / ');
      throw new LabError('GUEST_COMMAND', `in the guest, "${command}" ended with status ${result.status}: ${wrote}`);
    }
    return result.stdout;
  }

  /** Runs a shell command in the guest, whatever its exit status. */
  try(command: string, timeoutMs?: number): Promise<GuestResult> {
    return this.agent.run(command, timeoutMs);
  }

  /** Ends QEMU: asked first, then killed. Does nothing where it has ended. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.qmp.execute('quit').catch(() => undefined);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), quitMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends QEMU at once. */
  async kill(): Promise<void> {
    if (this.#running) this.#child.kill('SIGKILL');
    await this.ended;
  }

  #lastLogLine(): string {
    const text = existsSync(this.qemuLog) ? readFileSync(this.qemuLog, 'utf8').trim() : '';
    return text === '' ? '' : `: ${text.split('\n').at(-1)}`;
  }
}

/**
 * Words of the kernel's command line that every guest gets. The kernel tries whether timer interrupts come in a loop of
 * its own; on a busy host an emulated processor ends that loop before one has come, and the kernel panics. Debuggers
 * find symbols where the kernel's files have them.
 */
export const kernelWords: readonly string[] = ['console=ttyS0', 'loglevel=5', 'panic=-1', 'no_timer_check', 'nokaslr'];

function bootArguments({ boot, image, kernelWords: more = [] }: MachineOptions): readonly string[] {
  const words = [...kernelWords, ...more].join(' ');
  return boot ?? ['-kernel', image.kernel.image, '-initrd', image.initrd, '-append', words];
}

function machineArguments(options: MachineOptions, serialLog: string): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...memoryArguments(options.memoryMegabytes ?? 512),
    ...options.accelerator.args,
    ...['-smp', String(options.cpus)],
    ...bootArguments(options),
    ...(options.platform ?? []),
    ...['-chardev', `file,id=serial,path=${serialLog}`, '-serial', 'chardev:serial'],
    ...(options.terminal === true ? ['-chardev', 'stdio,id=terminal,signal=off', '-serial', 'chardev:terminal'] : []),
    ...['-chardev', `socket,id=qmp,fd=${qmpDescriptor}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-chardev', `socket,id=agent,fd=${agentDescriptor}`, '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...(options.reboots === true ? [] : ['-no-reboot']),
    ...options.nicArguments,
  ];
}

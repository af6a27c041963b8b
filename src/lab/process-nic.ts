import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { close } from '../linux/index.ts';
import { LabError } from './errors.ts';
import type { WireEnd } from './external-host.ts';
import { type NicUnderTest, nicMac } from './nic-under-test.ts';
import { vfioUserArguments } from './qemu-args.ts';
import { spawnBound } from './run-command.ts';

const wireDescriptor = 3;
const startMs = 10_000;

/** Outboard's NIC as `outboard nic`, a process of its own, so that its memory and processor time can be told apart. */
export class ProcessNic implements NicUnderTest {
  readonly name: string;
  readonly descriptors: readonly number[];
  #child: ChildProcess | undefined;
  #socket: string;

  constructor() {
    this.name = 'Outboard';
    this.descriptors = [];
    this.#child = undefined;
    this.#socket = '';
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get qemuArguments(): readonly string[] {
    return vfioUserArguments(this.#socket);
  }

  get failure(): Error | undefined {
    if (this.#child === undefined || this.#child.exitCode === null) return undefined;
    return new LabError('NIC_ENDED', `the NIC's process ended with status ${this.#child.exitCode}`);
  }

  async start(wire: WireEnd, folder: string, suffix: string): Promise<void> {
    this.#socket = join(folder, `nic${suffix}.sock`);
    const log = openSync(join(folder, `nic${suffix}.log`), 'w');
    const program = fileURLToPath(new URL('../../../bin/outboard', import.meta.url));
    const flags = [
      ...['nic', '--attach', `hierarchy,path=${this.#socket}`, '--mac', nicMac],
      ...['--netdev', `${wire.kind},id=n0,fd=${wireDescriptor}`],
    ];
    const child = spawnBound(process.execPath, ['--enable-source-maps', program, ...flags], {
      stdio: ['ignore', log, log, wire.descriptor],
    });
    closeSync(log);
    close(wire.descriptor);
    this.#child = child;
    for (const deadline = Date.now() + startMs; !existsSync(this.#socket); await sleep(20))
      if (child.exitCode !== null || Date.now() > deadline)
        throw new LabError('NIC_ENDED', `the NIC's process does not start; see nic${suffix}.log in the run folder`);
  }

  setLink(): Promise<void> {
    return Promise.reject(new LabError('NIC_LINK', 'a NIC in a process of its own has its link up'));
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
    await ended;
    clearTimeout(timer);
  }
}

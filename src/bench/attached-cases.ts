/** What a packet costs the NIC with several virtual machines attached, each to a VF of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AttachedMachine } from './attached-machine.ts';
import type { BenchCase, Effort, Measured } from './case.ts';
import { processorNs } from './processor-time.ts';

const program = fileURLToPath(new URL('../../../bin/outboard', import.meta.url));
const START_LIMIT_MS = 20_000;
/** Until the NIC waits again, so that its account is written. */
const PAUSE_MS = 1;
const AT_MOST_115_PERCENT = 1 / 1.15;
/** Batches of a round. */
const BATCHES = 8;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const pause = (milliseconds: number): void => void Atomics.wait(sleeper, 0, 0, milliseconds);

/** A NIC with so many machines, and what a packet cost it, round by round. */
class Attached {
  readonly elapsed: number[];
  readonly processor: number[];
  readonly #child: ChildProcess;
  readonly #machines: readonly AttachedMachine[];

  constructor(folder: string, count: number) {
    const sockets = Array.from({ length: count }, (_, index) => join(folder, `${count}-${index}.sock`));
    const flags = sockets.flatMap((path, index) => ['--attach', `vf,index=${index},path=${path}`]);
    this.#child = spawn(program, ['nic', ...flags], { stdio: 'ignore' });
    const limit = performance.now() + START_LIMIT_MS;
    while (!sockets.every((path) => existsSync(path))) {
      if (performance.now() > limit) throw new Error('the NIC does not listen');
      pause(5);
    }
    this.#machines = sockets.map((path) => new AttachedMachine(path));
    this.elapsed = [];
    this.processor = [];
  }

  /** All machines send at once, a few times. */
  round(counts: boolean): void {
    const before = processorNs(this.#child.pid!);
    const begin = performance.now();
    for (let n = 0; n < BATCHES; n += 1) {
      for (const machine of this.#machines) machine.begin();
      for (const machine of this.#machines) machine.end();
    }
    const packets = this.#machines.length * BATCHES * AttachedMachine.batch;
    const elapsed = ((performance.now() - begin) * 1e6) / packets;
    pause(PAUSE_MS);
    if (!counts) return;
    this.elapsed.push(elapsed);
    this.processor.push((processorNs(this.#child.pid!) - before) / packets);
  }

  close(): void {
    for (const machine of this.#machines) machine.close();
    this.#child.kill('SIGKILL');
  }
}

function measure(many: number, { rounds, warmUp }: Effort): Measured {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-bench-'));
  const opened: Attached[] = [];
  try {
    for (const count of [many, 1]) opened.push(new Attached(folder, count));
    for (let round = -warmUp; round < rounds; round += 1) for (const attached of opened) attached.round(round >= 0);
    const [ours, theirs] = opened as [Attached, Attached];
    return {
      elapsed: { unit: 'ns', ours: ours.elapsed, theirs: theirs.elapsed },
      processor: { unit: 'ns', ours: ours.processor, theirs: theirs.processor },
    };
  } finally {
    for (const attached of opened) attached.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const attachedCases: readonly BenchCase[] = [2, 4, 8].map((many) => ({
  name: `scale-machines-${many}`,
  group: 'scale',
  title: `TX of 64 bytes from VFs: ${many} machines attached against 1`,
  goal: AT_MOST_115_PERCENT,
  against: 'itself with one',
  measure: (_, effort) => measure(many, effort),
}));

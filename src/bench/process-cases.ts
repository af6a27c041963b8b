/** The NIC's own process: how soon it listens, what it holds, what it takes while nobody asks anything of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase, Measured } from './case.ts';
import { processorNs } from './processor-time.ts';

const program = fileURLToPath(new URL('../../../bin/outboard', import.meta.url));
const START_LIMIT_MS = 20_000;
const SETTLE_MS = 1000;
const IDLE_MS = 2000;
/** By then the engine has returned what the start left behind. */
const IDLE_SETTLE_MS = 15_000;
const ROUNDS = 5;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const pause = (milliseconds: number): void => void Atomics.wait(sleeper, 0, 0, milliseconds);

/** Starts a NIC, has `look` look at it while it listens, and ends it. */
function withNic<T>(look: (child: ChildProcess, startMs: number) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-bench-'));
  const socket = join(folder, 'nic.sock');
  const begin = performance.now();
  const child = spawn(program, ['nic', '--attach', `hierarchy,path=${socket}`], { stdio: 'ignore' });
  try {
    while (!existsSync(socket)) {
      if (performance.now() - begin > START_LIMIT_MS) throw new Error(`the NIC does not listen on ${socket}`);
      pause(1);
    }
    return look(child, performance.now() - begin);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

const rounds = (unit: string, measure: () => number): Measured => ({
  elapsed: { unit, ours: Array.from({ length: ROUNDS }, measure) },
});

function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

/** How much something grows that a process' accounts have, while nobody asks anything of the NIC. */
const whileIdle = (unit: string, account: (pid: number) => number): Measured =>
  withNic(({ pid }) => {
    pause(IDLE_SETTLE_MS);
    return rounds(unit, () => {
      const before = account(pid!);
      pause(IDLE_MS);
      return account(pid!) - before;
    });
  });

/** How often threads of a process have waited so far: each time ends with a wake-up. */
function wakes(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)![1]);
  }
  return sum;
}

const common = { group: 'scale', against: '' } as const;

export const processCases: readonly BenchCase[] = [
  {
    ...common,
    name: 'start',
    title: 'NIC: start to listening (goal: under 400 ms)',
    measure: () => rounds('ms', () => withNic((_, startMs) => startMs)),
  },
  {
    ...common,
    name: 'memory',
    title: 'NIC: resident memory (goal: under 120 MB)',
    measure: () =>
      rounds('MB', () =>
        withNic(({ pid }) => {
          pause(SETTLE_MS);
          return residentMegabytes(pid!);
        }),
      ),
  },
  {
    ...common,
    name: 'idle',
    title: 'NIC: share of a processor while idle (goal: none to be measured)',
    measure: () => whileIdle('%', (pid) => (processorNs(pid) / (IDLE_MS * 1e6)) * 100),
  },
  {
    ...common,
    name: 'idle-wakes',
    title: 'NIC: times that a thread wakes in 2 s of idleness',
    measure: () => whileIdle('', wakes),
  },
];

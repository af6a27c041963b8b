/** A guest's accesses as they cross the socket, beside the least that a server in C can do (bench/server.c). */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pf } from '../devices/igb/tables/index.ts';
import { allowedProcessors, allowProcessors, pinProcess } from '../linux/index.ts';
import { type BenchCase, BenchSkip, type Effort, type Measured } from './case.ts';
import { processorNs } from './processor-time.ts';
import { readMessage, VfioClient, writeMessage } from './vfio-client.ts';

const source = fileURLToPath(new URL('../../../bench/server.c', import.meta.url));
const program = fileURLToPath(new URL('../../../bin/outboard', import.meta.url));
const START_LIMIT_MS = 20_000;
/** Accesses of a round. */
const ACCESSES = 200;
/** Posted writes in front of one read. */
const BATCH = 64;
const CONFIG_REGION = 7;
const MSIX_REGION = 3;
const MSIX_CONTROL = 0x72;
const COMMAND = 4;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const pause = (milliseconds: number): void => void Atomics.wait(sleeper, 0, 0, milliseconds);

interface Server {
  readonly child: ChildProcess;
  readonly client: VfioClient;
  readonly elapsed: number[];
  readonly processor: number[];
}

function start(socket: string, command: string, args: readonly string[]): Server {
  const child = spawn(command, args, { stdio: 'ignore' });
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      if (existsSync(socket)) return { child, client: new VfioClient(socket), elapsed: [], processor: [] };
    } catch (error) {
      if (performance.now() > limit) throw error;
    }
    if (performance.now() > limit) throw new Error(`nobody listens on ${socket}`);
    pause(5);
  }
}

/** The C server, compiled; BenchSkip where there is no compiler. */
function compiled(folder: string): string {
  const output = join(folder, 'server');
  const compiler = process.env['CC'] ?? 'cc';
  const { status, error } = spawnSync(compiler, ['-O2', '-o', output, source], { stdio: 'inherit' });
  if (error !== undefined) throw new BenchSkip(`there is no C compiler (${compiler}) for bench/server.c`);
  if (status !== 0) throw new BenchSkip(`${compiler} does not compile bench/server.c`);
  return output;
}

/** Vector 0 may be sent, and EICS asks for it. The C server forgets all of this. */
function enableVector(client: VfioClient): void {
  client.request(writeMessage(CONFIG_REGION, COMMAND, 2, 6));
  client.request(writeMessage(CONFIG_REGION, MSIX_CONTROL, 2, 0x8000));
  client.request(writeMessage(MSIX_REGION, 12, 4, 0));
  client.request(writeMessage(0, pf.GPIE.at, 4, pf.GPIE.MULTIPLE_MSIX.mask));
  client.request(writeMessage(0, pf.EIAC.at, 4, 1));
  client.request(writeMessage(0, pf.EIMS.at, 4, 1));
}

/**
 * Where client and server run. Left to the scheduler that changes between runs, and a message to an idle processor costs ten
 * times as much as one on the same: its sender has to wake it.
 */
type Placement = 'one processor' | 'two processors';

/** Has `work` run with this thread on a processor, and `server` given that of the servers. */
function placed<T>(placement: Placement, work: (server: number) => T): T {
  const all = allowedProcessors();
  const [first, second] = all as [number, ...number[]];
  if (placement === 'two processors' && second === undefined) throw new BenchSkip('there is only one processor');
  try {
    allowProcessors([first]);
    return work(placement === 'two processors' ? second! : first);
  } finally {
    allowProcessors(all);
  }
}

interface Accesses {
  readonly placement: Placement;
  /** How many one `run` does. */
  readonly count: number;
  readonly run: (client: VfioClient) => void;
}

/** Both in turns. */
function measure({ run, count, placement }: Accesses, effort: Effort): Measured {
  return placed(placement, (processor) => measureOn(processor, run, count, effort));
}

function measureOn(
  processor: number,
  run: (client: VfioClient) => void,
  accesses: number,
  { rounds, warmUp }: Effort,
): Measured {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-bench-'));
  const servers: Server[] = [];
  try {
    const paths = [join(folder, 'ours.sock'), join(folder, 'theirs.sock')] as const;
    const theirs = compiled(folder);
    servers.push(start(paths[0], program, ['nic', '--attach', `function,path=${paths[0]}`]));
    servers.push(start(paths[1], theirs, [paths[1]]));
    for (const { child, client } of servers) {
      enableVector(client);
      pinProcess(child.pid!, processor);
    }
    for (let round = -warmUp; round < rounds; round += 1) {
      for (const { child, client, elapsed, processor } of servers) {
        const before = processorNs(child.pid!);
        const begin = process.hrtime.bigint();
        run(client);
        if (round >= 0) elapsed.push(Number(process.hrtime.bigint() - begin) / accesses);
        pause(1);
        if (round >= 0) processor.push((processorNs(child.pid!) - before) / accesses);
      }
    }
    const [ours, c] = servers as [Server, Server];
    return {
      elapsed: { unit: 'ns', ours: ours.elapsed, theirs: c.elapsed },
      processor: { unit: 'ns', ours: ours.processor, theirs: c.processor },
    };
  } finally {
    for (const { child, client } of servers) {
      client.close();
      child.kill('SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

const status = readMessage(0, pf.STATUS.at);
const write = writeMessage(0, pf.VET.at, 4, 0x8100);
const posted = writeMessage(0, pf.VET.at, 4, 0x8100, true);
const batch = new Uint8Array(posted.length * BATCH + status.length);
for (let n = 0; n < BATCH; n += 1) batch.set(posted, n * posted.length);
batch.set(status, BATCH * posted.length);
const interrupt = writeMessage(0, pf.EICS.at, 4, 1, true);

const repeated =
  (once: (client: VfioClient) => void) =>
  (client: VfioClient): void => {
    for (let n = 0; n < ACCESSES; n += 1) once(client);
  };

const common = { group: 'transport', against: 'bench/server.c' } as const;

const reads = repeated((client) => client.request(status));
const writes = repeated((client) => client.request(write));
const interrupts = repeated((client) => client.untilInterrupt(interrupt));

const transportCase = (name: string, title: string, accesses: Accesses): BenchCase => ({
  ...common,
  name,
  title: `${title} (beside C)`,
  measure: (_, effort) => measure(accesses, effort),
});

const one = { placement: 'one processor', count: ACCESSES } as const;
const two = { placement: 'two processors', count: ACCESSES } as const;

export const transportCases: readonly BenchCase[] = [
  transportCase('mmio-read', 'register read, round trip', { ...one, run: reads }),
  transportCase('mmio-write', 'register write, answered', { ...one, run: writes }),
  transportCase('mmio-posted', '64 posted writes and a read, a message', {
    ...{ placement: 'one processor', count: ACCESSES * (BATCH + 1) },
    run: repeated((client) => client.request(batch)),
  }),
  transportCase('interrupt', 'write to eventfd: an interrupt', { ...one, run: interrupts }),
  transportCase('mmio-read-across', 'register read across processors', { ...two, run: reads }),
  transportCase('interrupt-across', 'interrupt across processors', { ...two, run: interrupts }),
];

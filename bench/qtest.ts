/**
 * QTest, ours and QEMU's own igb side by side with the same client: start to first answer, a register access one by one and
 * batched. Run on a quiet machine: node scripts/build.mjs && node build/bench/qtest.js
 */
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { PrivateApt } from '../src/lab/apt.ts';
import { Cache } from '../src/lab/cache.ts';
import { findQemu } from '../src/lab/qemu.ts';
import { ProcessTransport, type ProgramOptions } from '../src/qtest/client/index.ts';

const ROUNDS = 5;
const SINGLE = 2000;
const BATCH = 20_000;
const args = ['-machine', 'q35', '-nodefaults', '-m', '64M', '-device', 'igb,addr=4'];
const setUp = [
  ...['outl 0xcf8 0x80002010', 'outl 0xcfc 0xe0000000', 'outl 0xcf8 0x80002004', 'outw 0xcfc 0x6', 'readl 0xe0000008'],
];
const cache = new Cache();
const quiet = (): void => undefined;
const qemu = await findQemu(undefined, cache, new PrivateApt(cache, quiet), quiet);
const programs: Readonly<Record<string, ProgramOptions>> = {
  ours: { command: fileURLToPath(new URL('../../bin/outboard-system-x86_64', import.meta.url)), args },
  QEMU: { command: qemu.command, args: [...qemu.args, ...args], env: qemu.env },
};

interface Figures {
  startMs: number;
  readUs: number;
  writeUs: number;
  batchedReadUs: number;
  batchedWriteUs: number;
}

function timed(count: number, work: () => void): number {
  const begin = performance.now();
  work();
  return ((performance.now() - begin) * 1000) / count;
}

function measure(program: ProgramOptions): Figures {
  const begin = performance.now();
  const transport = new ProcessTransport(program);
  transport.ask('endianness');
  const startMs = performance.now() - begin;
  transport.askAll(setUp);
  const batch = (command: string): number => {
    const commands = Array.from({ length: BATCH }, () => command);
    transport.askAll(commands);
    return timed(BATCH, () => void transport.askAll(commands));
  };
  const one = (command: string): number =>
    timed(SINGLE, () => {
      for (let n = 0; n < SINGLE; n += 1) transport.ask(command);
    });
  one('readl 0xe0000008');
  const figures = {
    startMs,
    readUs: one('readl 0xe0000008'),
    writeUs: one('writel 0xe0000038 0x8100'),
    batchedReadUs: batch('readl 0xe0000008'),
    batchedWriteUs: batch('writel 0xe0000038 0x8100'),
  };
  transport.close();
  return figures;
}

const best = new Map<string, Figures>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, program] of Object.entries(programs)) {
    const figures = measure(program);
    const before = best.get(name);
    if (before === undefined) best.set(name, figures);
    else for (const key of Object.keys(figures) as (keyof Figures)[]) before[key] = Math.min(before[key], figures[key]);
  }
}
console.log(`best of ${ROUNDS} rounds`.padEnd(28) + [...best.keys()].map((name) => name.padStart(10)).join(''));
for (const [key, unit] of [
  ['startMs', 'ms'],
  ['readUs', 'µs'],
  ['writeUs', 'µs'],
  ['batchedReadUs', 'µs'],
  ['batchedWriteUs', 'µs'],
] as const) {
  const row = [...best.values()].map((figures) => figures[key].toFixed(1).padStart(10)).join('');
  console.log(`${key.replace(/(?:Ms|Us)$/, '').padEnd(22)}${unit.padEnd(6)}${row}`);
}

/** `npm run test:differential [-- --programs N --seed N --keep-going --json | --script FILE]`. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache } from '../../src/lab/cache.ts';
import { findQemu } from '../../src/lab/qemu.ts';
import { openInProcess } from '../conformance/machines/in-process.ts';
import { openQemu } from '../conformance/machines/qemu.ts';
import { compare, compareSeed, type Disagreement, type Machines } from './compare.ts';
import { parseScript, toScript } from './program.ts';

const PROGRESS_EVERY = 500;
const LONGEST_LINE = 400;

const { values: options } = parseArgs({
  options: {
    programs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    script: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const cache = new Cache();
const report = (text: string): void => console.error(text);
const qemu = await findQemu(undefined, cache, new PrivateApt(cache, report), report);
const machines: Machines = [openInProcess(), openQemu(qemu)];
const short = (line: string): string => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line);

function runScript(path: string): boolean {
  const found = compare(machines, parseScript(readFileSync(path, 'utf8')));
  if (found === undefined) console.log('no difference');
  else console.log(`ours:   ${found[0]}\ntheirs: ${found[1]}`);
  return found === undefined;
}

function runSeeds(first: number, count: number): boolean {
  const begin = performance.now();
  const found: Disagreement[] = [];
  let run = 0;
  while (run < count && (found.length === 0 || options['keep-going'])) {
    const disagreement = compareSeed(machines, first + run);
    run += 1;
    if (run % PROGRESS_EVERY === 0) report(`${run} programs, ${found.length} differ`);
    if (disagreement === undefined) continue;
    found.push(disagreement);
    const { seed, program, ours, theirs } = disagreement;
    if (!options.json)
      console.log(`# seed ${seed}\n${toScript(program)}\n# ours:   ${short(ours)}\n# theirs: ${short(theirs)}`);
  }
  const seconds = Number(((performance.now() - begin) / 1000).toFixed(1));
  if (options.json)
    console.log(JSON.stringify({ programs: run, seed: first, seconds, differences: found }, undefined, 2));
  else console.log(`${run} programs from seed ${first} on, ${found.length} differ, ${seconds} s`);
  return found.length === 0;
}

let same = false;
try {
  same =
    options.script === undefined ? runSeeds(Number(options.seed), Number(options.programs)) : runScript(options.script);
} finally {
  // QEMU would outlive this process.
  for (const machine of machines) await machine.close();
}
process.exit(same ? 0 : 1);

// npm run test:mutate [-- --only TEXT --json]: turns decisions of the device over, one at a time (test/mutation/mutations.ts),
// and expects a case of the conformance suite to fail each time. Exits with 1 where more than two survive.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { transpile } from './build.mjs';
import { root, setUp } from './setup.mjs';

const AT_ONCE = 2;
/** The whole suite takes some seconds; a mutant that goes round for ever is caught by this. */
const LIMIT_MS = 180_000;
/** Of all mutations. */
const MOST_SURVIVORS = 2;

await setUp();
const { mutations } = await import('../build/test/mutation/mutations.js');
const { values: options } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'boolean', default: false } },
});

/** The cases on a device with that module replaced: {cases, caught?}. */
function runMutant(replacement) {
  return new Promise((done, failed) => {
    const program = join(root, 'build/test/mutation/mutant.js');
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    let late = false;
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (errors += data));
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, LIMIT_MS);
    child.on('close', () => {
      clearTimeout(timer);
      if (late) done({ cases: 0, caught: `no end after ${LIMIT_MS / 1000} s` });
      else if (output === '') failed(new Error(`the mutant did not run:\n${errors}`));
      else done(JSON.parse(output));
    });
    child.stdin.end(replacement === undefined ? '' : JSON.stringify(replacement));
  });
}

async function runMutation({ name, file, text, replacement, meaning }) {
  const path = join(root, 'src/devices/igb', file);
  const source = readFileSync(path, 'utf8');
  const count = source.split(text).length - 1;
  if (count !== 1) throw new Error(`mutation ${name}: its text stands ${count} times in src/devices/igb/${file}`);
  const built = join(root, 'build/src/devices/igb', file.replace(/\.ts$/, '.js'));
  const result = await runMutant({
    url: pathToFileURL(built).href,
    source: await transpile(
      path,
      source.replace(text, () => replacement),
    ),
  });
  return { name, file, meaning, ...result };
}

const untouched = await runMutant(undefined);
if (untouched.caught !== undefined) {
  console.error(`without any mutation this case fails already: ${untouched.caught}`);
  process.exit(1);
}

const wanted = mutations.filter(({ name }) => options.only === undefined || name.includes(options.only));
const results = [];
const queue = wanted.entries();
const worker = async () => {
  for (const [n, mutation] of queue) results[n] = await runMutation(mutation);
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));

const survivors = results.filter(({ caught }) => caught === undefined);
if (options.json) console.log(JSON.stringify(results, undefined, 2));
else {
  const table = new Table({ head: ['mutation', 'means', 'caught by'], style: { head: [], border: [] } });
  for (const { name, meaning, caught } of results) table.push([name, meaning, caught ?? 'SURVIVED']);
  console.log(table.toString());
  console.log(`${results.length - survivors.length} of ${results.length} caught by ${untouched.cases} cases`);
}
process.exit(survivors.length > MOST_SURVIVORS ? 1 : 0);

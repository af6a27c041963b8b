/** Runs cases on drivers and prints a table: `npm run test:conformance [-- --driver NAME… --only TEXT --verbose]`. */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache } from '../../src/lab/cache.ts';
import { findQemu } from '../../src/lab/qemu.ts';
import './cases/index.ts';
import type { DriverName } from './machine.ts';
import { openInProcess } from './machines/in-process.ts';
import { openQemu } from './machines/qemu.ts';
import { openVfioUser } from './machines/vfio-user.ts';
import { allCases, Machines, type Opener, type Outcome } from './suite.ts';

const openers: Readonly<Record<DriverName, Opener>> = {
  process: openInProcess,
  'vfio-user': openVfioUser,
  qemu: async (card) => {
    if (card !== 'copper') return undefined;
    const cache = new Cache();
    const report = (text: string): void => console.error(text);
    return openQemu(await findQemu(undefined, cache, new PrivateApt(cache, report), report));
  },
};
const names = Object.keys(openers) as DriverName[];

const { values } = parseArgs({
  options: {
    driver: { type: 'string', multiple: true },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const wanted = names.filter((name) => values.driver?.includes(name) ?? true);
if (values.driver?.some((name) => !names.includes(name as DriverName)) === true) {
  console.error(`--driver takes ${names.join(', ')}`);
  process.exit(2);
}
const cases = allCases().filter(({ name }) => values.only === undefined || name.includes(values.only));

const results = new Map<DriverName, Outcome[]>();
for (const driver of wanted) {
  const machines = new Machines(openers[driver]);
  const described = (await machines.of('copper'))!.described;
  const begin = performance.now();
  const outcomes: Outcome[] = [];
  for (const one of cases) outcomes.push(await machines.run(one));
  results.set(driver, outcomes);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (!values.json) console.log(`${driver}: ${described}, ${cases.length} cases in ${seconds} s`);
  await machines.close();
}

const symbol = (outcome: Outcome): string => {
  if (outcome.kind === 'passed') return 'passed';
  if (outcome.kind === 'differs') return `differs (${outcome.row})`;
  return outcome.kind === 'skipped' ? 'cannot' : 'FAILED';
};

if (values.json) {
  const rows = cases.map(({ name, area, evidence }, n) => ({
    ...{ name, area, evidence },
    ...Object.fromEntries(wanted.map((driver) => [driver, symbol(results.get(driver)![n]!)])),
  }));
  console.log(JSON.stringify(rows, undefined, 2));
} else if (values.verbose) {
  const table = new Table({ head: ['case', ...wanted], style: { head: [], border: [] } });
  cases.forEach(({ name }, n) => table.push([name, ...wanted.map((driver) => symbol(results.get(driver)![n]!))]));
  console.log(table.toString());
} else {
  const table = new Table({ head: ['area', 'cases', ...wanted], style: { head: [], border: [] } });
  const areas = [...new Set(cases.map(({ area }) => area))];
  const count = (area: string, driver: DriverName): string => {
    const kinds = cases.flatMap((one, n) => (one.area === area ? [results.get(driver)![n]!.kind] : []));
    const of = (kind: Outcome['kind'], word: string): string[] => {
      const number = kinds.filter((other) => other === kind).length;
      return number === 0 ? [] : [`${number} ${word}`];
    };
    return [...[of('passed', 'pass'), of('differs', 'differ'), of('skipped', 'cannot'), of('failed', 'FAIL')]]
      .flat()
      .join(', ');
  };
  for (const area of areas) {
    const number = cases.filter((one) => one.area === area).length;
    table.push([area, number, ...wanted.map((driver) => count(area, driver))]);
  }
  console.log(table.toString());
}
let failures = 0;
for (const driver of wanted) {
  results.get(driver)!.forEach((outcome, n) => {
    if (outcome.kind !== 'failed') return;
    failures += 1;
    const text = outcome.error instanceof Error ? outcome.error.message : String(outcome.error);
    console.error(`${driver}: ${cases[n]!.name}\n    ${text.split('\n').slice(0, 12).join('\n    ')}`);
  });
}
process.exit(failures > 0 ? 1 : 0);

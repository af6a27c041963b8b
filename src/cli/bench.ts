/** `outboard bench`: how fast it is, beside QEMU. */
import { type Command, Option } from 'commander';
import type { BenchOptions } from '../bench/bench.ts';

export interface BenchActions {
  bench(names: string[], options: BenchOptions): Promise<void>;
  benchList(options: { readonly json?: boolean }): Promise<void>;
}

export const benchActions: BenchActions = {
  bench: async (names, options) => {
    const { runBench } = await import('../bench/bench.ts');
    await runBench(names, options);
  },
  benchList: async ({ json }) => {
    const { listCases } = await import('../bench/bench.ts');
    const { table } = await import('../lab/table.ts');
    const cases = listCases();
    const rows = cases.map(({ name, group, title, goal }) => [
      name,
      group,
      title,
      goal === undefined ? '' : `${Number(goal.toFixed(2))}x`,
    ]);
    console.log(json === true ? JSON.stringify(cases, undefined, 2) : table(['case', 'group', '', 'goal'], rows));
  },
};

const example = `
Examples:
  $ outboard bench --quick
  $ outboard bench tx-64 vf-64 --json result.json
  $ outboard bench device`;

export function addBenchCommand(program: Command, actions: BenchActions): void {
  const bench = program
    .command('bench')
    .description("measure speed side by side with QEMU's own igb")
    .argument('[CASE...]', 'cases, or groups of them; all where none is named')
    .addOption(new Option('--against <NIC>', 'what ours is held against').choices(['qemu']).default('qemu'))
    .option('--quick', 'fewer rounds')
    .option('--json <FILE>', 'write the results as JSON')
    .option('--document <FILE>', 'put table and chart into a document, such as docs/performance.md')
    .option('--qemu <PATH>', 'a QEMU of your own instead of the one found or fetched')
    .addHelpText('after', example)
    .action((names: string[], options: BenchOptions) => actions.bench(names, options));
  bench
    .command('list')
    .description('the cases')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  $ outboard bench list')
    .action((options: { readonly json?: boolean }) => actions.benchList(options));
}

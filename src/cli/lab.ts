/** `outboard lab` and `outboard start`: real guests on the NIC. */
import { type Command, Option } from 'commander';
import { memoryArguments, qemuCommand, vfioUserArguments } from '../lab/qemu-args.ts';
import type { LabRunOptions } from '../lab/runner.ts';
import type { RunOptions } from '../lab/run.ts';
import type { ShellOptions } from '../lab/shell.ts';
import { collect, wholeNumber } from './arguments.ts';

interface Json {
  readonly json?: boolean;
}

export interface LabActions {
  list(options: Json): Promise<void>;
  run(names: string[], options: LabRunOptions): Promise<void>;
  shell(options: ShellOptions): Promise<void>;
  measure(options: RunOptions & Json): Promise<void>;
  symbols(options: { readonly kernel: string }): Promise<void>;
  compare(a: string, b: string): Promise<void>;
  qemuArguments(socket: string, options: { readonly memory: number }): void;
  start(options: RunOptions): Promise<void>;
}

/** Commands end with 1 when what they ran failed. */
function endWith(ok: boolean): void {
  if (!ok) process.exitCode = 1;
}

async function list({ json }: Json): Promise<void> {
  const { listWorkloads } = await import('../lab/list.ts');
  const { table } = await import('../lab/table.ts');
  const workloads = listWorkloads();
  const rows = workloads.map(({ name, summary }) => [name, summary]);
  console.log(json === true ? JSON.stringify(workloads, undefined, 2) : table(['workload', 'what it does'], rows));
}

/** They load the lab when they are run: a NIC by itself starts without it. */
export const labActions: LabActions = {
  list,
  run: async (names, options) => {
    const { runLab } = await import('../lab/runner.ts');
    const result = await runLab(names, options);
    endWith(result.ok);
  },
  shell: async (options) => {
    const { labShell } = await import('../lab/shell.ts');
    await labShell(options);
  },
  measure: async (options) => {
    const { measureLab } = await import('../lab/measure.ts');
    await measureLab(options);
  },
  symbols: async ({ kernel }) => {
    const { fetchDebugSymbols } = await import('../lab/debug-symbols.ts');
    const { Reporter } = await import('../lab/reporter.ts');
    const found = await new Reporter().step(`debug symbols of kernel ${kernel}`, (report) =>
      fetchDebugSymbols(kernel, report),
    );
    for (const file of [found.vmlinux, ...Object.values(found.modules)]) console.log(file);
  },
  compare: async (a, b) => {
    const { compare, readFindings } = await import('../lab/compare.ts');
    console.log(compare(readFindings(a), readFindings(b)));
  },
  qemuArguments: (socket, { memory }) => {
    console.log(qemuCommand('qemu-system-x86_64', [...memoryArguments(memory), ...vfioUserArguments(socket)]));
  },
  start: async (options) => {
    const { startDemo } = await import('../lab/start.ts');
    endWith(await startDemo(options));
  },
};

/** What every command that boots a guest takes. */
function withGuestOptions(command: Command): Command {
  const nic = new Option('--nic <NIC>', "ours, attached one way or the other, or QEMU's own igb");
  return withMachineOptions(
    command.addOption(nic.choices(['hierarchy', 'function', 'qemu']).default('hierarchy')),
  ).option(
    '--web [ADDRESS:PORT]',
    'a live view of our NIC for browsers of this machine, at 127.0.0.1:8257 where no address is given',
  );
}

function withMachineOptions(command: Command): Command {
  return command
    .option('--kernel <VERSION>', "the guest's kernel: 6.1, 6.12 or 7.3")
    .option('--qemu <PATH>', 'a QEMU of your own instead of the one found or fetched');
}

function addList(lab: Command, actions: LabActions): void {
  lab
    .command('list')
    .description('what can be run on a guest')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  $ outboard lab list')
    .action((options: Json) => actions.list(options));
}

function addRun(lab: Command, actions: LabActions): void {
  withGuestOptions(lab.command('run'))
    .description('run workloads on a guest; "all" names every one')
    .argument('<WORKLOAD...>')
    .option('--json <FILE>', 'write the results as JSON')
    .option('--junit <FILE>', 'write the results as JUnit XML')
    .option('--trace <GLOB>', "trace events for the run folder's trace", collect)
    .addHelpText('after', '\nExample:\n  $ outboard lab run probe ping --kernel 6.1 --junit results.xml')
    .action((names: string[], options: LabRunOptions) => actions.run(names, options));
}

function addOthers(lab: Command, actions: LabActions): void {
  withGuestOptions(lab.command('shell'))
    .description('a console in a guest with the NIC; "exit" ends it')
    .option('--cpus <N>', "the guest's processors", wholeNumber(1, 64))
    .addHelpText('after', '\nExample:\n  $ outboard lab shell --kernel 6.1')
    .action((options: ShellOptions) => actions.shell(options));
  withMachineOptions(lab.command('measure'))
    .description("time first ping, round trips and TCP, ours and QEMU's own igb side by side")
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  $ outboard lab measure')
    .action((options: RunOptions & Json) => actions.measure(options));
  lab
    .command('symbols')
    .description("fetch the debug symbols of a guest's kernel (a gigabyte); docs/debugging.md says how gdb uses them")
    .addOption(new Option('--kernel <VERSION>').choices(['6.1', '6.12', '7.3']).default('6.12'))
    .addHelpText('after', '\nExample:\n  $ outboard lab symbols --kernel 6.12')
    .action((options: { kernel: string }) => actions.symbols(options));
  lab
    .command('compare')
    .description('two results of "lab run --json" side by side, as Markdown')
    .argument('<A.json>')
    .argument('<B.json>')
    .addHelpText('after', '\nExample:\n  $ outboard lab compare ours.json qemu.json')
    .action((a: string, b: string) => actions.compare(a, b));
  lab
    .command('qemu-args')
    .description('the line that attaches the NIC to a QEMU of your own')
    .argument('[SOCKET]', 'the socket that "outboard nic" listens on', 'nic.sock')
    .option('--memory <MIB>', "the guest's memory", wholeNumber(1, 1_048_576), 1024)
    .addHelpText('after', '\nExample:\n  $ outboard lab qemu-args nic.sock')
    .action((socket: string, options: { memory: number }) => actions.qemuArguments(socket, options));
}

export function addLabCommands(program: Command, actions: LabActions): void {
  const lab = program
    .command('lab')
    .description('real guests on the NIC')
    .addHelpText('after', '\nExample:\n  $ outboard lab run ping --kernel 6.1');
  addList(lab, actions);
  addRun(lab, actions);
  addOthers(lab, actions);
  withGuestOptions(program.command('start'))
    .description('boot a stock Debian guest on the NIC and show what it does (npm start)')
    .addHelpText('after', '\nExample:\n  $ outboard start --nic function')
    .action((options: RunOptions) => actions.start(options));
}

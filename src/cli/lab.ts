/** `outboard lab` and `outboard start`: real guests on the NIC. */
import { type Command, Option } from 'commander';
import { listWorkloads } from '../lab/list.ts';
import { measureLab } from '../lab/measure.ts';
import { memoryArguments, qemuCommand, vfioUserArguments } from '../lab/qemu-args.ts';
import { table } from '../lab/table.ts';
import type { RunOptions } from '../lab/run.ts';
import { runLab } from '../lab/runner.ts';
import { labShell } from '../lab/shell.ts';
import { startDemo } from '../lab/start.ts';

/** What every command that boots a guest takes. */
function withGuestOptions(command: Command): Command {
  const nic = new Option('--nic <NIC>', "ours, attached one way or the other, or QEMU's own igb");
  return command
    .addOption(nic.choices(['hierarchy', 'function', 'qemu']).default('hierarchy'))
    .option('--kernel <VERSION>', "the guest's kernel: 6.1, 6.12 or 7.3")
    .option('--qemu <PATH>', 'a QEMU of your own instead of the one found or fetched');
}

const collect = (value: string, before: string[]): string[] => [...before, value];

/** Commands end with 1 when what they ran failed. */
function endWith(ok: boolean): void {
  if (!ok) process.exitCode = 1;
}

function addList(lab: Command): void {
  lab
    .command('list')
    .description('what can be run on a guest')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  $ outboard lab list')
    .action(({ json }: { json?: boolean }) => {
      const workloads = listWorkloads();
      if (json === true) console.log(JSON.stringify(workloads, undefined, 2));
      else
        console.log(
          table(
            ['workload', 'what it does'],
            workloads.map(({ name, summary }) => [name, summary]),
          ),
        );
    });
}

function addRun(lab: Command): void {
  withGuestOptions(lab.command('run'))
    .description('run workloads on a guest; "all" names every one')
    .argument('<WORKLOAD...>')
    .option('--json <FILE>', 'write the results as JSON')
    .option('--junit <FILE>', 'write the results as JUnit XML')
    .option('--trace <GLOB>', "trace events for the run folder's trace", collect, [])
    .addHelpText('after', '\nExample:\n  $ outboard lab run probe ping --kernel 6.1 --junit results.xml')
    .action(async (names: string[], { trace, ...options }: RunOptions & { trace: string[] }) => {
      const result = await runLab(names, { ...options, trace: trace.length > 0 ? trace : undefined });
      endWith(result.ok);
    });
}

function addOthers(lab: Command): void {
  withGuestOptions(lab.command('shell'))
    .description('a console in a guest with the NIC; "exit" ends it')
    .option('--cpus <N>', "the guest's processors", Number)
    .addHelpText('after', '\nExample:\n  $ outboard lab shell --kernel 6.1')
    .action(labShell);
  withGuestOptions(lab.command('measure'))
    .description("time first ping, round trips and TCP, ours and QEMU's own igb side by side")
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  $ outboard lab measure')
    .action(async (options: RunOptions & { json?: boolean }) => void (await measureLab(options)));
  lab
    .command('qemu-args')
    .description('the line that attaches the NIC to a QEMU of your own')
    .argument('[SOCKET]', 'the socket that "outboard nic" listens on', 'nic.sock')
    .option('--memory <MIB>', "the guest's memory", Number, 1024)
    .addHelpText('after', '\nExample:\n  $ outboard lab qemu-args nic.sock')
    .action((socket: string, { memory }: { memory: number }) => {
      console.log(qemuCommand('qemu-system-x86_64', [...memoryArguments(memory), ...vfioUserArguments(socket)]));
    });
}

export function addLabCommands(program: Command): void {
  const lab = program.command('lab').description('real guests on the NIC');
  addList(lab);
  addRun(lab);
  addOthers(lab);
  withGuestOptions(program.command('start'))
    .description('boot a stock Debian guest on the NIC and show what it does (npm start)')
    .action(async (options: RunOptions) => endWith(await startDemo(options)));
}

/** All commands, with what each does still to be given: tests parse words without running anything. */
import { Command } from 'commander';
import { addBenchCommand, benchActions, type BenchActions } from './bench.ts';
import { addLabCommands, labActions, type LabActions } from './lab.ts';
import { addMonitorCommand, runMonitor, type MonitorFlags } from './monitor.ts';
import { addNicCommand, runNic, type NicFlags } from './nic.ts';
import { addTraceCommands, traceActions, type TraceActions } from './trace.ts';

export interface Actions extends LabActions, BenchActions, TraceActions {
  nic(flags: NicFlags): Promise<void>;
  monitor(socket: string, words: readonly string[], flags: MonitorFlags): Promise<void>;
  /** Words after the command's name: they are QEMU's, and only QTest knows them. */
  qtest(words: readonly string[]): Promise<void>;
}

const actions: Actions = {
  ...labActions,
  ...traceActions,
  ...benchActions,
  nic: runNic,
  monitor: runMonitor,
  qtest: async (words) => {
    const { runQTest } = await import('./qtest.ts');
    process.exitCode = await runQTest(words);
  },
};

/** Commander's complaint as one line that says where to read on. */
export function usageLine(text: string, command: Command): string {
  const said = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?')
    .replaceAll('\n', ' ');
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `outboard: ${said}${/[.?]$/.test(said) ? '' : '.'} See "${names.join(' ')} --help". [USAGE]\n`;
}

/** Settings of a command are copied into its subcommands when they are made; this one is about the command itself. */
function sayInOneLine(command: Command): void {
  command.configureOutput({ outputError: (text, write) => write(usageLine(text, command)) });
  for (const subcommand of command.commands) sayInOneLine(subcommand);
}

function addQTestCommand(program: Command, { qtest }: Actions): void {
  program
    .command('qtest')
    .usage("[QEMU's options]")
    .description("speak QEMU's QTest protocol, with the NIC in a small PC")
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options: unknown, command: Command) => qtest(command.args));
}

/** Ends by throwing a CommanderError where a process would exit. */
export function makeProgram(given: Actions = actions): Command {
  const program = new Command('outboard')
    .description("A PCIe NIC that lives outside the virtual machine: Intel's 82576 over vfio-user")
    .version('0.1.0')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', '\nExamples:\n  $ outboard start\n  $ outboard lab run ping\n  $ outboard nic --help');
  addNicCommand(program, given.nic);
  addMonitorCommand(program, given.monitor);
  addLabCommands(program, given);
  addTraceCommands(program, given);
  addBenchCommand(program, given);
  addQTestCommand(program, given);
  sayInOneLine(program);
  return program;
}

/** `outboard monitor`: a prompt on a running NIC, or one command. */
import type { Command } from 'commander';

export interface MonitorFlags {
  readonly json?: boolean;
}

const examples = `
A NIC has monitors by --qmp and --monitor of "outboard nic"; SOCKET is either.

Examples:
  $ outboard nic --attach hierarchy,path=nic.sock --qmp unix:qmp.sock,server=on,wait=off
  $ outboard monitor qmp.sock
  $ outboard monitor qmp.sock info rings 0
  $ outboard monitor qmp.sock vf 2 vlan 100 rate 200
  $ outboard monitor qmp.sock --json info vf
  $ outboard monitor qmp.sock --json set_link name=pf up=false`;

/** Resolves when the command is done, or the prompt is left. */
export async function runMonitor(socket: string, words: readonly string[], { json }: MonitorFlags): Promise<void> {
  const { oneCommand, oneRequest, prompt } = await import('../monitor/command-line.ts');
  const { splitWords } = await import('../monitor/words.ts');
  if (words.length === 0 && json !== true) await prompt(socket);
  else {
    // A command in one piece, in quotes, is as good as its words.
    const command = words.length === 1 ? splitWords(words[0]!) : words;
    const text = await (json === true ? oneRequest(socket, command) : oneCommand(socket, command));
    if (text !== '') console.log(text);
  }
}

export function addMonitorCommand(program: Command, run: typeof runMonitor): void {
  program
    .command('monitor')
    .description('look at a running NIC and change it: a prompt, or one command')
    .argument('<SOCKET>', 'the socket that the NIC speaks QMP or HMP on')
    .argument('[COMMAND...]', 'a command of HMP ("help" lists them); with --json one of QMP, or info')
    .option('--json', 'the answer of QMP, for machines')
    .passThroughOptions()
    .addHelpText('after', examples)
    .action((socket: string, [...words]: string[], flags: MonitorFlags) => {
      // Flags of a command are its own, and so all words are its; ours may stand in front of it.
      const json = flags.json === true || words[0] === '--json';
      return run(socket, words[0] === '--json' ? words.slice(1) : words, { json });
    });
}

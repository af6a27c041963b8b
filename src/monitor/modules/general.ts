/** What every monitor has: help, info, completion, version, the commands there are. */
import * as v from 'valibot';
import { none } from '../arguments.ts';
import { type HmpCommand, type MonitorModule, qmp, query } from '../context.ts';
import { unknownWord } from '../registry.ts';
import { Style } from '../style.ts';
import { version } from '../version.ts';

const lineOf = ({
  name,
  usage,
  doc,
}: {
  readonly name: string;
  readonly usage: string;
  readonly doc: string;
}): string => `${name}${usage === '' ? '' : ` ${usage}`} -- ${doc}`;

const help: HmpCommand = {
  name: 'help',
  usage: '[COMMAND]',
  doc: 'what a command takes and does; all of them without a name',
  run: ({ registry }, [name]) => {
    const queries = [...registry.queries.values()].map((made) => lineOf({ ...made, name: `info ${made.name}` }));
    if (name === 'info') return queries.join('\n');
    if (name === undefined) return [...registry.hmp.values()].map(lineOf).join('\n');
    const command = registry.hmp.get(name);
    if (command === undefined) throw unknownWord('command', name, [...registry.hmp.keys()]);
    return lineOf(command);
  },
  complete: ({ registry }) => [...registry.hmp.keys()],
};

const info: HmpCommand = {
  name: 'info',
  usage: '[SUBJECT …]',
  doc: 'the state of something; all subjects without a name',
  run: async (context, [name, ...words], style) => {
    if (name === undefined) return help.run(context, ['info'], style);
    const made = context.registry.queries.get(name);
    if (made === undefined) throw unknownWord('subject of info', name, [...context.registry.queries.keys()]);
    const data = await context.registry.execute(context, `query-${name}`, made.parse(words) as never);
    return made.render(data as never, style);
  },
  complete: (context, words) => {
    const { queries } = context.registry;
    if (words.length === 1) return [...queries.keys()];
    return queries.get(words[0]!)?.complete?.(context, words.slice(1)) ?? [];
  },
};

/** For prompts: the words that the last one of a line could become. */
const complete: HmpCommand = {
  name: 'complete',
  usage: 'LINE',
  doc: 'what the last word of a line could be, one a line, as a prompt asks',
  run: (context, [line = '']) => context.registry.complete(context, line).join('\n'),
};

export const general: MonitorModule = {
  commands: [help, info, complete],
  queries: [
    query({
      name: 'version',
      doc: 'the version of this program',
      schema: none,
      fetch: () => version,
      render: ({ package: name }) => name,
    }),
    query({
      name: 'commands',
      doc: 'the commands of QMP',
      schema: none,
      fetch: ({ registry }) => ['qmp_capabilities', ...registry.qmp.keys()].sort().map((name) => ({ name })),
      render: (names) => names.map(({ name }) => name).join('\n'),
    }),
  ],
  qmp: {
    'human-monitor-command': qmp(
      v.strictObject({ 'command-line': v.string(), 'cpu-index': v.optional(v.number()) }),
      async (context, given) => {
        const text = await context.registry.print(context, given['command-line'], new Style(false));
        // As QEMU has it: text, whatever comes of it, and its last line ends.
        return text === '' ? '' : `${text}\r\n`;
      },
    ),
  },
};

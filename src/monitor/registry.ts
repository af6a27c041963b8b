/** All commands of a monitor, by name: of QMP, of HMP, and what `info` shows. */
import { QmpError, type QmpMembers } from '../qmp/index.ts';
import { nearest } from '../wires/index.ts';
import { checkArguments } from './arguments.ts';
import {
  type Commands,
  type HmpCommand,
  type MonitorContext,
  MonitorError,
  type MonitorModule,
  qmp,
  type QmpEntry,
  type Query,
} from './context.ts';
import type { Style } from './style.ts';
import { splitWords } from './words.ts';

export class Registry implements Commands {
  readonly qmp: ReadonlyMap<string, QmpEntry>;
  readonly hmp: ReadonlyMap<string, HmpCommand>;
  readonly queries: ReadonlyMap<string, Query>;

  constructor(modules: readonly MonitorModule[]) {
    const queries = modules.flatMap((module) => module.queries ?? []);
    this.queries = byName(queries);
    this.hmp = byName(modules.flatMap((module) => module.commands ?? []));
    this.qmp = new Map([
      ...queries.map((made) => [`query-${made.name}`, qmp(made.schema, made.fetch.bind(made) as never)] as const),
      ...modules.flatMap((module) => Object.entries(module.qmp ?? {})),
    ]);
  }

  execute(context: MonitorContext, name: string, given: QmpMembers): unknown {
    const entry = this.qmp.get(name);
    if (entry === undefined) throw new QmpError('CommandNotFound', `The command ${name} has not been found`);
    return entry.run(context, checkArguments(entry.schema, given) as never);
  }

  async run(context: MonitorContext, line: string, style: Style): Promise<string> {
    const [name, ...words] = splitWords(line);
    if (name === undefined) return '';
    const command = this.hmp.get(name);
    if (command === undefined) throw unknownWord('command', name, [...this.hmp.keys()]);
    return command.run(context, words, style);
  }

  async print(context: MonitorContext, line: string, style: Style): Promise<string> {
    try {
      return await this.run(context, line, style);
    } catch (error) {
      const { code, message } = error as Error & { code?: unknown };
      const known = error instanceof QmpError || (typeof code === 'string' && code !== 'INTERNAL');
      if (!known) context.onBug(error);
      return `Error: ${message}`;
    }
  }

  complete(context: MonitorContext, line: string): readonly string[] {
    let words: string[];
    try {
      words = splitWords(line);
    } catch {
      return [];
    }
    if (words.length === 0 || /\s$/.test(line)) words.push('');
    const [name = '', ...rest] = words;
    const all = rest.length === 0 ? [...this.hmp.keys()] : (this.hmp.get(name)?.complete?.(context, rest) ?? []);
    const last = words.at(-1)!;
    return all.filter((word) => word.startsWith(last)).sort();
  }
}

export function unknownWord(what: string, word: string, known: readonly string[]): MonitorError {
  const near = nearest(word, known);
  const advice = near === undefined ? `"help" lists what there is` : `did you mean "${near}"?`;
  return new MonitorError('UNKNOWN', `unknown ${what}: '${word}'; ${advice}`);
}

function byName<T extends { readonly name: string }>(entries: readonly T[]): ReadonlyMap<string, T> {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(sorted.map((entry) => [entry.name, entry]));
}

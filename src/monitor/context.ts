/** What a monitor's commands are made of, and what they work on. */
import type { GenericSchema, InferOutput } from 'valibot';
import type { Nic } from '../nic/nic.ts';
import type { QmpMembers } from '../qmp/index.ts';
import type { Style } from './style.ts';

export interface MonitorContext {
  readonly nic: Nic;
  readonly registry: Commands;
  /** Ends the NIC. */
  quit(): void;
  /** Tells all clients of QMP. */
  emit(event: string, data?: QmpMembers): void;
  /** Takes an error that is a mistake of ours. */
  onBug(error: unknown): void;
  /** A client has seen the filters of these functions: a change from now on is news. */
  filtersSeen(filters: readonly { readonly name: string }[]): void;
}

/** All commands, by name. */
export interface Commands {
  readonly qmp: ReadonlyMap<string, QmpEntry>;
  readonly hmp: ReadonlyMap<string, HmpCommand>;
  readonly queries: ReadonlyMap<string, Query>;
  /** Does a command of QMP. Throws QmpError and what the command throws. */
  execute(context: MonitorContext, name: string, given: QmpMembers): unknown;
  /** Does a line of HMP and gives what it prints. Throws MonitorError and what the command throws. */
  run(context: MonitorContext, line: string, style: Style): Promise<string>;
  /** The same, but a mistake is one line too, which begins with `Error: `, as in QEMU. */
  print(context: MonitorContext, line: string, style: Style): Promise<string>;
  /** What the line could go on with: words that can stand for its last one. */
  complete(context: MonitorContext, line: string): readonly string[];
}

/** A command of QMP. `schema` checks its arguments. */
export interface QmpEntry {
  readonly schema: GenericSchema;
  run(context: MonitorContext, given: never): unknown;
}

/** A command of HMP. */
export interface HmpCommand {
  readonly name: string;
  /** Its arguments as help shows them. */
  readonly usage: string;
  readonly doc: string;
  /** Gives the text to print; '' for none. */
  run(context: MonitorContext, words: readonly string[], style: Style): Promise<string> | string;
  /** What could stand for the last of the words, of which there is at least one (maybe empty). */
  complete?(context: MonitorContext, words: readonly string[]): readonly string[];
}

/** Something to look at: `query-NAME` of QMP gives it as data, `info NAME` of HMP as text. */
export interface Query {
  readonly name: string;
  readonly usage: string;
  readonly doc: string;
  readonly schema: GenericSchema;
  /** Words of `info NAME …` as arguments. */
  parse(words: readonly string[]): object;
  fetch(context: MonitorContext, given: never): unknown;
  render(data: never, style: Style): string;
  complete?(context: MonitorContext, words: readonly string[]): readonly string[];
}

export interface MonitorModule {
  readonly queries?: readonly Query[];
  readonly commands?: readonly HmpCommand[];
  readonly qmp?: Readonly<Record<string, QmpEntry>>;
}

/** A QMP command whose arguments have the types of its schema. */
export function qmp<S extends GenericSchema>(
  schema: S,
  run: (context: MonitorContext, given: InferOutput<S>) => unknown,
): QmpEntry {
  return { schema, run };
}

/** A query whose parts agree in their types. */
export function query<S extends GenericSchema, D>(made: {
  readonly name: string;
  readonly usage?: string;
  readonly doc: string;
  readonly schema: S;
  readonly parse?: (words: readonly string[]) => object;
  readonly fetch: (context: MonitorContext, given: InferOutput<S>) => Promise<D> | D;
  readonly render: (data: D, style: Style) => string;
  readonly complete?: Query['complete'];
}): Query {
  return { usage: '', parse: noWords, ...made } as Query;
}

function noWords(words: readonly string[]): object {
  if (words.length > 0) throw new MonitorError('USAGE', `"${words[0]}" is too much: there are no arguments`);
  return {};
}

/** A mistake of who uses the monitor, in one line. */
export class MonitorError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'MonitorError';
    this.code = code;
  }
}

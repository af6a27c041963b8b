/** What `outboard monitor` does. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { QmpMembers } from '../qmp/index.ts';
import { MonitorError } from './context.ts';
import { connectPeer } from './peer.ts';
import { Prompt } from './prompt.ts';
import { modules } from './modules/index.ts';
import { Registry, unknownWord } from './registry.ts';

const HISTORY_LINES = 500;
const FAILED = 'Error: ';

/** Words as one line that `splitWords` takes apart again. */
function lineOf(words: readonly string[]): string {
  return words.map((word) => (/^[^\s"'\\]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`)).join(' ');
}

/** Does one command of HMP; gives what to print. Throws MonitorError. */
export async function oneCommand(path: string, words: readonly string[]): Promise<string> {
  const peer = await connectPeer(path);
  try {
    const text = await peer.run(lineOf(words));
    if (text.startsWith(FAILED)) throw new MonitorError('MONITOR', text.slice(FAILED.length));
    return text;
  } finally {
    peer.close();
  }
}

/** `info NAME …` as its query, anything else as a command of QMP with `key=value` or a JSON object behind it. */
function requestOf([name, ...words]: readonly string[]): { command: string; given: QmpMembers } {
  if (name === undefined) throw new MonitorError('USAGE', '--json needs a command, such as info vf');
  if (name !== 'info') return { command: name, given: membersOf(words) };
  const { queries } = new Registry(modules);
  const [subject = '', ...rest] = words;
  const query = queries.get(subject);
  if (query === undefined) throw unknownWord('subject of info', subject, [...queries.keys()]);
  return { command: `query-${subject}`, given: query.parse(rest) as QmpMembers };
}

function membersOf(words: readonly string[]): QmpMembers {
  const [first] = words;
  if (first?.startsWith('{') === true && words.length === 1) return jsonOf(first) as QmpMembers;
  const pairs = words.map((word): [string, unknown] => {
    const equals = word.indexOf('=');
    if (equals < 1) throw new MonitorError('USAGE', `"${word}" is not of the form key=value`);
    return [word.slice(0, equals), valueOf(word.slice(equals + 1))];
  });
  return Object.fromEntries(pairs);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MonitorError('USAGE', `${text} is not JSON: ${(error as Error).message}`);
  }
}

/** Numbers, true and false, lists and objects; anything else is text. */
const valueOf = (text: string): unknown => (/^(-?\d+(\.\d+)?|true|false|[[{].*)$/s.test(text) ? jsonOf(text) : text);

/** Does one command of QMP; gives its answer as JSON. Throws MonitorError. */
export async function oneRequest(path: string, words: readonly string[]): Promise<string> {
  const { command, given } = requestOf(words);
  const peer = await connectPeer(path);
  try {
    return JSON.stringify(await peer.execute(command, given), undefined, 2);
  } finally {
    peer.close();
  }
}

const historyFile = (): string =>
  join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'outboard/monitor-history');

/** Lines of before, the last one first. */
function readHistory(): string[] {
  try {
    return readFileSync(historyFile(), 'utf8').trim().split('\n').slice(-HISTORY_LINES).reverse();
  } catch {
    return [];
  }
}

/** A history that cannot be kept is no reason to stop. */
function remember(line: string): void {
  if (line.trim() === '') return;
  try {
    mkdirSync(dirname(historyFile()), { recursive: true });
    appendFileSync(historyFile(), `${line}\n`, { mode: 0o600 });
  } catch {
    // Nothing to be done.
  }
}

/** A prompt; without a terminal, commands line by line from standard input. Resolves when it is left. */
export async function prompt(path: string): Promise<void> {
  const peer = await connectPeer(path);
  try {
    await new Promise<void>((resolve) => {
      const made = new Prompt({
        history: readHistory(),
        run: (line) => {
          remember(line);
          return peer.run(line).catch((error: Error) => `${FAILED}${error.message}`);
        },
        complete: async (line) => (await peer.run(`complete ${lineOf([line])}`)).split('\n').filter(Boolean),
        ended: resolve,
      });
      void peer.gone.finally(() => made.close());
    });
  } finally {
    peer.close();
  }
}

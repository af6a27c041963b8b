/**
 * Reproducers as fuzzers and bug trackers give them: QTest commands, one a line; often inside `cat << EOF | qemu-system-… -qtest stdio`;
 * sometimes the protocol's log. A comment `# expect ANSWER` after a command says what it must answer.
 */
export interface ScriptCommand {
  /** Number of the line in the file, from 1. */
  readonly line: number;
  readonly text: string;
  readonly expected?: string;
}

export interface Script {
  /** QEMU's command line in the wrapper, without the program; undefined where there is no wrapper. */
  readonly words: readonly string[] | undefined;
  readonly commands: readonly ScriptCommand[];
}

const HEREDOC = /<<-?\s*(?:'([^']+)'|"([^"]+)"|\\?([\w-]+))/;
const PROGRAM = /(?:^|[\s(;|&])(?:\S*(?:qemu|outboard)-system-\S+|\S*outboard\s+qtest)(?=\s|$)/;

export function parseScript(text: string): Script {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const start = lines.findIndex((line) => !line.trimStart().startsWith('#') && HEREDOC.test(line));
  if (start === -1) return withoutHeredoc(lines);
  const found = HEREDOC.exec(lines[start]!)!;
  const end = found[1] ?? found[2] ?? found[3]!;
  let first = start;
  while (first > 0 && lines[first - 1]!.endsWith('\\')) first -= 1;
  let bodyAt = start;
  while (lines[bodyAt]?.endsWith('\\') === true) bodyAt += 1;
  const shell = joinContinued(lines.slice(first, bodyAt + 1));
  const stop = lines.findIndex((line, index) => index > bodyAt && line.trim() === end);
  const body = lines.slice(bodyAt + 1, stop === -1 ? undefined : stop);
  return { words: programWords(shell), commands: commandsOf(body, bodyAt + 2) };
}

/** Commands alone, or behind a shell line with the program that they are for. */
function withoutHeredoc(lines: readonly string[]): Script {
  const at = lines.findIndex((line) => PROGRAM.test(line) && !line.trimStart().startsWith('#'));
  if (at === -1) return { words: undefined, commands: commandsOf(lines, 1) };
  let last = at;
  while (lines[last]?.endsWith('\\') === true) last += 1;
  const words = programWords(joinContinued(lines.slice(at, last + 1)));
  return { words, commands: commandsOf(lines.slice(last + 1), last + 2) };
}

function joinContinued(lines: readonly string[]): string {
  return lines.map((line) => line.replace(/\\$/, ' ')).join('');
}

/** The arguments of the program in a line of shell. */
function programWords(shell: string): string[] | undefined {
  const found = PROGRAM.exec(shell);
  if (found === null) return undefined;
  const words: string[] = [];
  const rest = shell.slice(found.index + found[0].length);
  for (const [word] of rest.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (/^(?:[|;&]|\d?[<>])/.test(word)) break;
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''));
  }
  return words;
}

function commandsOf(lines: readonly string[], firstLine: number): ScriptCommand[] {
  const commands: ScriptCommand[] = [];
  lines.forEach((line, index) => {
    const text = line.trim();
    const expected = /^#\s*expect\s+(.*)$/.exec(text)?.[1];
    const last = commands.length - 1;
    if (expected !== undefined && last >= 0) commands[last] = { ...commands[last]!, expected };
    // Of a log only the commands count: [R …]; answers and remarks are [S …] and [I …].
    const command = text.replace(/^\[R \+?[\d.]+\]\s*/, '');
    if (command === '' || /^(?:#|\[[SI] |OK\b|FAIL\b|IRQ\b)/.test(command)) return;
    commands.push({ line: firstLine + index, text: command.replace(/\s+/g, ' ') });
  });
  return commands;
}

/** The NIC at the other end: commands of its monitor, and what it tells by itself. */
export class Refused extends Error {}

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** Does commands of QMP in order, in one request; throws the first refusal. */
export async function askAll(commands: readonly (readonly [name: string, given?: object])[]): Promise<unknown[]> {
  const body = commands.map(([execute, given = {}]) => JSON.stringify({ execute, arguments: given })).join('\n');
  const response = await fetch('/qmp', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const text = await response.text();
  if (!response.ok) throw new Refused(text.trim());
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const { return: result, error } = JSON.parse(line) as Answer;
      if (error !== undefined) throw new Refused(error.desc);
      return result;
    });
}

export async function ask<T>(name: string, given: object = {}): Promise<T> {
  const [result] = await askAll([[name, given]]);
  return result as T;
}

const notice = document.querySelector('#notice')!;
let noticeTimer: ReturnType<typeof setTimeout> | undefined;

/** Shows a line for some seconds; a mistake stays longer. */
export function say(text: string, bad = false): void {
  notice.textContent = text;
  notice.className = bad ? 'shown bad' : 'shown';
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.className = ''), bad ? 8000 : 3000);
}

/** Runs what a user has asked for; what goes wrong is said. True where it went well. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    say((error as Error).message, true);
    return false;
  }
}

export interface NicEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Command lines of HMP as words. */
import { MonitorError } from './context.ts';

/** Splits at blanks; "…" and '…' hold blanks together, a backslash takes the next character as it is. Throws MonitorError. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at]!;
    if (character === '\\' && quote !== "'") {
      at += 1;
      word = (word ?? '') + (line[at] ?? '');
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== '') throw new MonitorError('USAGE', `a ${quote} is missing at the end`);
  if (word !== undefined) words.push(word);
  return words;
}

/** `on` or `off`. Throws MonitorError. */
export function onOrOff(word: string | undefined, what: string): boolean {
  if (word === 'on') return true;
  if (word === 'off') return false;
  throw new MonitorError('USAGE', `${what} is on or off${word === undefined ? '' : `, not "${word}"`}`);
}

/** A whole number, decimal or 0x… . Throws MonitorError. */
export function wholeNumber(word: string | undefined, low: number, high: number, what: string): number {
  const value = word !== undefined && /^(0x[\da-f]+|\d+)$/i.test(word) ? Number(word) : Number.NaN;
  if (value >= low && value <= high) return value;
  const given = word === undefined ? '' : `, not "${word}"`;
  throw new MonitorError('USAGE', `${what} is a whole number from ${low} to ${high}${given}`);
}

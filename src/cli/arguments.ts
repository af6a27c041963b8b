/** What becomes of the words after a flag. */
import { InvalidArgumentError } from 'commander';

/** For a flag that may be repeated. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** A parser of whole numbers in a range. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It is a whole number from ${low} to ${high}.`);
  };
}

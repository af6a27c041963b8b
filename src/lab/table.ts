import Table from 'cli-table3';
import colors from 'picocolors';

/** Rows below a head, as one prints them; without colours where the output is no terminal, or NO_COLOR asks for none. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const style = process.stdout.isTTY && colors.isColorSupported ? { head: ['bold'] } : { head: [], border: [] };
  const made = new Table({ head: [...head], style });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

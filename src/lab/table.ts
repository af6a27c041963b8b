import Table from 'cli-table3';

/** Rows below a head, as one prints them; without colours where the output is no terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const plain = process.stdout.isTTY ? {} : { style: { head: [], border: [] } };
  const made = new Table({ head: [...head], ...plain });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

/** Errors as users see them. */

/** Prints an error: one line for a fault that has a code, the whole stack for a bug of ours. Returns the exit status. */
export function reportError(error: unknown): number {
  const { code, message, stack } = error as Error & { code?: unknown };
  if (typeof code === 'string' && code !== 'INTERNAL') console.error(`outboard: ${message} [${code}]`);
  else console.error(`outboard: this is a bug: ${stack ?? String(error)}`);
  return 1;
}

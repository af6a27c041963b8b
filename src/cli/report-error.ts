/** Errors as users see them. */

/** An error on one line with its code, or undefined where it is none that a user can mend. */
export function errorLine(error: unknown): string | undefined {
  const { code, message, advice } = error as Error & { code?: unknown; advice?: unknown };
  // Node's own ERR_… are about how we called it.
  if (typeof code !== 'string' || code === 'INTERNAL' || code.startsWith('ERR_')) return undefined;
  const text = typeof advice === 'string' && advice !== '' ? `${message} ${advice}` : message;
  return `outboard: ${text.trim().replace(/\s*\n\s*/g, '; ')} [${code}]`;
}

/** Prints an error: one line for a fault that has a code, the whole stack for a bug of ours. Returns the exit status. */
export function reportError(error: unknown): number {
  const bug = `outboard: this is a bug: ${error instanceof Error ? error.stack : String(error)}`;
  console.error(errorLine(error) ?? bug);
  return 1;
}

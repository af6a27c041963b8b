import { constants } from 'node:os';

/** errno values by name, as Linux numbers them. */
export const errno = constants.errno;

/**
 * A request that is answered with an error reply. Thrown by the handlers of the rare messages only; reads and writes of
 * regions return an errno.
 */
export class Refusal extends Error {
  readonly errno: number;

  /** `text` says what is wrong with the request, in words that fit after "refused: ". */
  constructor(number: number, text: string) {
    super(text);
    this.name = 'Refusal';
    this.errno = number;
  }
}

/** A server that cannot start: `code` is EADDRINUSE, EEXIST or ENAMETOOLONG. */
export class VfioUserError extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(text);
    this.name = 'VfioUserError';
    this.code = code;
  }
}

/** The errno that an error of the system carries in its `code`, or EINVAL. */
export function errnoOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return (typeof code === 'string' ? (errno as Readonly<Record<string, number>>)[code] : undefined) ?? errno.EINVAL;
}

/** The name of an errno, or its number. */
export function errnoName(number: number): string {
  return Object.entries(errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
}

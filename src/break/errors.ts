/** A break expression that cannot be understood, in one line. */
export class BreakError extends Error {
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = 'BreakError';
    this.code = 'BREAK';
  }
}

/** A fault of the configuration or the host, in one line that says what to do. */
export class NicError extends Error {
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NicError';
    this.code = code;
  }
}

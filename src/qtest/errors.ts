/** A fault of the command line or of the surroundings, for the user: a stable code, and one sentence that says what to do. */
export class QTestError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'QTestError';
    this.code = code;
  }
}

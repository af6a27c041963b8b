/** What went wrong in the lab outside our own code: one line, a stable code, and what to do. */
export class LabError extends Error {
  readonly code: string;
  /** One sentence that says what to do, or empty. */
  readonly advice: string;

  constructor(code: string, message: string, advice = '') {
    super(message);
    this.name = 'LabError';
    this.code = code;
    this.advice = advice;
  }
}

/** The message of anything thrown, with its advice, on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  const advice = error instanceof LabError && error.advice !== '' ? ` ${error.advice}` : '';
  const text = `${error.message}${advice}`;
  return typeof code === 'string' && !text.includes(code) ? `${text} (${code})` : text;
}

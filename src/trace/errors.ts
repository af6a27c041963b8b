/** What a user can mend about traces; `code` is stable. */
export class TraceError extends Error {
  readonly code: 'TRACE_FILE' | 'TRACE_FORMAT' | 'TRACE_PATTERN' | 'TRACE_PACKET';

  constructor(code: TraceError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Declaration of a trace event: up to four numbers, a format that names them, one line of documentation. */
export interface TraceEventSpec {
  /** printf-like: `%u` unsigned, `%d` signed, `%x` hexadecimal, in the order of the arguments. */
  readonly format: string;
  readonly doc: string;
}

/** Names of events to their numbers. */
export type TraceEvents<T> = { readonly [N in keyof T]: number };

/**
 * Trace events. The caller tests `on[event]` before it evaluates arguments, so that an event which is off costs one load.
 * Names follow QEMU's: the module, then what happened.
 */
export interface Trace {
  /** One where the event is wanted, by event number. */
  readonly on: Uint8Array;
  /** Makes a module's events known and gives each its number; a name that is known keeps its number. */
  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T>;
  emit(event: number, a?: number, b?: number, c?: number, d?: number): void;
}

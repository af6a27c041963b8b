/** Where a breakpoint was hit. */
export interface BreakPlace {
  /** Of the breakpoint; 0 of a step. */
  readonly number: number;
  /** Of the device. */
  readonly timeNs: number;
  readonly port: number;
  readonly packet: number;
  /** Name of the trace event, or `packet`. */
  readonly event: string;
  /** Its arguments in words, or the first bytes of the frame. */
  readonly what: string;
}

/** What a NIC tells while it runs, to whoever listens in the main thread. */
export type NicEvent =
  /** A machine has attached to, or left, a socket: `pf`, or `vf` and its number. */
  | { readonly type: 'client'; readonly id: string; readonly attached: boolean }
  | { readonly type: 'link'; readonly port: number; readonly up: boolean; readonly speedMbps: number }
  | { readonly type: 'run-state'; readonly running: boolean }
  /** The device stands at a breakpoint; of `stopped` the machines were told to stop. */
  | { readonly type: 'break'; readonly place: BreakPlace; readonly stopped: readonly string[] };

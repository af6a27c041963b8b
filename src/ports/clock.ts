/** A timer that its owner makes once and arms again and again. */
export interface Timer {
  readonly expire: () => void;
  /** When it fires, in the clock's ns; Infinity while it is not armed. Written by the clock only. */
  deadlineNs: number;
}

/** Device time: real in a NIC that runs, virtual under QTest, in tests and in a replay. */
export interface Clock {
  /** Nanoseconds since some start, an integer that never goes back. */
  now(): number;
  /** Fires `timer` once at `deadlineNs` or as soon after as possible; arming an armed timer moves it. */
  arm(timer: Timer, deadlineNs: number): void;
  disarm(timer: Timer): void;
}

/** A timer that is not armed. */
export function makeTimer(expire: () => void): Timer {
  return { expire, deadlineNs: Infinity };
}

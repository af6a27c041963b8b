/**
 * What an argument of a trace event is, which says how it is printed: a number with its unit, a thing of the device by its
 * name or number, a set of such things (a bit each), or one of some words.
 */
export type TraceType =
  | 'count'
  | 'hex'
  /** Guest or bus address. */
  | 'address'
  | 'bytes'
  | 'ns'
  | 'µs'
  | 'Mb/s'
  /** -1 for an untagged frame. */
  | 'VLAN'
  | 'yes/no'
  /** Offset in the PF's or a VF's register window: printed as the register's name. */
  | 'register'
  | 'vf register'
  /** Value of the register that the argument before names: printed with its fields. */
  | 'value'
  /** 0 the PF, 1 + v VF v. */
  | 'function'
  /** Bus, device and function in 16 bits; ffff is a VMD's endpoint itself. */
  | 'routing id'
  | 'vf'
  | 'pool'
  | 'queue'
  | 'vector'
  | 'pools'
  | 'queues'
  | 'vectors'
  /** Bits of ICR. */
  | 'causes'
  /** First word of a mailbox message. */
  | 'message'
  /** Word n for the value n. */
  | readonly string[];

/** Declaration of a trace event: up to five arguments in the order in which they are emitted, and one line of documentation. */
export interface TraceEventSpec {
  readonly args: Readonly<Record<string, TraceType>>;
  readonly doc: string;
}

/** Names of events to their numbers. */
export type TraceEvents<T> = { readonly [N in keyof T]: number };

/**
 * Trace events. The caller tests `on[event]` before it evaluates arguments, so that an event which is off costs one load.
 * Names follow QEMU's: the module, then what happened.
 */
export interface Trace {
  /** Not zero where the event is wanted, by event number. */
  readonly on: Uint8Array;
  /** Number of the packet that is being worked on, 0 for none: part of every record, so that a packet can be followed. */
  packet: number;
  /** Number of the packet that came last. */
  lastPacket: number;
  /** Makes a module's events known and gives each its number; a name that is known keeps its number. */
  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T>;
  emit(event: number, a?: number, b?: number, c?: number, d?: number, e?: number): void;
}

/** A packet enters the device: it is the one at hand until `trace.packet` is 0 again. */
export function beginPacket(trace: Trace): void {
  const number = trace.lastPacket === 0x3fff_ffff ? 1 : trace.lastPacket + 1;
  trace.lastPacket = number;
  trace.packet = number;
}

/** For a part that runs without anybody who wants to know. */
export const noTrace: Trace = {
  on: new Uint8Array(1),
  packet: 0,
  lastPacket: 0,
  declare: <T extends Readonly<Record<string, TraceEventSpec>>>(specs: T) =>
    Object.fromEntries(Object.keys(specs).map((name) => [name, 0])) as TraceEvents<T>,
  emit: () => undefined,
};

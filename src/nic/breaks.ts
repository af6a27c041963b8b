/** Stops the device, and the machines whose QMP sockets are known, at a breakpoint; lets them go on. */
import { BreakError, type Breakpoint, Breakpoints, type BreakSources, type Moment } from '../break/index.ts';
import { eventNames, eventSpecs } from '../trace/catalogue.ts';
import { formatArguments } from '../trace/format.ts';
import type { EventLoop } from '../linux/index.ts';
import { hex } from '../registers/index.ts';
import type { Attachments } from './attachments.ts';
import { NicError } from './errors.ts';
import type { BreakPlace, NicEvent } from './events.ts';
import type { RunState } from './run-state.ts';
import { VmMonitor, type VmState } from './vm-monitor.ts';

/** Register accesses, of the PF and of VFs. */
const ANY_ACCESS = 'reg:* || vfreg:*';

export interface VmStatus {
  readonly id: string;
  /** Undefined where it is not known. */
  readonly qmp: string | undefined;
  readonly state: VmState;
}

export interface BreaksStatus {
  readonly breakpoints: readonly Breakpoint[];
  /** The last place; the device stands there while it is stopped. */
  readonly place: BreakPlace | undefined;
  readonly machines: readonly VmStatus[];
}

export interface BreaksOptions extends BreakSources {
  readonly loop: EventLoop;
  readonly runState: RunState;
  readonly attachments: Attachments;
  /** Device time. */
  readonly now: () => number;
  readonly tell: (event: NicEvent) => void;
  readonly log: (line: string) => void;
}

export class Breaks {
  readonly #options: BreaksOptions;
  readonly #breakpoints: Breakpoints;
  /** By the id of the attachment; while there are breakpoints. */
  readonly #machines: Map<string, VmMonitor>;
  #place: BreakPlace | undefined;
  /** When it was hit, in the loop's time. */
  #hitNs: number;

  constructor(options: BreaksOptions) {
    this.#options = options;
    this.#breakpoints = new Breakpoints(options, (number, moment) => this.#hit(number, moment));
    this.#machines = new Map();
    this.#place = undefined;
    this.#hitNs = 0;
  }

  /** Returns its number. Throws NicError `BREAK`. */
  add(text: string): number {
    const number = asNicError(() => this.#breakpoints.add(text));
    this.#reach();
    return number;
  }

  /** All without a number; returns how many. */
  delete(number?: number): number {
    const deleted = this.#breakpoints.delete(number);
    if (this.#breakpoints.list().length === 0 && this.#options.runState.running) this.#leave();
    return deleted;
  }

  status(): BreaksStatus {
    const { attachments } = this.#options;
    return {
      breakpoints: this.#breakpoints.list(),
      place: this.#place,
      machines: attachments.list().flatMap(({ id, attachment, attached }): VmStatus[] => {
        const machine = this.#machines.get(id);
        if (machine === undefined && !attached) return [];
        return [{ id, qmp: attachment.qmp, state: machine?.state ?? 'unreachable' }];
      }),
    };
  }

  /** The device goes on, and the machines that stand. */
  cont(): void {
    this.#breakpoints.setQuiet(false);
    this.#options.runState.cont();
    for (const machine of this.#machines.values()) machine.cont();
  }

  /** Goes on up to the next access of a register, or to where `text` holds. Throws NicError `BREAK`. */
  step(text: string | undefined): void {
    asNicError(() => this.#breakpoints.step(text ?? ANY_ACCESS));
    this.#reach();
    this.cont();
  }

  close(): void {
    this.#breakpoints.close();
    this.#leave();
  }

  /** Sockets have come or gone, and with them what is known of machines. */
  attachmentsChanged(): void {
    const paths = new Map(this.#options.attachments.list().map(({ id, attachment }) => [id, attachment.qmp]));
    for (const [id, machine] of this.#machines) {
      if (paths.get(id) === machine.path) continue;
      machine.close();
      this.#machines.delete(id);
    }
    if (this.#breakpoints.list().length > 0) this.#reach();
  }

  /** Connects to the machines that can be stopped. */
  #reach(): void {
    const { loop, attachments } = this.#options;
    for (const { id, attachment } of attachments.list()) {
      const { qmp: path } = attachment;
      if (path === undefined || this.#machines.has(id)) continue;
      const machine = new VmMonitor({ loop, id, path, changed: (state) => this.#changed(id, state) });
      this.#machines.set(id, machine);
    }
  }

  #leave(): void {
    for (const machine of this.#machines.values()) machine.close();
    this.#machines.clear();
  }

  #hit(number: number, moment: Moment): void {
    const { loop, runState, now, tell, log } = this.#options;
    this.#breakpoints.setQuiet(true);
    const place = placeOf(number, moment, now());
    this.#place = place;
    this.#hitNs = loop.now();
    runState.stop();
    const told = new Set([...this.#machines.values()].filter((machine) => machine.stop()).map(({ id }) => id));
    const where = `${place.event}${place.port === 0 ? '' : ` port ${place.port}`}`;
    const packet = place.packet === 0 ? '' : ` #${place.packet}`;
    const name = number === 0 ? 'step' : `break ${number}`;
    log(`${name}: ${(place.timeNs / 1e9).toFixed(9)} ${where}${packet} ${place.what}`);
    for (const { id, qmp } of this.status().machines)
      if (!told.has(id))
        log(
          `${name}: the machine of ${id} runs on: ${qmp === undefined ? 'its QMP socket is not known (qmp=PATH of its attachment)' : `nobody answers at ${qmp}`}`,
        );
    tell({ type: 'break', place, stopped: [...told] });
  }

  #changed(id: string, state: VmState): void {
    const { loop, log, runState } = this.#options;
    if (state === 'stopped' && !runState.running)
      log(`the machine of ${id} stands, ${((loop.now() - this.#hitNs) / 1e6).toFixed(1)} ms after the device`);
  }
}

function placeOf(number: number, moment: Moment, timeNs: number): BreakPlace {
  const { event, port, packet, args } = moment;
  if (event < 0) {
    const { bytes, offset, length } = moment;
    const head = Array.from(bytes!.subarray(offset, offset + Math.min(length, 34)), (byte) => hex(byte, 2).slice(2));
    return { number, timeNs, port, packet, event: 'packet', what: `length: ${length} B, bytes: ${head.join('')}` };
  }
  const spec = eventSpecs[event]!;
  return { number, timeNs, port, packet, event: eventNames[event]!, what: formatArguments(spec, args) };
}

function asNicError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BreakError) throw new NicError(error.code, `break: ${error.message}`, error);
    throw error;
  }
}

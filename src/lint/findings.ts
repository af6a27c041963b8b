/** What the lint has found: one entry for each rule and place, bounded whatever a guest does. */
import { igbTraceEvents } from '../devices/igb/trace-events.ts';
import { pfPlan } from '../devices/igb/tables/index.ts';
import { rxQueues } from '../devices/igb/tables/rx-queues.ts';
import { txQueues } from '../devices/igb/tables/tx-queues.ts';
import type { TraceType } from '../ports/index.ts';
import { formatArguments } from '../trace/format.ts';
import { argumentInWords } from '../trace/words.ts';
import type { EventName } from './rule.ts';
import { rules } from './rules/index.ts';

/** Places of a rule that are listed; a queue each, say. */
const MOST_PLACES = 16;
/** A rule, a port and a place in one number. */
const PLACES = 2 ** 32;
const PORTS = 2;
/** Types of arguments that say where something is. */
const placeTypes: readonly TraceType[] = ['register', 'vf register', 'queue', 'vf', 'function', 'vector'];
const queueRegisters = new Set([...Object.keys(rxQueues), ...Object.keys(txQueues)]);
const ids = [...rules.keys()];

export interface Finding {
  readonly rule: string;
  /** What the driver does wrong, and what to do. */
  readonly wrong: string;
  readonly advice: string;
  /** Of the 82576 reference. */
  readonly section: string;
  readonly port: number;
  /** How often, at this place. */
  readonly count: number;
  /** `PF` or `VF3`, where it is known whose mistake it is. */
  readonly function?: string;
  readonly queue?: number;
  readonly register?: string;
  /** What was written or read the first time. */
  readonly value?: number;
  /** The trace event that showed it the first time, in words. */
  readonly detail: string;
}

export interface LintReport {
  readonly findings: readonly Finding[];
  /** Mistakes at places that are not listed, because their rules have enough. */
  readonly unlisted: number;
}

export class Findings {
  readonly #entries: Map<number, { finding: Finding; count: number }>;
  /** Places listed, by rule. */
  readonly #places: Uint16Array;
  #unlisted: number;

  constructor() {
    this.#entries = new Map();
    this.#places = new Uint16Array(ids.length);
    this.#unlisted = 0;
  }

  /** Counts a mistake; gives the finding where it is a new one. `queueFunction` by queue, 0 the PF. */
  add(
    rule: number,
    port: number,
    event: EventName,
    args: readonly number[],
    queueFunction: Uint8Array,
  ): Finding | undefined {
    const key = (rule * PORTS + port) * PLACES + placeOf(event, args);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.count += 1;
      return undefined;
    }
    if (this.#places[rule] === MOST_PLACES) {
      this.#unlisted += 1;
      return undefined;
    }
    this.#places[rule]! += 1;
    const finding = describe(ids[rule]!, port, event, args, queueFunction);
    this.#entries.set(key, { finding, count: 1 });
    return finding;
  }

  report(): LintReport {
    const findings = [...this.#entries.values()].map(({ finding, count }) => ({ ...finding, count }));
    return { findings, unlisted: this.#unlisted };
  }
}

/** A number below PLACES from the arguments that say where. */
function placeOf(event: EventName, args: readonly number[]): number {
  let place = 0;
  let index = 0;
  const types: Readonly<Record<string, TraceType>> = igbTraceEvents[event].args;
  for (const name in types) {
    if (placeTypes.includes(types[name]!)) place = (place * 0x20000 + args[index]!) % PLACES;
    index += 1;
  }
  return place;
}

function describe(
  rule: string,
  port: number,
  event: EventName,
  args: readonly number[],
  queueFunction: Uint8Array,
): Finding {
  const { wrong, advice, section } = rules.get(rule)!;
  const spec = igbTraceEvents[event];
  const types: readonly TraceType[] = Object.values(spec.args);
  const argument = (type: TraceType): number | undefined => {
    const index = types.indexOf(type);
    return index === -1 ? undefined : args[index];
  };
  const offset = argument('register');
  const vfOffset = argument('vf register');
  const value = argument('value');
  const vf = argument('vf');
  const fn = argument('function') ?? (vf === undefined ? undefined : vf + 1);
  const queue = argument('queue') ?? queueOf(offset);
  const owner = fn ?? (queue === undefined ? undefined : queueFunction[queue]);
  const register = offset ?? vfOffset;
  const registerType = offset === undefined ? 'vf register' : 'register';
  return {
    ...{ rule, wrong, advice, section, port, count: 1 },
    ...(owner !== undefined && { function: argumentInWords('function', owner) }),
    ...(queue !== undefined && { queue }),
    ...(register !== undefined && { register: argumentInWords(registerType, register) }),
    ...(value !== undefined && { value: value >>> 0 }),
    detail: formatArguments(spec, args),
  };
}

/** The queue whose register lies at an offset. */
function queueOf(offset: number | undefined): number | undefined {
  if (offset === undefined) return undefined;
  const dword = offset >>> 2;
  const name = pfPlan.names[pfPlan.register[dword]! - 1];
  return name !== undefined && queueRegisters.has(name) ? pfPlan.element[dword] : undefined;
}

/** Who and where: `PF, queue 3` of port 1. */
export function findingPlace(finding: Finding): string {
  const { port, queue } = finding;
  return [
    ...(port === 0 ? [] : [`port ${port}`]),
    ...(finding.function === undefined ? [] : [finding.function]),
    ...(queue === undefined ? [] : [`queue ${queue}`]),
  ].join(', ');
}

/** One line for a log. */
export function findingLine(finding: Finding): string {
  const place = findingPlace(finding);
  const { rule, wrong, advice, section, detail } = finding;
  const where = [place, detail].filter((text) => text !== '').join('; ');
  return `lint: the driver ${wrong}${where === '' ? '' : ` (${where})`}. ${advice} [${rule}, reference §${section}]`;
}

/** Break expressions: which moments they can be true at, and whether they are (docs/debugging.md has their words). */
import { pfPlan, vfSpecs, vfWindowBytes } from '../devices/igb/tables/index.ts';
import { bitRange, compilePlan, registerName, type RegisterPlan } from '../registers/index.ts';
import { eventNames, eventSpecs } from '../trace/catalogue.ts';
import type { Moment, Predicate } from './moment.ts';
import { parsePacketFilter } from './packet-filter.ts';
import { globTest, parseLogic, Words } from './words.ts';

export interface BreakExpression {
  readonly text: string;
  /** Numbers of the trace events that it may be true at. */
  readonly events: readonly number[];
  /** Told of each frame before `holds` is asked of any moment; none where it does not care for frames. */
  readonly watchers: readonly ((moment: Moment) => void)[];
  readonly holds: Predicate;
}

const vfPlan = compilePlan(vfSpecs, vfWindowBytes, []);
/** Packets whose frames have been seen lately, by their numbers. */
const REMEMBERED = 4096;

const eventNumber = (name: string): number => eventNames.indexOf(name);
const accesses = {
  reg: { plan: pfPlan, read: eventNumber('igb_reg_read'), write: eventNumber('igb_reg_write'), at: 0 },
  vfreg: { plan: vfPlan, read: eventNumber('igb_vf_reg_read'), write: eventNumber('igb_vf_reg_write'), at: 1 },
} as const;
const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '&': (a, b) => (a & b) !== 0,
};

class Parser {
  readonly words: Words;
  readonly events: Set<number>;
  readonly watchers: ((moment: Moment) => void)[];

  constructor(text: string) {
    this.words = new Words(text);
    this.events = new Set();
    this.watchers = [];
  }

  parse(): Predicate {
    const holds = parseLogic<Moment>(this.words, () => this.#atom());
    if (this.words.peek() !== undefined) throw this.words.wrong('"&&" or "||" is missing before');
    if (this.events.size === 0 && this.watchers.length === 0)
      throw this.words.wrong('say at which register (reg:TDT[0]), trace event or packet(…) it is to stop, before');
    return holds;
  }

  #atom(): Predicate {
    const { words } = this;
    if (words.peek(1) !== undefined && Object.hasOwn(comparisons, words.peek(1)!)) return this.#comparison();
    const word = words.next();
    if (word === 'packet') return this.#packet();
    const colon = word.indexOf(':');
    const kind = word.slice(0, Math.max(0, colon));
    if (kind === 'reg' || kind === 'vfreg') return this.#register(accesses[kind], word.slice(colon + 1));
    return this.#event(kind === 'trace' ? word.slice(colon + 1) : word);
  }

  #register({ plan, read, write, at }: (typeof accesses)[keyof typeof accesses], name: string): Predicate {
    const wanted = registersNamed(plan, name);
    if (!wanted.includes(1)) throw this.words.wrong(`there is no register "${name}", before`);
    const direction = this.words.take('read', 'write');
    if (direction !== 'write') this.events.add(read);
    if (direction !== 'read') this.events.add(write);
    return ({ event, args }) =>
      ((direction !== 'write' && event === read) || (direction !== 'read' && event === write)) &&
      wanted[args[at]! >>> 2] === 1;
  }

  #event(glob: string): Predicate {
    const matches = globTest(glob);
    const numbers = eventNames.flatMap((name, number) => (matches(name) ? [number] : []));
    if (numbers.length === 0) throw this.words.wrong(`there is no trace event "${glob}", before`);
    for (const number of numbers) this.events.add(number);
    const wanted = new Uint8Array(eventNames.length);
    for (const number of numbers) wanted[number] = 1;
    return ({ event }) => wanted[event] === 1;
  }

  /** An argument of the event at hand by its name, or a field of its `value`: false where it has none. */
  #comparison(): Predicate {
    const { words } = this;
    const [name = '', field] = words.next().split('.');
    const compare = comparisons[words.next()]!;
    const right = words.next();
    const number = /^-?\d+$|^0x[0-9a-f]+$/i.test(right) ? Number(right) : NaN;
    if (Number.isNaN(number)) throw words.wrong(`"${right}" is no number, before`);
    if (name === 'packet') return ({ packet }) => compare(packet, number);
    if (name === 'port') return ({ port }) => compare(port, number);
    const places = eventSpecs.map(({ args }) => Object.keys(args).indexOf(name));
    if (places.every((place) => place < 0) && name !== 'length')
      throw words.wrong(`no trace event has an argument "${name}", before`);
    return (moment) => {
      if (moment.event < 0) return name === 'length' && compare(moment.length, number);
      const place = places[moment.event]!;
      if (place < 0) return false;
      if (field === undefined) return compare(moment.args[place]!, number);
      const content = fieldOf(moment, place, field);
      return content !== undefined && compare(content, number);
    };
  }

  /** True at the first sight of a frame that passes, and at events of its packet later on. */
  #packet(): Predicate {
    this.words.must('(');
    const passes = parsePacketFilter(this.words);
    this.words.must(')');
    const seen = new Int32Array(REMEMBERED);
    const known = (packet: number): boolean => packet !== 0 && seen[packet & (REMEMBERED - 1)] === packet;
    /** The frame at hand passes, and is seen for the first time. */
    let fresh = false;
    this.watchers.push(({ packet, bytes, offset, length }) => {
      fresh = !known(packet) && passes(bytes!, offset, length);
      if (fresh) seen[packet & (REMEMBERED - 1)] = packet;
    });
    return ({ event, packet }) => (event < 0 ? fresh : known(packet));
  }
}

/** One byte a dword of the window: 1 where the register there is meant. A name without an element means all of them. */
function registersNamed(plan: RegisterPlan, name: string): Uint8Array {
  const matches = globTest(name);
  const wanted = new Uint8Array(plan.dwords);
  for (let dword = 0; dword < plan.dwords; dword += 1) {
    if (plan.register[dword] === 0) continue;
    const found = registerName(plan, dword * 4);
    if (matches(found) || matches(found.replace(/\[\d+\]$/, ''))) wanted[dword] = 1;
  }
  return wanted;
}

/** A field of the register whose value the argument is. */
function fieldOf({ event, args }: Moment, place: number, name: string): number | undefined {
  const types = Object.values(eventSpecs[event]!.args);
  const before = types[place - 1];
  const plan = before === 'register' ? pfPlan : before === 'vf register' ? vfPlan : undefined;
  if (plan === undefined) return undefined;
  const id = plan.register[args[place - 1]! >>> 2] ?? 0;
  const field = id === 0 ? undefined : plan.specs[id - 1]!.fields?.[name];
  if (field === undefined) return undefined;
  const [high, low] = bitRange(field.bits);
  return high - low === 31 ? args[place]! >>> 0 : (args[place]! >>> low) & ((1 << (high - low + 1)) - 1);
}

/** Throws BreakError. */
export function parseBreak(text: string): BreakExpression {
  const parser = new Parser(text);
  const holds = parser.parse();
  return { text, events: [...parser.events], watchers: parser.watchers, holds };
}

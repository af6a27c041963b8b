/** Faults as users write them: `KIND,key=value,…`, for `--fault`, the configuration and the monitor (docs/faults.md). */
import { type FaultKind, faultKinds, type FaultSpec } from '../faults/index.ts';
import { nearest } from '../wires/index.ts';
import { parseKeyList } from '../wires/key-list.ts';
import { NicError } from './errors.ts';
import { functionNames } from './functions.ts';

/** Keys that every kind takes. */
const common = ['id', 'port', 'count', 'after', 'probability', 'seed'] as const;
const ownKeys = {
  'link-flap': ['down', 'period'],
  'lost-interrupt': ['function', 'vector'],
  'delayed-interrupt': ['function', 'vector', 'delay'],
  'bad-fcs': ['direction'],
  drop: ['direction'],
  duplicate: ['direction'],
  reorder: ['direction', 'delay'],
  delay: ['direction', 'delay'],
  'corrupt-write-back': ['function', 'direction', 'queue', 'bit'],
  'stuck-descriptor': ['function', 'direction', 'queue'],
  'dma-error': ['function', 'direction', 'queue'],
  'mailbox-loss': ['function', 'to'],
} as const satisfies Record<FaultKind, readonly string[]>;

const DEFAULT_DELAY_NS = 10e6;
const DEFAULT_DOWN_NS = 500e6;
const DEFAULT_PERIOD_NS = 5e9;
const unitsNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };

type Values = Readonly<Record<string, string>>;

const hint = (text: string, words: readonly string[]): string => {
  const near = nearest(text, words);
  return near === undefined ? `; there are ${words.join(', ')}` : `; did you mean "${near}"?`;
};

/** The keys that a kind takes. */
export const faultKeys = (kind: FaultKind): readonly string[] => [...common, ...ownKeys[kind]];

class Reader {
  readonly #text: string;
  readonly #values: Values;

  constructor(text: string, values: Values) {
    this.#text = text;
    this.#values = values;
  }

  wrong(why: string): NicError {
    return new NicError('FAULT', `fault ${this.#text}: ${why}`);
  }

  whole(key: string, highest: number): number | undefined {
    const text = this.#values[key];
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text) || Number(text) > highest)
      throw this.wrong(`${key}=${text} must be a whole number from 0 to ${highest}`);
    return Number(text);
  }

  word<const W extends string>(key: string, words: readonly W[]): W | undefined {
    const text = this.#values[key];
    const found = words.find((word) => word === text);
    if (text !== undefined && found === undefined)
      throw this.wrong(`${key}=${text} must be one of ${words.join(', ')}`);
    return found;
  }

  durationNs(key: string, otherwise: number): number {
    const text = this.#values[key];
    if (text === undefined) return otherwise;
    const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s)$/.exec(text) ?? [];
    const ns = Math.round(Number(amount) * (unitsNs[unit] ?? NaN));
    if (!(ns > 0 && ns <= 3600e9)) throw this.wrong(`${key}=${text} must be a time such as 500us, 10ms or 2s`);
    return ns;
  }

  probability(): number | undefined {
    const text = this.#values['probability'];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!(value > 0 && value <= 1)) throw this.wrong(`probability=${text} must be above 0 and at most 1`);
    return value;
  }

  count(otherwise: number): number {
    if (this.#values['count'] === 'unlimited') return Infinity;
    const count = this.whole('count', Number.MAX_SAFE_INTEGER);
    if (count === 0) throw this.wrong('count=0 would never strike');
    return count ?? otherwise;
  }
}

function checkKeys(reader: Reader, kind: string, values: Values): FaultKind {
  const known = faultKinds.find((word) => word === kind);
  if (known === undefined) throw reader.wrong(`there is no kind "${kind}"${hint(kind, faultKinds)}`);
  const keys = faultKeys(known);
  const unknown = Object.keys(values).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw reader.wrong(`${known} has no key "${unknown}"${hint(unknown, keys)}`);
  return known;
}

/** Throws NicError `FAULT`. One without an id gets `id`. */
export function parseFault(text: string, id: string): FaultSpec {
  const { type, values } = parseKeyList(text);
  const reader = new Reader(text, values);
  const kind = checkKeys(reader, type, values);
  const functionName = reader.word('function', functionNames);
  if (kind === 'mailbox-loss' && functionName === 'pf') throw reader.wrong('function=pf has no mailbox: name a VF');
  const probability = reader.probability();
  const spec: FaultSpec = {
    id: values['id'] ?? id,
    kind,
    port: reader.whole('port', 1) ?? 0,
    // A fault that is likely at each occasion would otherwise never let anything work again.
    count: reader.count(probability === undefined ? 1 : Infinity),
    after: reader.whole('after', Number.MAX_SAFE_INTEGER) ?? 0,
    probability: probability ?? 1,
    seed: reader.whole('seed', 0xffffffff) ?? 1,
    direction: reader.word('direction', ['rx', 'tx']),
    function: functionName === undefined ? undefined : functionNames.indexOf(functionName),
    queue: reader.whole('queue', 15),
    vector: reader.whole('vector', 24),
    bit: reader.whole('bit', 127),
    to: reader.word('to', ['pf', 'vf']),
    delayNs: reader.durationNs('delay', DEFAULT_DELAY_NS),
    downNs: reader.durationNs('down', DEFAULT_DOWN_NS),
    periodNs: reader.durationNs('period', DEFAULT_PERIOD_NS),
  };
  if (spec.downNs >= spec.periodNs) throw reader.wrong('down must be shorter than period');
  return spec;
}

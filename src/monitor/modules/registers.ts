/** Registers by name, with their fields. Looking has no effect. */
import picomatch from 'picomatch';
import * as v from 'valibot';
import { pfPlan, vfSpecs, vfWindowBytes } from '../../devices/igb/tables/index.ts';
import { placeOfFunction } from '../../nic/functions.ts';
import {
  bitRange,
  compilePlan,
  decodeFields,
  hex,
  registerName,
  type RegisterPlan,
  type RegisterSpec,
} from '../../registers/index.ts';
import { MonitorError, type MonitorModule, query } from '../context.ts';
import { functionSchema, namesOf, placeOf } from '../function-argument.ts';
import type { Style } from '../style.ts';

export interface RegisterStatus {
  /** With its element: `RDT[3]`. */
  readonly name: string;
  readonly offset: number;
  readonly value: number;
  readonly fields: Readonly<Record<string, number>>;
  /** Where each lies, and what its value means. */
  readonly layout: readonly {
    readonly name: string;
    readonly high: number;
    readonly low: number;
    readonly value: number;
    readonly word?: string;
    readonly doc: string;
  }[];
  /** Those that are not 0, in words. */
  readonly decoded: string;
  readonly doc: string;
}

/** Only looked at: what accesses set off does not matter here. */
const vfHooks = Object.values<RegisterSpec>(vfSpecs).flatMap(({ onRead, onWrite }) => [onRead ?? '', onWrite ?? '']);
const vfPlan = compilePlan(vfSpecs, vfWindowBytes, vfHooks);

const planOf = (number: number): RegisterPlan => (number === 0 ? pfPlan : vfPlan);

/** `RDT`, `RDT*` and `RDT[3]`; a name alone means all its elements. Case does not matter. */
function matcher(globs: readonly string[]): (name: string) => boolean {
  const tests = globs.map((glob) => picomatch(glob.replaceAll('[', '\\[').replaceAll(']', '\\]'), { nocase: true }));
  return (name) => tests.some((matches) => matches(name) || matches(name.replace(/\[\d+\]$/, '')));
}

function describe(plan: RegisterPlan, index: number, value: number): RegisterStatus {
  const spec = plan.specs[plan.register[index]! - 1]!;
  const layout = Object.entries(spec.fields ?? {}).map(([name, { bits, values, doc }]) => {
    const [high, low] = bitRange(bits);
    const content = high - low === 31 ? value : (value >>> low) & (2 ** (high - low + 1) - 1);
    const word = values?.[content];
    return { name, high, low, value: content, ...(word === undefined ? {} : { word }), doc };
  });
  return {
    name: registerName(plan, index << 2),
    offset: index << 2,
    value,
    fields: Object.fromEntries(layout.map((field) => [field.name, field.value])),
    layout,
    decoded: decodeFields(spec, value),
    doc: spec.doc,
  };
}

/** Registers that globs name; without one those that differ from their reset value, or with `all` every one. */
function select(
  plan: RegisterPlan,
  values: Uint32Array,
  { names, all }: { names: readonly string[]; all: boolean },
): RegisterStatus[] {
  const wanted = names.length === 0 ? undefined : matcher(names);
  const found: RegisterStatus[] = [];
  for (let index = 0; index < plan.dwords; index += 1) {
    // An alias shows what its register does.
    if (plan.register[index] === 0 || plan.storage[index] !== index) continue;
    const value = values[index]!;
    if (wanted === undefined && !all && value === plan.reset[index]) continue;
    if (wanted === undefined || wanted(registerName(plan, index << 2))) found.push(describe(plan, index, value));
  }
  return found;
}

function parse(words: readonly string[]): object {
  const all = words.includes('-a');
  const rest = words.filter((word) => word !== '-a');
  const named = placeOfFunction(rest[0] ?? '') === undefined ? undefined : rest.shift();
  return { all, names: rest, ...(named === undefined ? {} : { function: named }) };
}

function render(registers: readonly RegisterStatus[], style: Style): string {
  return style.table(
    ['register', 'offset', 'value', 'fields'],
    registers.map(({ name, offset, value, decoded }) => [name, hex(offset, 5), hex(value), decoded]),
  );
}

export const registers: MonitorModule = {
  queries: [
    query({
      name: 'registers',
      usage: '[-a] [pf|vfN|pf1|pf1vfN] [NAME…]',
      doc: 'registers that are not as after a reset, those that globs such as RDT* name, or all (-a)',
      schema: v.strictObject({
        function: functionSchema,
        names: v.optional(v.array(v.pipe(v.string(), v.maxLength(100, 'is too long'))), []),
        all: v.optional(v.boolean(), false),
      }),
      parse,
      fetch: async ({ nic }, given) => {
        const place = placeOf(given.function);
        const values = await nic.request('peekRegisters', place);
        const found = select(planOf(place.number), values, given);
        if (found.length > 0 || given.names.length === 0) return found;
        throw new MonitorError(
          'UNKNOWN',
          `no register is named ${given.names.join(' or ')}; docs/registers.md lists them`,
        );
      },
      render,
      complete: ({ nic }, words) => [
        '-a',
        ...namesOf(nic),
        ...planOf(words.some((word) => /vf\d$/.test(word)) ? 1 : 0).names,
      ],
    }),
  ],
};

/** Descriptor rings and what lies in them around their heads. */
import * as v from 'valibot';
import { QUEUES } from '../../devices/igb/context.ts';
import { pf } from '../../devices/igb/tables/index.ts';
import type { RingStatus } from '../../nic/commands/rings.ts';
import { nameOfFunction } from '../../nic/functions.ts';
import { hex } from '../../registers/index.ts';
import { type MonitorModule, query } from '../context.ts';
import { portSchema, takePort } from '../function-argument.ts';
import { describeReceive, describeTransmit } from '../descriptors.ts';
import { type RegisterView, viewOf } from '../register-view.ts';
import type { Cell, Style } from '../style.ts';
import { wholeNumber } from '../words.ts';

const DEFAULT_WINDOW = 8;
const LARGEST_WINDOW = 4096;
const LEGACY = 0;

interface Descriptor {
  readonly index: number;
  /** Four dwords. */
  readonly words: readonly number[];
  /** Where head and tail are. */
  readonly marks: string;
  readonly meaning: string;
}

export interface Ring extends Omit<RingStatus, 'descriptors' | 'number' | 'first'> {
  /** Whose memory it is in. */
  readonly function: string;
  /** Descriptors that wait for the device. */
  readonly pending: number;
  /** Undefined where they are in no memory. */
  readonly descriptors: readonly Descriptor[] | undefined;
}

function decode(ring: RingStatus, view: RegisterView, port: number): Ring {
  const { descriptors: words, number, first, ...rest } = ring;
  const { size, head, tail, queue, direction } = ring;
  const pending = head < size && tail < size ? (tail - head + size) % size : 0;
  const legacy = view.field(pf.SRRCTL, pf.SRRCTL.DESCTYPE, queue) === LEGACY;
  const one = (n: number): Descriptor => {
    const index = (first + n) % size;
    const four = words!.subarray(n * 4, n * 4 + 4);
    const done = (index - head + size) % size >= pending;
    const marks = [index === head ? 'head' : '', index === tail ? 'tail' : ''].filter(Boolean).join(' ');
    const meaning = direction === 'rx' ? describeReceive(four, legacy, done) : describeTransmit(four);
    return { index, words: [...four], marks, meaning };
  };
  const descriptors = words && Array.from({ length: words.length / 4 }, (_, n) => one(n));
  return { ...rest, function: nameOfFunction({ port, number }), pending, descriptors };
}

function render(rings: readonly Ring[], style: Style): string {
  if (rings.length === 0) return 'no ring has a length';
  return rings.map((ring) => renderRing(ring, style)).join('\n\n');
}

function renderRing(ring: Ring, style: Style): string {
  const { direction, queue, enabled, base, size, head, tail, pending, descriptors } = ring;
  const state = style.paint(enabled ? ['enabled', 'green'] : ['disabled', 'dim']);
  const line = `${direction}${queue} of ${ring.function}: ${state}, ${size} descriptors at ${hex(base, 1)}, head ${head}, tail ${tail}, ${pending} for the device`;
  if (descriptors === undefined) return `${line}\n  not in memory that the machine shares`;
  const rows = descriptors.map(({ index, marks, words, meaning }): Cell[] => [
    marks === '' ? '' : [marks, 'yellow'],
    String(index),
    words.map((word) => word.toString(16).padStart(8, '0')).join(' '),
    meaning,
  ]);
  return `${line}\n${style.table(['', 'index', 'dwords', 'meaning'], rows)}`;
}

function parse(words: readonly string[]): object {
  const {
    port,
    rest: [first, second],
  } = takePort(words);
  const queue = first === undefined || first === 'all' ? {} : { queue: wholeNumber(first, 0, QUEUES - 1, 'a queue') };
  const window =
    second === undefined ? {} : { window: wholeNumber(second, 0, LARGEST_WINDOW, 'a count of descriptors') };
  return { ...port, ...queue, ...window };
}

export const rings: MonitorModule = {
  queries: [
    query({
      name: 'rings',
      usage: '[pf|pf1] [QUEUE|all] [COUNT]',
      doc: 'rings that have a length, with COUNT descriptors (8) around the head decoded',
      schema: v.strictObject({
        port: portSchema,
        queue: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(QUEUES - 1))),
        window: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(LARGEST_WINDOW)), DEFAULT_WINDOW),
      }),
      parse,
      fetch: async (context, given) => {
        const [found, view] = await Promise.all([
          context.nic.request('peekRings', given),
          viewOf(context, [pf.SRRCTL], given.port),
        ]);
        return found.map((ring) => decode(ring, view, given.port));
      },
      render,
    }),
  ],
};

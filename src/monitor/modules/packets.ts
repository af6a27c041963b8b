/** What was traced last, and the story of one packet in it. */
import * as v from 'valibot';
import { followPacket, type Story } from '../../trace/follow.ts';
import { formatArguments } from '../../trace/format.ts';
import type { TraceRecord } from '../../trace/record.ts';
import { sentenceOf, storyLines } from '../../trace/story.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp, query } from '../context.ts';
import { wholeNumber } from '../words.ts';

const SHOWN = 20;
const MOST_SHOWN = 1000;
const HIGHEST_PACKET = 0x3fff_ffff;

/** A trace record as data: its arguments are the text that logs have. */
export interface TraceLine {
  /** In seconds. */
  readonly time: number;
  readonly event: string;
  readonly port: number;
  /** 0 for none. */
  readonly packet: number;
  readonly text: string;
}

export function traceLine({ name, spec, timeNs, port, packet, args }: TraceRecord): TraceLine {
  return { time: timeNs / 1e9, event: name, port, packet, text: formatArguments(spec, args) };
}

function follow({ nic }: MonitorContext, packet: number): Story {
  const story = followPacket(nic.trace.remember().last(), packet);
  if (story.records.length > 0) return story;
  const advice = `turn on igb_* and net_* by trace-event before it comes, or read a file by "outboard trace follow"`;
  throw new MonitorError('NO_PACKET', `nothing of packet ${packet} is among the last trace records: ${advice}`);
}

export const packets: MonitorModule = {
  queries: [
    query({
      name: 'trace-log',
      usage: '[COUNT]',
      doc: 'the trace records that came last (20)',
      schema: v.strictObject({
        count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_SHOWN)), SHOWN),
      }),
      parse: ([count]) => (count === undefined ? {} : { count: wholeNumber(count, 1, MOST_SHOWN, 'a count') }),
      fetch: ({ nic }, { count }) => nic.trace.remember().last(count).map(traceLine),
      render: (lines) =>
        lines
          .map(({ time, event, port, packet, text }) => {
            const at = `${event}${port === 0 ? '' : ` port ${port}`}${packet === 0 ? '' : ` #${packet}`}`;
            return `${time.toFixed(9).padStart(15)} ${at} ${text}`.trimEnd();
          })
          .join('\n') || 'nothing was traced yet: "trace-event GLOB on" turns events on',
    }),
  ],
  commands: [
    {
      name: 'follow',
      usage: 'PACKET',
      doc: 'the story of a packet, by its number, from what was traced last',
      run: (context, [number]) => {
        const packet = wholeNumber(number?.replace(/^#/, ''), 1, HIGHEST_PACKET, 'a packet');
        return storyLines(packet, follow(context, packet)).join('\n');
      },
    },
  ],
  qmp: {
    'trace-follow': qmp(
      v.strictObject({ packet: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(HIGHEST_PACKET)) }),
      (context, { packet }) => {
        const { records, open } = follow(context, packet);
        const steps = records.map((record) => ({ ...traceLine(record), says: sentenceOf(record) }));
        return { packet, steps, open };
      },
    ),
  },
};

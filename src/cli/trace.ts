/** `outboard trace`: reads what `--trace-file NAME.obt` has written. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { TraceFilter } from '../trace/filter.ts';
import type { TraceRecord } from '../trace/record.ts';
import { collect, wholeNumber } from './arguments.ts';
import { printLines } from './print-lines.ts';

export interface TraceFlags {
  event?: string[];
  packet?: number;
  queue?: number;
  from?: number;
  to?: number;
  json?: boolean;
  ignoreCase?: boolean;
  invert?: boolean;
  count?: boolean;
  output?: string;
}

/** An action for each command: what stands behind the name, then its flags. */
export interface TraceActions {
  traceList(glob: string | undefined, flags: TraceFlags): Promise<void>;
  traceShow(file: string, flags: TraceFlags): Promise<void>;
  traceGrep(pattern: string, file: string, flags: TraceFlags): Promise<void>;
  traceStats(file: string, flags: TraceFlags): Promise<void>;
  traceExport(file: string, flags: TraceFlags): Promise<void>;
  traceFollow(packet: number, file: string, flags: TraceFlags): Promise<void>;
  traceDoctor(file: string, flags: TraceFlags): Promise<void>;
}

const load = {
  reader: () => import('../trace/binary-reader.ts'),
  format: () => import('../trace/format.ts'),
};

/** Hands an open trace's records over, and closes it. */
async function withRecords<T>(file: string, use: (records: Iterable<TraceRecord>) => T | Promise<T>): Promise<T> {
  const { openTrace } = await load.reader();
  const trace = openTrace(file);
  try {
    return await use(trace.records);
  } finally {
    trace.close();
  }
}

function* mapped<T, U>(values: Iterable<T>, map: (value: T) => U): Generator<U> {
  for (const value of values) yield map(value);
}

const asJson = (value: unknown): string => JSON.stringify(value, undefined, 2);

async function show(file: string, flags: TraceFlags): Promise<void> {
  const { filterRecords } = await import('../trace/filter.ts');
  const { formatRecord, recordAsJson } = await load.format();
  const print = (record: TraceRecord): string =>
    flags.json === true ? JSON.stringify(recordAsJson(record)) : formatRecord(record);
  await withRecords(file, (records) => printLines(mapped(filterRecords(records, filterOf(flags)), print)));
}

const filterOf = ({ event, packet, queue, from, to }: TraceFlags): TraceFilter => ({
  events: event,
  packet,
  queue,
  from,
  to,
});

async function grep(pattern: string, file: string, flags: TraceFlags): Promise<void> {
  const { TraceError } = await import('../trace/errors.ts');
  const { formatRecord, recordAsJson } = await load.format();
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, flags.ignoreCase === true ? 'i' : '');
  } catch (error) {
    throw new TraceError('TRACE_PATTERN', (error as Error).message);
  }
  let count = 0;
  function* matching(records: Iterable<TraceRecord>): Generator<string> {
    for (const record of records) {
      const line = formatRecord(record);
      if (expression.test(line) === (flags.invert === true)) continue;
      count += 1;
      if (flags.count !== true) yield flags.json === true ? JSON.stringify(recordAsJson(record)) : line;
    }
  }
  await withRecords(file, (records) => printLines(matching(records)));
  if (flags.count === true) console.log(count);
  if (count === 0) process.exitCode = 1;
}

async function stats(file: string, flags: TraceFlags): Promise<void> {
  const { traceStatistics } = await import('../trace/statistics.ts');
  const { table } = await import('../lab/table.ts');
  const found = await withRecords(file, traceStatistics);
  if (flags.json === true) {
    console.log(asJson(found));
    return;
  }
  const seconds = found.durationNs / 1e9;
  console.log(
    `${found.records} records in ${seconds.toFixed(3)} s, ${found.packets} packets, ${found.lost} records lost`,
  );
  if (found.queues.length > 0) {
    const rows = found.queues.map(({ port, direction, queue, packets, bytes, drops }) =>
      [queueName(port, direction, queue), packets, bytes, drops].map(String),
    );
    console.log(table(['queue', 'packets', 'bytes', 'drops'], rows));
  }
  const rate = (count: number): string => (seconds > 0 ? (count / seconds).toFixed(1) : '-');
  const rows = found.events.map(({ event, count }) => [event, String(count), rate(count)]);
  if (rows.length > 0) console.log(table(['event', 'count', 'per second'], rows));
}

async function exportChrome(file: string, { output }: TraceFlags): Promise<void> {
  const { ChromeEncoder } = await import('../trace/chrome.ts');
  function* pieces(records: Iterable<TraceRecord>): Generator<string> {
    const encoder = new ChromeEncoder();
    for (const record of records) {
      encoder.add(record);
      yield Buffer.from(encoder.take()).toString();
    }
    encoder.end();
    yield Buffer.from(encoder.take()).toString();
  }
  await withRecords(file, async (records) => {
    if (output === undefined) {
      await printLines(pieces(records));
      return;
    }
    const { OutputFile } = await import('../nic/output-file.ts');
    const target = new OutputFile('--output', output, (line) => console.error(line));
    for (const piece of pieces(records)) target.write(Buffer.from(piece));
    target.close();
  });
}

async function follow(packet: number, file: string, flags: TraceFlags): Promise<void> {
  const { followPacket } = await import('../trace/follow.ts');
  const { sentenceOf, storyLines } = await import('../trace/story.ts');
  const { recordAsJson } = await load.format();
  const { TraceError } = await import('../trace/errors.ts');
  const story = await withRecords(file, (records) => followPacket(records, packet));
  if (story.records.length === 0) throw new TraceError('TRACE_PACKET', `${file}: there is no packet ${packet}`);
  if (flags.json === true) {
    const steps = story.records.map((record) => ({ ...recordAsJson(record), says: sentenceOf(record) }));
    console.log(asJson({ packet, steps, open: story.open }));
    return;
  }
  console.log(storyLines(packet, story).join('\n'));
}

const queueName = (port: number, direction: string, queue: number): string =>
  `${port === 0 ? '' : `port ${port} `}${direction} ${queue}`;

const sideWords = { nobody: 'ok', device: 'DEVICE', driver: 'DRIVER', idle: 'idle' } as const;

async function doctor(file: string, flags: TraceFlags): Promise<void> {
  const { diagnose } = await import('../trace/doctor.ts');
  const { filterRecords } = await import('../trace/filter.ts');
  const { table } = await import('../lab/table.ts');
  const { queues, missing, lost } = await withRecords(file, (records) =>
    diagnose(filterRecords(records, filterOf(flags))),
  );
  if (flags.json === true) console.log(asJson({ queues, missing, lost }));
  else {
    const rows = queues.map(
      ({ port, direction, queue, tails, packets, writeBacks, asked, sent, acknowledged, side }) => [
        queueName(port, direction, queue),
        ...[tails, packets, writeBacks, asked, sent, acknowledged].map(String),
        sideWords[side],
      ],
    );
    if (rows.length > 0)
      console.log(table(['queue', 'tails', 'packets', 'write-backs', 'asked', 'sent', 'handled', 'whose turn'], rows));
    for (const { port, direction, queue, side, finding, sinceNs } of queues) {
      if (side === 'nobody') continue;
      const since = sinceNs < 0 ? '' : `, since ${(sinceNs / 1e9).toFixed(6)} s`;
      const turn =
        side === 'idle' ? 'the queue is idle, or the driver stands still by itself' : `it is the ${side}'s turn`;
      console.log(`${queueName(port, direction, queue)}: ${finding}${since}: ${turn}`);
    }
    if (lost > 0) console.log(`${lost} records were lost: what is said here may be wrong`);
    for (const name of missing) console.log(`no ${name} in this trace: was it on?`);
  }
}

async function list(glob: string | undefined, flags: TraceFlags): Promise<void> {
  const { listEvents } = await import('../trace/select.ts');
  const { describeArguments } = await load.format();
  const events = listEvents(undefined, glob);
  if (flags.json === true) {
    console.log(asJson(events.map(({ name, spec }) => ({ name, ...spec }))));
    return;
  }
  await printLines(mapped(events, ({ name, spec }) => `${name}(${describeArguments(spec)})\n    ${spec.doc}`));
  if (events.length === 0) process.exitCode = 1;
}

export const traceActions: TraceActions = {
  traceList: list,
  traceShow: show,
  traceGrep: grep,
  traceStats: stats,
  traceExport: exportChrome,
  traceFollow: follow,
  traceDoctor: doctor,
};

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It is a time in seconds.');
  return value;
}

const examples = `
Examples:
  $ outboard nic --attach hierarchy,path=nic.sock --trace 'igb_*' --trace '-igb_reg_*' --trace-file nic.obt
  $ outboard trace stats nic.obt
  $ outboard trace show nic.obt --event 'igb_irq_*' --from 2.5
  $ outboard trace follow 17 nic.obt
  $ outboard trace export nic.obt --output nic.json      then open it in ui.perfetto.dev`;

const packetNumber = wholeNumber(1, 0x3fff_ffff);

export function addTraceCommands(program: Command, actions: TraceActions): void {
  const trace = program
    .command('trace')
    .description('read the compact trace files that --trace-file NAME.obt writes')
    .addHelpText('after', examples);
  const command = (usage: string, description: string, example: string): Command =>
    trace.command(usage).description(description).addHelpText('after', `\nExample:\n  $ outboard trace ${example}`);
  const json = ['--json', 'as JSON'] as const;
  command('list [GLOB]', 'list the trace events, their arguments and what they mean', "list 'igb_irq_*'")
    .option(...json)
    .action((glob: string | undefined, flags: TraceFlags) => actions.traceList(glob, flags));
  command(
    'show <FILE>',
    'print records, a line each; - reads standard input',
    "show nic.obt --event 'igb_irq_*' --from 2.5",
  )
    .option('-e, --event <GLOB>', 'only these events; a leading - excludes', collect)
    .option('--packet <N>', 'only what happened to this packet', packetNumber)
    .option('--queue <N>', 'only what happened to this queue', wholeNumber(0, 15))
    .option('--from <SECONDS>', 'begin there', seconds)
    .option('--to <SECONDS>', 'end there', seconds)
    .option(...json)
    .action((file: string, flags: TraceFlags) => actions.traceShow(file, flags));
  command('grep <PATTERN> <FILE>', 'print the lines that a regular expression matches', "grep 'TDT\\[0\\]' nic.obt")
    .option('-i, --ignore-case', 'small and capital letters are the same')
    .option('-v, --invert', 'the lines that do not match')
    .option('-c, --count', 'only how many')
    .option(...json)
    .action((pattern: string, file: string, flags: TraceFlags) => actions.traceGrep(pattern, file, flags));
  command('stats <FILE>', 'count events, packets of each queue, drops, and what was lost', 'stats nic.obt')
    .option(...json)
    .action((file: string, flags: TraceFlags) => actions.traceStats(file, flags));
  command(
    'export <FILE>',
    'convert to the JSON that ui.perfetto.dev and chrome://tracing open',
    'export nic.obt --output nic.json',
  )
    .addOption(new Option('--perfetto', 'the only format, and the default').hideHelp())
    .option('-o, --output <FILE>', 'where it goes instead of standard output')
    .action((file: string, flags: TraceFlags) => actions.traceExport(file, flags));
  command(
    'follow',
    'tell the story of one packet, from the tail write or the wire to the interrupt',
    'follow 17 nic.obt',
  )
    .argument('<PACKET>', 'its number, the one behind # in "trace show"', packetNumber)
    .argument('<FILE>')
    .option(...json)
    .action((packet: number, file: string, flags: TraceFlags) => actions.traceFollow(packet, file, flags));
  command(
    'doctor <FILE>',
    'match tail writes, write-backs, interrupts and their acknowledgement for each queue',
    'doctor nic.obt',
  )
    .option('--to <SECONDS>', 'what was open then: before the driver reset the device, say', seconds)
    .option(...json)
    .action((file: string, flags: TraceFlags) => actions.traceDoctor(file, flags));
}

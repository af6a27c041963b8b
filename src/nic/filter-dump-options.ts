/**
 * `-object filter-dump,id=…,netdev=…,file=…` as QEMU takes it, and with `function=`, `pool=`, `queue=` and `points=` for points
 * that only a NIC from the inside has (docs/capture.md).
 */
import { pointNames, points, PORT_POINTS, portOfPoint } from '../capture/points.ts';
import { INBOUND, OUTBOUND, type CaptureOptions } from '../capture/capture-memory.ts';
import { nearest } from '../wires/index.ts';
import { NicError } from './errors.ts';

export interface FilterDumpOptions extends CaptureOptions {
  /** The wire's netdev, where the wire is one of the points. */
  readonly netdev: string | undefined;
  /** Its points are those of port 0, and stand for those of all ports. */
  readonly everyPort: boolean;
  /** `-` is standard output. */
  readonly file: string;
  readonly format: 'pcap' | 'pcapng';
  /** Frames go to it; otherwise it waits to be turned on. */
  readonly status: boolean;
}

const keys = [
  'id',
  'netdev',
  'function',
  'pool',
  'queue',
  'points',
  'file',
  'format',
  'maxlen',
  'status',
  'position',
  'insert',
] as const;
type Key = (typeof keys)[number];
type Given = Partial<Record<Key, string>>;

const didYouMean = (word: string, words: readonly string[]): string => {
  const right = nearest(word, words);
  return right === undefined ? '' : `; did you mean "${right}"?`;
};

function wrong(text: string): never {
  throw new NicError('CONFIG', `filter-dump ${text}`);
}

/** One of some words. */
function word<const W extends string>(given: Given, key: Key, words: readonly W[], otherwise: W): W {
  const value = given[key];
  if (value === undefined) return otherwise;
  const found = words.find((known) => known === value);
  return found ?? wrong(`${key}=${value} must be ${words.join(' or ')}${didYouMean(value, words)}`);
}

/** Points from `first` on whose names are those that the user may give. */
function named(
  given: Given,
  key: 'function' | 'pool' | 'queue',
  first: number,
  count: number,
  example: string,
): number[] {
  const value = given[key];
  if (value === undefined) return [];
  const name = key === 'pool' && /^\d+$/.test(value) ? `pool${value}` : value;
  const point = pointNames.findIndex(
    (known, number) => known.name === name && number % PORT_POINTS >= first && number % PORT_POINTS < first + count,
  );
  return point < 0 ? wrong(`${key}=${value} must be ${example}`) : [point];
}

/** `queue=` is QEMU's direction, or names a queue. */
const directionWords: Readonly<Record<string, 'received' | 'sent' | 'both'>> = {
  all: 'both',
  rx: 'received',
  tx: 'sent',
};

/** `queue=rx` is what the point receives: for a netdev, as in QEMU, what the NIC sends; for a function what comes to it. */
function directionsOf(given: Given): number {
  const wanted = directionWords[given.queue ?? 'all'] ?? 'both';
  if (wanted === 'both') return INBOUND | OUTBOUND;
  if (given.netdev !== undefined && (given.function !== undefined || given.pool !== undefined))
    wrong(`queue=${given.queue} says nothing clear of a netdev and of what is behind it: use a filter-dump for each`);
  return (wanted === 'received') === (given.netdev === undefined) ? INBOUND : OUTBOUND;
}

function pointsOf(given: Given): number[] {
  const set = given.points === undefined ? undefined : word(given, 'points', ['all', 'drops'], 'all');
  const queue = given.queue !== undefined && directionWords[given.queue] === undefined ? given : {};
  const list = [
    ...(given.netdev === undefined ? [] : [points.wire]),
    ...named(given, 'function', points.functions, 9, 'pf or vf0 to vf7, of port 1 pf1 or pf1vf0 to pf1vf7'),
    ...named(given, 'pool', points.pools, 8, 'a pool from 0 to 7, of port 1 pf1pool0 to pf1pool7'),
    ...named(
      queue,
      'queue',
      points.rx,
      32,
      'all, rx or tx for a direction, or a queue: rx0 to rx15, tx0 to tx15, of port 1 pf1rx0 and so on',
    ),
    ...(set === 'drops' ? [points.drops] : []),
  ];
  if (set === 'all') {
    if (list.length > 0)
      wrong('points=all has every point already: leave netdev, function, pool and queue=rxN or txN out');
    return Array.from({ length: PORT_POINTS }, (_, point) => point);
  }
  if (list.length === 0)
    wrong('needs a point: netdev=ID, function=pf or vfN, pool=N, queue=rxN or txN, points=all or drops');
  return list;
}

/** `.pcapng` is pcapng, and so is what the classic format has no way to say. */
function formatOf(given: Given, list: readonly number[]): 'pcap' | 'pcapng' {
  const several = list.length > 1 || list[0]! % PORT_POINTS === points.drops;
  const otherwise = several || /\.pcapng$/i.test(given.file ?? '') ? 'pcapng' : 'pcap';
  const format = word(given, 'format', ['pcapng', 'pcap'], otherwise);
  if (format === 'pcap' && several) wrong('format=pcap cannot tell several points or drops apart: use pcapng');
  return format;
}

/**
 * Puts the points of a capture where they are on a NIC whose ports are plugged into these netdevs: a wire is that of its netdev's port,
 * and `points=` means those of all ports. Throws NicError `CONFIG`.
 */
export function placeFilterDump(options: FilterDumpOptions, own: readonly (string | undefined)[]): FilterDumpOptions {
  const { netdev, points: list, everyPort } = options;
  const absent = list.find((point) => portOfPoint(point) >= own.length);
  if (absent !== undefined) wrong(`${pointNames[absent]!.name}: the NIC has one port`);
  if (everyPort)
    return { ...options, points: own.flatMap((_, port) => list.map((point) => point + port * PORT_POINTS)) };
  if (netdev === undefined) return options;
  const port = own.indexOf(netdev);
  const plugged = own.filter((id) => id !== undefined).map((id) => `"${id}"`);
  const others = `a capture is of the NIC's own netdev${plugged.length > 1 ? 's' : ''}, ${plugged.join(' and ')}`;
  if (port === -1) wrong(`netdev=${netdev}: ${plugged.length === 0 ? 'the NIC has no netdev to capture' : others}`);
  return { ...options, points: list.map((point) => (point === points.wire ? point + port * PORT_POINTS : point)) };
}

function split(text: string): Given {
  const [kind, ...options] = text.split(',');
  if (kind !== 'filter-dump')
    throw new NicError('CONFIG', `object "${kind}" is not known; the only one is filter-dump`);
  const given: Given = {};
  for (const option of options) {
    const [key = '', ...value] = option.split('=');
    const known = keys.find((name) => name === key) ?? wrong(`has no "${key}"${didYouMean(key, keys)}`);
    if (given[known] !== undefined) wrong(`${key} is given twice`);
    given[known] = value.join('=');
  }
  return given;
}

/** Parses QEMU's syntax; throws NicError `CONFIG`. */
export function parseFilterDump(text: string): FilterDumpOptions {
  const given = split(text);
  for (const key of ['id', 'file'] as const) if ((given[key] ?? '') === '') wrong(`needs "${key}"`);
  const list = pointsOf(given);
  const format = formatOf(given, list);
  const maxLength = Number(given.maxlen ?? 65_536);
  if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > 65_536)
    wrong(`maxlen=${given.maxlen} must be from 1 to 65536`);
  return {
    id: given.id!,
    netdev: given.netdev,
    everyPort: given.points !== undefined,
    file: given.file!,
    format,
    status: word(given, 'status', ['on', 'off'], 'on') === 'on',
    maxLength,
    points: list,
    directions: directionsOf(given),
    withDrops: format === 'pcapng',
  };
}

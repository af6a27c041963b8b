/** QEMU's command line, as far as libqtest, fuzzers and bug reports use it. What is not known is an error, never passed over. */
import { nearest } from '../../wires/index.ts';
import { type CharacterDevice, parseCharacterDevice, parseShortDevice } from './character-device.ts';
import { type DeviceOptions, parseDevice } from './device.ts';
import { type FilterDumpOptions, parseObject } from './filter-dump.ts';
import { checkAccelerator, type MachineChoice, parseMachine } from './machine.ts';
import { parseQTestNetdev, type QTestNetdev } from './netdev.ts';
import { checkedKeys, fault, parseSize } from './words.ts';

export interface CommandLine {
  machine: MachineChoice;
  ramBytes: number;
  /** False with `-nodefaults`. */
  defaults: boolean;
  qtest: CharacterDevice | undefined;
  /** File of the protocol's log; undefined is standard error, `none` nowhere. */
  qtestLog: string | undefined;
  /** Where QMP is spoken. */
  readonly qmp: CharacterDevice[];
  readonly devices: DeviceOptions[];
  readonly netdevs: QTestNetdev[];
  readonly objects: FilterDumpOptions[];
  readonly trace: string[];
  traceFile: string | undefined;
}

/** Main memory beyond this is refused: it would exist only in name. */
const RAM_LIMIT = 64 * 2 ** 30;

/** What a reader of the command line fills in. */
interface Reading {
  readonly line: CommandLine;
  readonly characterDevices: Map<string, CharacterDevice>;
  /** Character devices with QMP on them. */
  readonly monitors: string[];
}

type Reader = (text: string, reading: Reading, option: string) => void;

/** Options that name something that is not there anyway; the one value each may have. */
function only(...values: readonly string[]): Reader {
  return (text, _reading, option) => {
    if (!values.includes(text)) throw fault(`${option} ${text}: only ${values.join(' or ')} is possible`);
  };
}

const readers: Readonly<Record<string, Reader>> = {
  machine: (text, { line }, option) => (line.machine = parseMachine(option, text) ?? line.machine),
  accel: (text, _reading, option) => checkAccelerator(option, text),
  m: (text, { line }) => (line.ramBytes = parseMemory(text)),
  qtest: (text, { line }, option) => (line.qtest = parseShortDevice(option, text)),
  'qtest-log': (text, { line }) => (line.qtestLog = text),
  chardev: (text, { characterDevices }) => {
    const { id, device } = parseCharacterDevice(text);
    characterDevices.set(id, device);
  },
  mon: (text, { monitors }) => monitors.push(parseMonitor(text)),
  qmp: (text, { line }, option) => line.qmp.push(parseShortDevice(option, text)),
  device: (text, { line }) => line.devices.push(parseDevice(text)),
  netdev: (text, { line }) => line.netdevs.push(parseQTestNetdev(text)),
  object: (text, { line }) => line.objects.push(parseObject(text)),
  trace: (text, { line }) => readTrace(text, line),
  d: (text, _reading, option) => only('guest_errors')(text, _reading, option),
  display: only('none'),
  audio: only('none'),
  vga: only('none', 'std'),
  monitor: only('none', 'null'),
  serial: only('none', 'null'),
  parallel: only('none', 'null'),
  net: only('none'),
  nic: only('none'),
};
const synonyms: Readonly<Record<string, string>> = { M: 'machine' };
/** Options without a value. */
const flags: Readonly<Record<string, (line: CommandLine) => void>> = {
  nodefaults: (line) => (line.defaults = false),
  nographic: () => undefined,
  'no-shutdown': () => undefined,
  'no-reboot': () => undefined,
  'no-user-config': () => undefined,
};

/** Reads the words of a command line, without the program's name. */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const reading: Reading = { line: emptyLine(), characterDevices: new Map(), monitors: [] };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    const name = /^--?(.+)$/.exec(word)?.[1];
    if (name === undefined) throw fault(`"${word}": options begin with a dash`);
    if (Object.hasOwn(flags, name)) {
      flags[name]!(reading.line);
      continue;
    }
    const reader = readerOf(name);
    at += 1;
    const text = words[at];
    if (text === undefined) throw fault(`${word} needs a value`);
    reader(text, reading, word);
  }
  for (const id of reading.monitors) {
    const device = reading.characterDevices.get(id);
    if (device === undefined) throw fault(`-mon chardev=${id}: there is no such -chardev`);
    reading.line.qmp.push(device);
  }
  checkConsistency(reading.line);
  return reading.line;
}

function readerOf(name: string): Reader {
  const key = synonyms[name] ?? name;
  if (Object.hasOwn(readers, key)) return readers[key]!;
  const near = nearest(name, [...Object.keys(readers), ...Object.keys(flags)]);
  throw fault(`-${name}: there is no such option${near === undefined ? '' : `; did you mean -${near}?`}`);
}

function emptyLine(): CommandLine {
  return {
    machine: 'pc',
    ramBytes: 128 * 2 ** 20,
    defaults: true,
    qtest: undefined,
    qtestLog: undefined,
    qmp: [],
    devices: [],
    netdevs: [],
    objects: [],
    trace: [],
    traceFile: undefined,
  };
}

function parseMemory(text: string): number {
  const { first, values } = checkedKeys('-m', text.startsWith('size=') ? `,${text}` : text, ['size']);
  const bytes = parseSize('-m', first === '' ? (values['size'] ?? '') : first);
  if (bytes < 2 ** 20 || bytes > RAM_LIMIT) throw fault(`-m ${text}: from 1M to 64G are possible`);
  return Math.ceil(bytes / 4096) * 4096;
}

function parseMonitor(text: string): string {
  const { first, values } = checkedKeys('-mon', text.startsWith('chardev=') ? `,${text}` : text, [
    'chardev',
    'mode',
    'pretty',
  ]);
  const id = first === '' ? values['chardev'] : first;
  if (id === undefined) throw fault(`-mon ${text}: chardev= is missing`);
  if (values['mode'] !== 'control') throw fault(`-mon ${text}: mode=control is the one mode there is`);
  return id;
}

/** `GLOB`, `enable=GLOB` or `file=FILE`, in any number. */
function readTrace(text: string, line: CommandLine): void {
  for (const part of text.split(',')) {
    if (part.startsWith('file=')) line.traceFile = part.slice('file='.length);
    else line.trace.push(part.replace(/^enable=/, ''));
  }
}

function checkConsistency(line: CommandLine): void {
  const ids = new Set<string>();
  for (const { id } of line.netdevs) {
    if (ids.has(id)) throw fault(`two netdevs are named "${id}"`);
    ids.add(id);
  }
  const taken = new Set<string>();
  for (const device of line.devices) {
    if (device.driver !== 'igb' || device.netdev === undefined) continue;
    if (!ids.has(device.netdev)) throw fault(`-device igb: there is no netdev "${device.netdev}"`);
    if (taken.has(device.netdev)) throw fault(`-device igb: netdev "${device.netdev}" is in use`);
    taken.add(device.netdev);
  }
  for (const { netdev } of line.objects) {
    if (!ids.has(netdev)) throw fault(`-object filter-dump: there is no netdev "${netdev}"`);
  }
  for (const netdev of line.netdevs) {
    if (netdev.type === 'hubport' && netdev.netdev !== undefined) {
      throw fault(`-netdev hubport,id=${netdev.id}: netdev= is not possible here`);
    }
  }
  if (line.machine === 'none' && line.devices.length > 0) throw fault('-device: -machine none has no bus for devices');
}

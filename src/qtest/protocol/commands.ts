/**
 * QEMU's QTest protocol: one command a line, one answer each, spelled as QEMU spells them. What makes QEMU abort (missing words,
 * numbers that are none) is answered by FAIL and a reason here.
 */
import type { Machine } from '../machine/machine.ts';
import { TIME_LIMIT_NS } from '../machine/virtual-time.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { decodeHex, encodeHex } from './hex.ts';
import { NumberWord } from './number-word.ts';

/** Bytes that one command moves at most, and outside of main memory. */
const TRANSFER_LIMIT = 2 ** 28;
const DEVICE_LIMIT = 2 ** 22;
const DEFAULT_BUFFER = 4096;
const UNSETTLED = 'FAIL the device does not come to rest\n';

type Handler = (words: readonly string[]) => string;

export class QTestCommands {
  /** Sends what is no answer: interrupts. */
  readonly #send: (text: string) => void;
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #first: NumberWord;
  readonly #second: NumberWord;
  readonly #third: NumberWord;
  /** A register's worth of bytes, and more where a command needs it. */
  readonly #small: Uint8Array;
  #large: Uint8Array;

  /** Without a machine (`-machine none`) there is nothing to access. */
  constructor(machine: Machine | undefined, send: (text: string) => void) {
    this.#send = send;
    this.#first = new NumberWord();
    this.#second = new NumberWord();
    this.#third = new NumberWord();
    this.#small = new Uint8Array(8);
    this.#large = new Uint8Array(DEFAULT_BUFFER);
    this.#handlers = new Map(machine === undefined ? [] : this.#table(machine));
  }

  #table(machine: Machine): [string, Handler][] {
    const table: [string, Handler][] = [];
    for (const [letter, size] of [
      ['b', 1],
      ['w', 2],
      ['l', 4],
      ['q', 8],
    ] as const) {
      if (size < 8) {
        table.push([`in${letter}`, (words) => this.#portRead(machine, words, size)]);
        table.push([`out${letter}`, (words) => this.#portWrite(machine, words, size)]);
      }
      table.push([`read${letter}`, (words) => this.#registerRead(machine, words, size)]);
      table.push([`write${letter}`, (words) => this.#registerWrite(machine, words, size)]);
    }
    table.push(
      ['read', (words) => this.#read(machine, words, (bytes, length) => `0x${encodeHex(bytes, length)}`)],
      ['b64read', (words) => this.#read(machine, words, encodeBase64)],
      ['write', (words) => this.#write(machine, words, decodeHex)],
      ['b64write', (words) => this.#write(machine, words, putBase64)],
      ['memset', (words) => this.#fill(machine, words)],
      ['clock_step', (words) => this.#clockStep(machine, words)],
      ['clock_set', (words) => this.#clockSet(machine, words)],
      ['irq_intercept_in', (words) => this.#interceptIn(machine, words)],
      ['irq_intercept_out', (words) => this.#interceptOut(machine, words)],
      ['set_irq_in', (words) => this.#setIrq(machine, words)],
    );
    return table;
  }

  /** Does one command and gives its answer, newline included; the device has come to rest by then. */
  execute(line: string): string {
    const words = line.split(' ');
    const command = words[0]!;
    const handler = this.#handlers.get(command);
    if (handler !== undefined) return handler(words);
    if (command === 'endianness') return 'OK little\n';
    if (command === 'module_load') return 'FAIL\n';
    return `FAIL Unknown command '${command}'\n`;
  }

  /** The answer to an access, once the device has come to rest. */
  #settled(machine: Machine, answer: string): string {
    return machine.time.settle() ? answer : UNSETTLED;
  }

  #portRead(machine: Machine, words: readonly string[], size: number): string {
    const port = this.#port(words[1]);
    if (typeof port === 'string') return port;
    const value = machine.ports.read(port, size);
    return this.#settled(machine, `OK 0x${value.toString(16).padStart(4, '0')}\n`);
  }

  #portWrite(machine: Machine, words: readonly string[], size: number): string {
    const port = this.#port(words[1]);
    if (typeof port === 'string') return port;
    if (!this.#second.parse(words[2] ?? '')) return notANumber('value', words[2]);
    const { low } = this.#second;
    machine.ports.write(port, size, size === 4 ? low : size === 2 ? low & 0xffff : low & 0xff);
    return this.#settled(machine, 'OK\n');
  }

  #port(word: string | undefined): number | string {
    if (!this.#first.parse(word ?? '')) return notANumber('port', word);
    const port = this.#first.value;
    return port <= 0xffff ? port : `FAIL port ${word} is beyond 0xffff\n`;
  }

  #registerRead(machine: Machine, words: readonly string[], size: number): string {
    const address = this.#first;
    if (!address.parse(words[1] ?? '')) return notANumber('address', words[1]);
    const bytes = this.#small;
    bytes.fill(0);
    machine.memory.read(address.value, bytes, size);
    let text = '';
    for (let at = 7; at >= 0; at -= 1) text += HEX[bytes[at]!]!;
    return this.#settled(machine, `OK 0x${text}\n`);
  }

  #registerWrite(machine: Machine, words: readonly string[], size: number): string {
    const address = this.#first;
    const value = this.#second;
    if (!address.parse(words[1] ?? '')) return notANumber('address', words[1]);
    if (!value.parse(words[2] ?? '')) return notANumber('value', words[2]);
    const bytes = this.#small;
    for (let at = 0; at < 4; at += 1) {
      bytes[at] = value.low >>> (8 * at);
      bytes[at + 4] = value.high >>> (8 * at);
    }
    machine.memory.write(address.value, bytes, size);
    return this.#settled(machine, 'OK\n');
  }

  #read(machine: Machine, words: readonly string[], encode: (bytes: Uint8Array, length: number) => string): string {
    const refused = this.#range(machine, words);
    if (refused !== '') return refused;
    const length = this.#second.value;
    if (length === 0) return words[0] === 'b64read' ? 'OK \n' : 'FAIL a size of 0\n';
    const bytes = this.#buffer(length);
    machine.memory.read(this.#first.value, bytes, length);
    return this.#settled(machine, `OK ${encode(bytes, length)}\n`);
  }

  #write(machine: Machine, words: readonly string[], decode: typeof decodeHex): string {
    const refused = this.#range(machine, words);
    if (refused !== '') return refused;
    const data = words[3];
    if (data === undefined) return 'FAIL the data is missing\n';
    if (data.length < 3) return 'ERR invalid argument size\n';
    const length = this.#second.value;
    const bytes = this.#buffer(length);
    decode(data, bytes, length);
    machine.memory.write(this.#first.value, bytes, length);
    return this.#settled(machine, 'OK\n');
  }

  #fill(machine: Machine, words: readonly string[]): string {
    const refused = this.#range(machine, words);
    if (refused !== '') return refused;
    if (!this.#third.parse(words[3] ?? '')) return notANumber('value', words[3]);
    machine.memory.fill(this.#first.value, this.#second.value, this.#third.low);
    return this.#settled(machine, 'OK\n');
  }

  /** Reads address and size, words 1 and 2; an answer where they are no range that can be moved. */
  #range(machine: Machine, words: readonly string[]): string {
    const address = this.#first;
    const length = this.#second;
    if (!address.parse(words[1] ?? '')) return notANumber('address', words[1]);
    if (!length.parse(words[2] ?? '')) return notANumber('size', words[2]);
    if (length.value > TRANSFER_LIMIT) return `FAIL a size of ${words[2]} is more than ${TRANSFER_LIMIT} bytes\n`;
    if (address.value + length.value > Number.MAX_SAFE_INTEGER) return `FAIL nothing is at ${words[1]}\n`;
    if (length.value > DEVICE_LIMIT && !machine.memory.isMemory(address.value, length.value)) {
      return `FAIL more than ${DEVICE_LIMIT} bytes, and not all of them in main memory\n`;
    }
    return '';
  }

  #buffer(length: number): Uint8Array {
    if (length > this.#large.length) {
      // A single huge transfer does not keep its memory.
      if (length > DEVICE_LIMIT) return new Uint8Array(length);
      this.#large = new Uint8Array(length);
    }
    return this.#large;
  }

  #clockStep(machine: Machine, words: readonly string[]): string {
    const { time } = machine;
    let stepNs: number;
    if (words[1] === undefined) {
      stepNs = time.untilNextNs;
      if (stepNs < 0) return 'FAIL cannot advance clock to the next deadline because there is no pending deadline\n';
    } else {
      if (!this.#first.parse(words[1])) return notANumber('time', words[1]);
      stepNs = this.#first.signed;
    }
    const before = time.now();
    const refused = this.#advance(machine, before + stepNs);
    if (refused !== '') return refused;
    return time.now() > before ? `OK ${time.now()}\n` : 'FAIL could not advance time\n';
  }

  #clockSet(machine: Machine, words: readonly string[]): string {
    if (!this.#first.parse(words[1] ?? '')) return notANumber('time', words[1]);
    const target = this.#first.signed;
    const refused = this.#advance(machine, target);
    if (refused !== '') return refused;
    return `${machine.time.now() === target ? 'OK' : 'FAIL'} ${machine.time.now()}\n`;
  }

  #advance(machine: Machine, targetNs: number): string {
    if (targetNs > TIME_LIMIT_NS) return `FAIL time ends at ${TIME_LIMIT_NS}\n`;
    return machine.time.advanceTo(targetNs) ? '' : UNSETTLED;
  }

  #interceptIn(machine: Machine, words: readonly string[]): string {
    const refused = checkDevice(words[1]);
    if (refused !== '') return refused;
    if (words[2] !== undefined) return 'FAIL Interception of named in-GPIOs not yet supported\n';
    machine.lines.intercept ??= (input, asserted) => this.#send(`IRQ ${asserted ? 'raise' : 'lower'} ${input}\n`);
    return 'OK\n';
  }

  /** The I/O APIC has no outputs that change: there is nothing to do but to agree, as QEMU does. */
  #interceptOut(machine: Machine, words: readonly string[]): string {
    const refused = checkDevice(words[1]);
    if (refused !== '') return refused;
    const named = words[2] !== undefined && machine.lines.intercept === undefined;
    return named ? 'FAIL No intercepts installed\n' : 'OK\n';
  }

  #setIrq(machine: Machine, words: readonly string[]): string {
    const refused = checkDevice(words[1]);
    if (refused !== '') return refused;
    if (words[2] !== 'unnamed-gpio-in') return `FAIL no inputs are named ${words[2] ?? 'by nothing'}\n`;
    if (!this.#first.parse(words[3] ?? '')) return notANumber('input', words[3]);
    if (!this.#second.parse(words[4] ?? '')) return notANumber('level', words[4]);
    const known = machine.lines.force(this.#first.value, this.#second.value !== 0);
    return known ? 'OK\n' : `FAIL there is no input ${words[3]}\n`;
  }
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function notANumber(what: string, word: string | undefined): string {
  return word === undefined || word === ''
    ? `FAIL the ${what} is missing\n`
    : `FAIL the ${what} is no number: ${word}\n`;
}

/** The I/O APIC is the one device whose pins can be watched. */
function checkDevice(path: string | undefined): string {
  if (path === undefined || path === '') return 'FAIL the device is missing\n';
  return path === 'ioapic' || path === '/machine/unattached/ioapic' ? '' : 'FAIL Unknown device\n';
}

/** GLib's decoder; QEMU then writes the size that was told, and whatever lies behind the data. Zeros lie there here. */
function putBase64(text: string, bytes: Uint8Array, length: number): void {
  const data = decodeBase64(text);
  bytes.fill(0, 0, length);
  bytes.set(data.subarray(0, length));
}

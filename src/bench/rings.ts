/** Rings whose batches lie ready: what a driver would write for each packet is written before the clock starts. */
import { pf } from '../devices/igb/tables/index.ts';
import { command, DESCRIPTOR_BYTES, l4Type, option } from '../devices/igb/tx/descriptor.ts';
import { update, write } from '../driver/index.ts';
import type { BenchCard } from './card.ts';

const DATA = command.DEXT | (3 << 20) | command.IFCS;
const CONTEXT = command.DEXT | (2 << 20);
/** Of a data descriptor; Linux cuts at 16 KB as well. */
const MOST_BYTES = 16_384;
const ALIGNMENT = 64;
const ONE_BUFFER = 1 << 25;
const DROP = 0x8000_0000;
const KB = 1024;
const DONE = 1;

export interface Offloads {
  /** Segments, or checksums, of UDP instead of TCP. */
  readonly udp?: boolean | undefined;
  /** IP and transport checksums. */
  readonly checksum?: boolean | undefined;
  readonly tag?: number | undefined;
  /** TCP payload of each segment. */
  readonly segmentBytes?: number | undefined;
}

/** Two halves, one of which is done while the other is made ready. */
abstract class Ring {
  protected readonly card: BenchCard;
  protected readonly queue: number;
  /** Descriptors of a batch. */
  readonly batch: number;
  protected readonly address: number;
  protected half: number;

  constructor(card: BenchCard, queue: number, batch: number) {
    this.card = card;
    this.queue = queue;
    this.batch = batch;
    this.address = card.allocate(2 * batch * DESCRIPTOR_BYTES);
    this.half = 0;
  }

  protected setUp(direction: 'TD' | 'RD'): void {
    const { card, queue } = this;
    write(card.bus, pf[`${direction}BAL`], this.address, queue);
    write(card.bus, pf[`${direction}BAH`], 0, queue);
    write(card.bus, pf[`${direction}LEN`], 2 * this.batch * DESCRIPTOR_BYTES, queue);
    write(card.bus, pf[`${direction}H`], 0, queue);
    write(card.bus, pf[`${direction}T`], 0, queue);
    update(card.bus, direction === 'TD' ? pf.TXDCTL : pf.RXDCTL, 0, pf.TXDCTL.ENABLE.mask, queue);
  }

  /** Index behind the batch at hand. */
  protected get end(): number {
    return this.half === 0 ? this.batch : 0;
  }

  protected get begin(): number {
    return this.half * this.batch;
  }

  /** Address of the last dword of the last descriptor but `dwords`. */
  protected statusAddress(dword: number): number {
    return this.address + (this.begin + this.batch - 1) * DESCRIPTOR_BYTES + dword * 4;
  }
}

/** A transmit queue with the same packets in each batch. */
export class BatchSender extends Ring {
  readonly #image: Uint8Array;

  constructor(card: BenchCard, queue: number, frames: readonly Uint8Array[], offloads: Offloads) {
    const buffers: number[] = [];
    for (const frame of frames) buffers.push(Math.ceil(frame.length / ALIGNMENT) * ALIGNMENT);
    const first = card.allocate(buffers.reduce((sum, size) => sum + size, 0));
    const words: number[] = [];
    let address = first;
    frames.forEach((frame, n) => {
      words.push(...descriptorsOf(address, frame, offloads));
      card.do(card.writing(address, frame));
      address += buffers[n]!;
    });
    super(card, queue, words.length / 4);
    this.#image = new Uint8Array(Int32Array.from(words).buffer);
    this.setUp('TD');
  }

  /** Writes the next batch, which the device does not see yet. */
  prepare(): string[] {
    return this.card.writing(this.address + this.begin * DESCRIPTOR_BYTES, this.#image);
  }

  /** Hands the batch over. */
  start(): string {
    return this.card.put(pf.TDT, this.end, this.queue);
  }

  /** The same without anything to hand over. */
  idle(): string {
    return this.card.put(pf.TDT, this.begin, this.queue);
  }

  /** Head, and the last descriptor's status. */
  look(): string[] {
    return [this.card.get(pf.TDH, this.queue), `readl 0x${this.statusAddress(3).toString(16)}`];
  }

  check([head, status]: readonly string[]): void {
    if (Number(head) !== this.end || (Number(status) & DONE) === 0)
      throw new Error(`transmit queue ${this.queue} is at ${head} of ${this.end}, status ${status}`);
  }

  next(): void {
    this.half ^= 1;
  }
}

/** A receive queue that gets a known number of frames in each batch. */
export class BatchReceiver extends Ring {
  readonly #image: Uint8Array;

  /** `batch` descriptors with buffers of `bufferBytes`, a multiple of 1024. */
  constructor(card: BenchCard, queue: number, batch: number, bufferBytes: number) {
    super(card, queue, batch);
    const buffers = card.allocate(batch * bufferBytes);
    const words = new Uint32Array(batch * 4);
    for (let n = 0; n < batch; n += 1) words[n * 4] = buffers + n * bufferBytes;
    this.#image = new Uint8Array(words.buffer);
    write(card.bus, pf.SRRCTL, DROP | ONE_BUFFER | (bufferBytes / KB), queue);
    this.setUp('RD');
  }

  /** Gives the device the buffers of a batch. */
  prepare(): string[] {
    const { card, queue } = this;
    return [
      ...card.writing(this.address + this.begin * DESCRIPTOR_BYTES, this.#image),
      card.put(pf.RDT, this.end, queue),
    ];
  }

  look(): string[] {
    return [this.card.get(pf.RDH, this.queue), `readl 0x${this.statusAddress(2).toString(16)}`];
  }

  isDone([head, status]: readonly string[]): boolean {
    return Number(head) === this.end && (Number(status) & DONE) !== 0;
  }

  check(answers: readonly string[]): void {
    if (!this.isDone(answers))
      throw new Error(`receive queue ${this.queue} is at ${answers[0]} of ${this.end}, status ${answers[1]}`);
  }

  next(): void {
    this.half ^= 1;
  }
}

function descriptorsOf(address: number, frame: Uint8Array, { checksum, tag, segmentBytes, udp }: Offloads): number[] {
  const words: number[] = [];
  const large = segmentBytes !== undefined;
  const completes = checksum === true || large;
  const transport = udp === true ? 8 : 32;
  const headers = large ? 34 + transport : 0;
  if (completes || tag !== undefined) {
    const lengths = (14 << 9) | 20 | ((tag ?? 0) << 16);
    const protocol = udp === true ? l4Type.UDP : l4Type.TCP;
    words.push(lengths, 0, CONTEXT | (protocol << 11), large ? (segmentBytes << 16) | (transport << 8) : 0);
  }
  const options = (completes ? option.IXSM | option.TXSM : 0) | ((frame.length - headers) << 14);
  const commands = DATA | (large ? command.TSE : 0) | (tag === undefined ? 0 : command.VLE);
  for (let at = 0; at < frame.length; at += MOST_BYTES) {
    const length = Math.min(MOST_BYTES, frame.length - at);
    const last = at + length === frame.length ? command.EOP | command.RS : 0;
    words.push(address + at, 0, commands | last | length, options);
  }
  return words;
}

/** Runs a program on a machine and writes down what software and the link partner see. */
import { pf } from '../../src/devices/igb/tables/index.ts';
import { write } from '../../src/driver/index.ts';
import { be16, ethernet, internetChecksum, packet } from '../conformance/frames.ts';
import type { ConformanceMachine } from '../conformance/machine.ts';
import { L4, OPTION, RX, RxQueue, TX, TxQueue } from '../conformance/rings.ts';
import { Station } from '../conformance/station.ts';
import type { FrameSpec, Program, Step } from './program.ts';

type Send = Extract<Step, { do: 'send' }>;

const RECEIVE_RING = 16;
const MAC_BYTES = 14;
const PROTOCOLS = { tcp: L4.tcp, udp: L4.udp, sctp: L4.sctp, icmp: L4.udp } as const;
const L4_BYTES = { tcp: 20, udp: 8, sctp: 12, icmp: 0 } as const;
/** Where the checksum is behind the L4 header's start. */
const CHECKSUM_AT = { tcp: 16, udp: 6, sctp: 8, icmp: 2 } as const;

/** Beside the registers that a program writes, and heads and tails of its rings. */
const STATE = ['CTRL', 'RCTL', 'EIMS', 'EICR'] as const;
const RECEIVE_STATE = ['RDH', 'RDT', 'RDLEN'] as const;
const TRANSMIT_STATE = ['TDH', 'TDT'] as const;
const SENT = ['GPTC', 'MPTC', 'BPTC', 'GOTCL'] as const;
const RECEIVED = ['GPRC', 'MPRC', 'BPRC'] as const;
const SPLIT = 0x8000_0000;
const HEADER_INFO = 0xffe0_0000;

/** What a run showed, a line each. */
export type Observation = readonly string[];

class Run {
  readonly lines: string[];
  readonly #station: Station;
  readonly #rx: Map<number, RxQueue>;
  readonly #tx: Map<number, TxQueue>;
  readonly #written: Map<string, Set<number>>;
  /** Queues whose next descriptor goes on with a frame. */
  readonly #continued: Set<number>;
  #segmented: boolean;

  constructor(machine: ConformanceMachine) {
    this.lines = [];
    this.#station = new Station(machine);
    this.#rx = new Map();
    this.#tx = new Map();
    this.#written = new Map();
    this.#continued = new Set();
    this.#segmented = false;
  }

  /**
   * What every part of a program stands on: a link; `q-crcofl`, `q-rss-pcsd`: no checks, hashes are told; `q-repl-en`:
   * copies.
   */
  begin(): void {
    const station = this.#station;
    station.change('CTRL', 0, pf.CTRL.SLU.mask);
    station.set('RXCSUM', pf.RXCSUM.PCSD.mask);
    station.set('VT_CTL', pf.VT_CTL.REPL_EN.mask);
  }

  step(step: Step): void {
    const station = this.#station;
    switch (step.do) {
      case 'set':
        write(station.pf, pf[step.register as 'CTRL'], step.value, step.element);
        this.#written.set(step.register, (this.#written.get(step.register) ?? new Set()).add(step.element));
        return;
      case 'msix':
        station.openMsix();
        return;
      case 'receive-ring': {
        const { srrctl, bufferBytes } = step;
        this.#rx.set(step.queue, station.rx(step.queue, { size: RECEIVE_RING, srrctl, bufferBytes }));
        return;
      }
      case 'transmit-ring':
        this.#tx.set(step.queue, station.tx(step.queue));
        return;
      case 'arrive':
        station.wire.send(build(step.frame));
        break;
      case 'send':
        this.#send(step);
    }
    this.#look();
  }

  /** Registers, at the end. */
  finish(): void {
    const pooled = (this.#station.get('MRQC') & 1) !== 0;
    // `q-tso-count`, `q-loopback-counters`, `q-replicated-count`.
    const counters: string[] = pooled ? [] : this.#segmented ? [...RECEIVED] : [...RECEIVED, ...SENT];
    // `q-octets-stripped`.
    const strips = (this.#station.get('CTRL') & pf.CTRL.VME.mask) !== 0;
    if (!pooled && !strips) counters.push('GORCL');
    for (const name of [...STATE, ...counters]) this.#register(name, 0);
    for (const [name, elements] of this.#written) for (const element of elements) this.#register(name, element);
    for (const queue of this.#rx.keys()) for (const name of RECEIVE_STATE) this.#register(name, queue);
    for (const queue of this.#tx.keys()) for (const name of TRANSMIT_STATE) this.#register(name, queue);
  }

  #register(name: string, element: number): void {
    this.lines.push(`${name} ${element}: ${this.#station.get(name as 'CTRL', element).toString(16)}`);
  }

  #send(step: Send): void {
    const ring = this.#tx.get(step.queue);
    if (ring === undefined) return;
    this.#segmented ||= step.segmentSize > 0;
    const bytes = build(step.frame);
    let command = 0;
    let options = 0;
    let payload = bytes.length;
    if (step.offload || step.tag >= 0) {
      const context = contextOf(step);
      ring.context(context);
      if (step.offload) {
        options = OPTION.TXSM | (context.ipv4 ? OPTION.IXSM : 0);
        prepare(bytes, step);
      }
      if (step.segmentSize > 0) {
        command |= TX.TSE;
        payload -= context.macLength + context.ipLength + context.l4Length;
      }
      if (step.tag >= 0) command |= TX.VLE;
    }
    const last = post(ring, bytes, step.pieces, command, options, payload);
    if (step.waits === true) return;
    ring.go();
    this.lines.push(`done ${ring.isDone(last)}`);
  }

  /** What has happened since the last look, on the wire, in the rings and at the interrupts. */
  #look(): void {
    for (const frame of this.#station.wire.take()) this.lines.push(`wire ${hex(frame)}`);
    for (const [queue, ring] of this.#rx) {
      for (const { index, dwords, status, length, tag, bytes } of ring.take()) {
        // `q-lb`.
        const seen = status & ~RX.LB;
        // `q-header-length`.
        const tells = (dwords[0]! & SPLIT) !== 0 && !this.#continued.has(queue);
        const info = tells ? dwords[0]! : dwords[0]! & ~HEADER_INFO;
        if ((status & RX.EOP) === 0) this.#continued.add(queue);
        else this.#continued.delete(queue);
        this.lines.push(`queue ${queue}: ${info.toString(16)} ${dwords[1]!.toString(16)} ${seen.toString(16)}`);
        this.lines.push(`queue ${queue}: ${length} ${tag} ${hex(ring.header(index))} ${hex(bytes)}`);
        ring.give(index);
      }
    }
    this.lines.push(`vectors ${this.#station.pf.takeVectors().join(' ')}`);
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

function build(spec: FrameSpec): Uint8Array {
  if (spec.kind === 'ethernet') return ethernet(spec.to, { from: spec.from, tags: spec.tags, length: spec.length });
  const payload = Array.from({ length: spec.payloadBytes }, (_, n) => (n * 7) & 0xff);
  return packet({ ...spec.options, payload });
}

/** The context descriptor of a packet to send. */
function contextOf({ frame, segmentSize, tag }: Send): {
  readonly macLength: number;
  readonly ipLength: number;
  readonly l4Length: number;
  readonly ipv4: boolean;
  readonly l4: number;
  readonly mss: number;
  readonly tag: number;
} {
  const vlan = Math.max(tag, 0);
  if (frame.kind === 'ethernet') {
    return { macLength: MAC_BYTES, ipLength: 20, l4Length: 0, ipv4: false, l4: L4.udp, mss: 0, tag: vlan };
  }
  const { tags = [], version = 4, protocol = 'tcp' } = frame.options;
  return {
    macLength: MAC_BYTES + 4 * tags.length,
    ipLength: version === 4 ? 20 : 40,
    l4Length: L4_BYTES[protocol],
    ipv4: version === 4,
    l4: PROTOCOLS[protocol],
    mss: segmentSize,
    tag: vlan,
  };
}

/** Makes of a whole packet what a stack leaves to the device: no IPv4 checksum, the pseudo header's sum for the transport. */
function prepare(bytes: Uint8Array, { frame, segmentSize }: Send): void {
  if (frame.kind === 'ethernet') return;
  const { tags = [], version = 4, protocol = 'tcp' } = frame.options;
  const l3 = MAC_BYTES + 4 * tags.length;
  const l4 = l3 + (version === 4 ? 20 : 40);
  const addresses = version === 4 ? bytes.subarray(l3 + 12, l3 + 20) : bytes.subarray(l3 + 8, l3 + 40);
  const length = segmentSize > 0 ? 0 : bytes.length - l4;
  const number = protocol === 'tcp' ? 6 : 17;
  const sum = ~internetChecksum([...addresses, ...be16(number, length)]) & 0xffff;
  if (version === 4) bytes.set([0, 0], l3 + 10);
  bytes.set(protocol === 'sctp' ? [0, 0, 0, 0] : be16(sum), l4 + CHECKSUM_AT[protocol]);
  if (segmentSize > 0) bytes.set([0, 0], version === 4 ? l3 + 2 : l3 + 4);
}

/** The data descriptors of a packet; the index of the last, which reports. */
function post(
  ring: TxQueue,
  bytes: Uint8Array,
  pieces: number,
  command: number,
  options: number,
  payload: number,
): number {
  let index = 0;
  for (let piece = 0; piece < pieces; piece += 1) {
    const from = Math.floor((bytes.length * piece) / pieces);
    const part = bytes.subarray(from, Math.floor((bytes.length * (piece + 1)) / pieces));
    const ends = piece === pieces - 1 ? TX.EOP | TX.RS : 0;
    const bits = TX.DATA | TX.IFCS | command | ends | part.length;
    index = ring.post(ring.bytes(part), 0, bits, options | (payload << 14));
  }
  return index;
}

/** Runs a program on a machine that is reset first. */
export function observe(machine: ConformanceMachine, program: Program): Observation {
  machine.reset();
  const run = new Run(machine);
  run.begin();
  for (const step of program) run.step(step);
  run.finish();
  return run.lines;
}

/** The first line in which two runs differ, from both; the first word of a line says what it is about. */
export function difference(ours: Observation, theirs: Observation): readonly [string, string] | undefined {
  for (let n = 0; n < Math.max(ours.length, theirs.length); n += 1) {
    if (ours[n] !== theirs[n]) return [ours[n] ?? '(nothing)', theirs[n] ?? '(nothing)'];
  }
  return undefined;
}

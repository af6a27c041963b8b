/**
 * Counters of the port and of its VFs, kept in their registers. Sizes and octets are those on the wire: with the FCS, and
 * never under 64 bytes, to which short frames are padded. Port counters stick at FFFFFFFF and are cleared by reads; those
 * of VFs wrap and stay, because igbvf takes differences. Each frame counts once for the port, however many pools get it.
 */
import { QUEUES } from './context.ts';
import { QUEUE_ROWS, queueRow, rowMatches, type QueueRowFilter } from './queue-rows.ts';
import { pf } from './tables/index.ts';

const FCS_BYTES = 4;
const MINIMUM_BYTES = 64;
const LIMIT = 0xffffffff;

// As constants of the module: V8 folds their fields then, and does not through an import.
const {
  BPRC,
  BPTC,
  GORCL,
  GOTCL,
  GPRC,
  GPTC,
  HGORCL,
  HGOTCL,
  HGPTC,
  MPRC,
  MPTC,
  MRQC,
  PRC64,
  PTC64,
  PVFGORC,
  PVFGORLBC,
  PVFGOTC,
  PVFGOTLBC,
  PVFGPRC,
  PVFGPRLBC,
  PVFGPTC,
  PVFGPTLBC,
  PVFMPRC,
  RPTHC,
  RQDPC,
  TORL,
  TOTL,
  TPR,
  TPT,
} = pf;
/** MRQC modes 3 and 5. */
const VMDQ = 1;
const POOL_MASK = 7;

/** What `Statistics.traffic` counts in each row; bytes are without FCS. */
export const trafficColumns = [
  'received',
  'receivedBytes',
  'receivedLocally',
  'receivedLocallyBytes',
  'sent',
  'sentBytes',
  'sentLocally',
  'sentLocallyBytes',
] as const;
const RECEIVED = 0;
const RECEIVED_LOCALLY = 2;
const SENT = 4;
const SENT_LOCALLY = 6;
const COLUMNS = trafficColumns.length;

/** 0 for unicast, 1 for multicast, 2 for broadcast. */
function castOf(bytes: Uint8Array, offset: number): 0 | 1 | 2 {
  if ((bytes[offset]! & 1) === 0) return 0;
  for (let n = 0; n < 6; n += 1) if (bytes[offset + n] !== 0xff) return 1;
  return 2;
}

/** Octets on the wire of a frame of `length` bytes. */
export function wireLength(length: number): number {
  const withFcs = length + FCS_BYTES;
  return withFcs < MINIMUM_BYTES ? MINIMUM_BYTES : withFcs;
}

/** Which of the six size counters, counted from the one for 64 bytes. */
function sizeBin(wireBytes: number): number {
  if (wireBytes <= 64) return 0;
  if (wireBytes <= 127) return 1;
  if (wireBytes <= 255) return 2;
  if (wireBytes <= 511) return 3;
  return wireBytes <= 1023 ? 4 : 5;
}

export class Statistics {
  readonly values: Uint32Array;
  /** Frames and bytes of each queue since power on, which nothing clears; `traffic` reads them. */
  readonly #traffic: Float64Array;
  readonly #queueFunction: Uint8Array;

  /** `values` are those of the port's register file, `queueFunction` says whose a queue is. */
  constructor(values: Uint32Array, queueFunction: Uint8Array = new Uint8Array(QUEUES)) {
    this.values = values;
    this.#queueFunction = queueFunction;
    this.#traffic = new Float64Array(QUEUE_ROWS * COLUMNS);
  }

  /** What a column has counted since power on, of the queues, function or pool that the filter names. */
  traffic(column: number, filter: QueueRowFilter): number {
    let sum = 0;
    for (let row = 0; row < QUEUE_ROWS; row += 1) {
      if (rowMatches(row, filter)) sum += this.#traffic[row * COLUMNS + column]!;
    }
    return sum;
  }

  /** Adds to a 32-bit counter by its register index; it sticks at its maximum. */
  count(index: number, amount: number): void {
    // In whole numbers: a sum that is less than what was added has gone beyond 32 bits.
    const sum = (this.values[index]! + amount) >>> 0;
    this.values[index] = sum < amount ? LIMIT : sum;
  }

  /** `frames` alike left by the wire, with the addresses at bytes[offset…]. `length` is of one, without FCS. */
  transmitted(bytes: Uint8Array, offset: number, length: number, queue: number, frames = 1): void {
    const cast = castOf(bytes, offset);
    if (cast === 1) this.count(MPTC.index, frames);
    else if (cast === 2) this.count(BPTC.index, frames);
    this.transmittedSize(length, frames);
    this.transmittedSum(queue, frames, length * frames, wireLength(length) * frames);
  }

  /** What of `transmitted` depends on the size of the frames. */
  transmittedSize(length: number, frames: number): void {
    this.count(PTC64.index + sizeBin(wireLength(length)), frames);
  }

  /** The rest of `transmitted`, of unicast frames: all their bytes, and their octets on the wire. */
  transmittedSum(queue: number, frames: number, bytes: number, octets: number): void {
    this.count(GPTC.index, frames);
    this.count(TPT.index, frames);
    this.count(HGPTC.index, frames);
    this.#count64(GOTCL.index, octets);
    this.#count64(TOTL.index, octets);
    this.#count64(HGOTCL.index, octets);
    this.#countTraffic(queue, SENT, bytes, frames);
    if (this.#pooled()) {
      this.#countOfPool(PVFGPTC.index, queue, frames);
      this.#countOfPool(PVFGOTC.index, queue, octets);
    }
  }

  /** A pause frame of our own left: only the totals see it. `length` is without FCS. */
  controlTransmitted(length: number): void {
    this.count(TPT.index, 1);
    this.#count64(TOTL.index, wireLength(length));
  }

  /** A good frame from the wire was accepted by the filters. `length` is without FCS. */
  received(bytes: Uint8Array, offset: number, length: number): void {
    this.receivedSize(bytes, offset, length, 1);
    this.receivedSum(1, wireLength(length));
  }

  /** What of `received` depends on the frames' size and destination. */
  receivedSize(bytes: Uint8Array, offset: number, length: number, frames: number): void {
    this.count(PRC64.index + sizeBin(wireLength(length)), frames);
    if ((bytes[offset]! & 1) === 0) return;
    this.count(castOf(bytes, offset) === 1 ? MPRC.index : BPRC.index, frames);
  }

  /** The rest of it, of several frames: how many, and their octets on the wire. */
  receivedSum(frames: number, octets: number): void {
    this.count(GPRC.index, frames);
    this.count(TPR.index, frames);
    this.count(RPTHC.index, frames);
    this.#count64(GORCL.index, octets);
    this.#count64(TORL.index, octets);
    this.#count64(HGORCL.index, octets);
  }

  /** A good frame from the wire that no filter took: only the totals see it. */
  filtered(length: number): void {
    this.count(TPR.index, 1);
    this.#count64(TORL.index, wireLength(length));
  }

  /** A copy of a frame from the wire was stored in a queue: counts for its pool in the VMDq modes. */
  delivered(bytes: Uint8Array, offset: number, length: number, queue: number): void {
    this.deliveredSum(queue, 1, length, wireLength(length));
    if ((bytes[offset]! & 1) !== 0) this.deliveredGroup(bytes, offset, 1 << queue);
  }

  /** What of `delivered` is the same for all destinations, of several frames: their bytes, and their octets on the wire. */
  deliveredSum(queue: number, frames: number, bytes: number, octets: number): void {
    this.#countTraffic(queue, RECEIVED, bytes, frames);
    if (!this.#pooled()) return;
    this.#countOfPool(PVFGPRC.index, queue, frames);
    this.#countOfPool(PVFGORC.index, queue, octets);
  }

  /** The rest of it, of a frame to the group address at bytes[offset…] that `queues` got, a bit each. */
  deliveredGroup(bytes: Uint8Array, offset: number, queues: number): void {
    if (!this.#pooled() || castOf(bytes, offset) !== 1) return;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      this.#countOfPool(PVFMPRC.index, 31 - Math.clz32(rest & -rest), 1);
    }
  }

  /** Frames from other pools were stored in a queue. */
  deliveredLocally(queue: number, frames: number, bytes: number, octets: number): void {
    this.#countTraffic(queue, RECEIVED_LOCALLY, bytes, frames);
    this.#countOfPool(PVFGPRLBC.index, queue, frames);
    this.#countOfPool(PVFGORLBC.index, queue, octets);
  }

  /** Frames of a queue went to other pools. */
  transmittedLocally(queue: number, frames: number, bytes: number, octets: number): void {
    this.#countTraffic(queue, SENT_LOCALLY, bytes, frames);
    this.#countOfPool(PVFGPTLBC.index, queue, frames);
    this.#countOfPool(PVFGOTLBC.index, queue, octets);
  }

  /** A queue dropped a frame for want of descriptors (SRRCTL.DROP_EN or QDE). */
  queueDropped(queue: number): void {
    this.count(RQDPC.index + queue * RQDPC.step, 1);
  }

  /** Reads the high half of a 64-bit counter by its index, which clears both halves; the low half stands right before it. */
  readHigh(index: number): number {
    const { values } = this;
    const high = values[index]!;
    values[index] = 0;
    values[index - 1] = 0;
    return high;
  }

  /** Adds to the 64-bit counter whose low half is at `low`. */
  #count64(low: number, amount: number): void {
    const { values } = this;
    const sum = (values[low]! + amount) >>> 0;
    // Added each time: a carry is so rare that the path of packets would be compiled anew for it.
    const high = values[low + 1]! + (sum < amount ? 1 : 0);
    values[low] = high > LIMIT ? LIMIT : sum;
    values[low + 1] = Math.min(high, LIMIT);
  }

  /** Counters of VFs lie 100 hex apart and wrap as the array does. */
  #countOfPool(first: number, queue: number, amount: number): void {
    const index = first + (queue & POOL_MASK) * PVFGPRC.step;
    this.values[index] = this.values[index]! + amount;
  }

  #countTraffic(queue: number, column: number, bytes: number, frames = 1): void {
    const row = queueRow(queue, this.#queueFunction[queue]!, this.#pooled());
    const at = row * COLUMNS + column;
    this.#traffic[at]! += frames;
    this.#traffic[at + 1]! += bytes;
  }

  #pooled(): boolean {
    return (this.values[MRQC.index]! & VMDQ) !== 0;
  }
}

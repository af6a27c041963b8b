/**
 * The short way of plain packets: one advanced descriptor that asks for nothing but to be sent. A run of them is taken off the
 * ring at once, so that the reads of all their headers are under way together, and each is worth a look-up of where it goes and at
 * most one copy. The outcome is that of the long way (packet-sender.ts), which takes whatever is unusual about packet, queue, memory
 * or who watches.
 */
import { arena, HEADERS_COPIED } from '../../../packet/index.ts';
import { beginPacket, capturedAt, type GuestMemory } from '../../../ports/index.ts';
import { POOLS, type PortContext } from '../context.ts';
import { wireLength } from '../statistics.ts';
import { pf } from '../tables/index.ts';
import { command, DESCRIPTOR_BYTES, option, STATUS_DD } from './descriptor.ts';
import { GATHERED_AT, LARGEST_FRAME } from './gather.ts';
import { route, type TransmitParts } from './parts.ts';
import type { TransmitRing } from './ring.ts';

const { MRQC, VMVIR } = pf;
const { bytes, dwords, simd } = arena;

/** Packets of a run. */
const MOST = 32;
/** Frames up to this length are copied whole at once. */
const SHORT = 256;
/** Without padding. */
const SHORTEST = 60;
const NO_PLACE = -1;
const TWO_32 = 2 ** 32;
/** What is looked at of dword 2, and how it reads on the only descriptor of a packet that wants nothing done. */
const KIND = command.TSE | command.VLE | command.DEXT | command.EOP | command.TSTAMP | (0xf << 20);
const PLAIN = command.DEXT | command.EOP | (3 << 20);

export class FastPath {
  /** Something was written back by the last `send`. */
  reported: boolean;
  private readonly context: PortContext;
  private readonly parts: TransmitParts;
  /** Of each packet of the run: its length, whether it reports, where it lies in the arena's memory, whether it is a multicast. */
  private readonly lengths: Uint16Array;
  private readonly reports: Uint8Array;
  private readonly places: Int32Array;
  private readonly groups: Uint8Array;

  constructor(context: PortContext, parts: TransmitParts) {
    this.reported = false;
    this.context = context;
    this.parts = parts;
    this.lengths = new Uint16Array(MOST);
    this.reports = new Uint8Array(MOST);
    this.places = new Int32Array(MOST);
    this.groups = new Uint8Array(MOST);
  }

  /** Whether packets of this queue may go this way, as the registers stand and as long as nobody watches. */
  suits(ring: TransmitRing): boolean {
    const { events, registers } = this.context;
    const { on } = this.context.trace;
    const watched =
      on[events.igb_tx_fetch]! |
      on[events.igb_tx_descriptor]! |
      on[events.igb_tx_packet]! |
      on[events.igb_tx_write_back]! |
      on[events.igb_switch_route]!;
    if (watched !== 0 || simd === undefined) return false;
    if (ring.threshold !== 0 || ring.headAddress >= 0 || ring.held > 0 || ring.discarding) return false;
    const { values } = registers;
    if ((values[MRQC.index]! & 1) === 0) return true;
    return (values[VMVIR.index + (ring.queue % POOLS) * VMVIR.step]! & VMVIR.ALWAYS.mask) === 0;
  }

  /**
   * Sends the plain packets at the head of a ring, `limit` at most; returns how many. What is written back for them is in
   * memory on return.
   */
  send(ring: TransmitRing, memory: GuestMemory, limit: number): number {
    this.reported = false;
    const place = memory.placeForWriting(ring.base, ring.size * DESCRIPTOR_BYTES);
    if (place === NO_PLACE) return 0;
    const count = this.scan(ring, memory, place >>> 2, limit < MOST ? limit : MOST);
    if (count === 0) return 0;
    const ways = this.parts.sink.beginRun(ring.queue);
    if (ways === 0) return 0;
    const done = (ways & route.unseen) !== 0 ? this.drain(ring.queue, count) : this.sendEach(ring.queue, count);
    this.writeBack(ring, place >>> 2, done);
    return done;
  }

  /** Takes note of plain packets from the head on, up to `limit`; `first` is the dword of descriptor 0. */
  private scan(ring: TransmitRing, memory: GuestMemory, first: number, limit: number): number {
    const { lengths, reports, places, groups } = this;
    let index = ring.head;
    let count = 0;
    for (; count < limit && index !== ring.tail; count += 1) {
      const at = first + index * 4;
      const word2 = dwords[at + 2]! | 0;
      if ((word2 & KIND) !== PLAIN || (dwords[at + 3]! & (option.IXSM | option.TXSM)) !== 0) break;
      const length = word2 & command.LENGTH;
      if (length < SHORTEST || length > LARGEST_FRAME) break;
      const place = memory.placeForReading(dwords[at + 1]! * TWO_32 + dwords[at]!, length);
      if (place === NO_PLACE) break;
      lengths[count] = length;
      reports[count] = (word2 & command.RS) === 0 ? 0 : 1;
      places[count] = place;
      // The first look at the frame, long before anybody needs it: the bit that makes it a multicast.
      groups[count] = (dwords[place >>> 2]! >>> ((place & 3) * 8)) & 1;
      index = index + 1 === ring.size ? 0 : index + 1;
    }
    return count;
  }

  /** Nobody is at the other end of the wire: unicast frames are counted and not made. Returns how many. */
  private drain(queue: number, count: number): number {
    const { lengths, groups } = this;
    const { statistics, sink } = this.parts;
    let sum = 0;
    let octets = 0;
    let done = 0;
    for (; done < count && groups[done] === 0; done += 1) {
      const length = lengths[done]!;
      sum += length;
      octets += wireLength(length);
      statistics.transmittedSize(length, 1);
    }
    if (done === 0) return this.sendEach(queue, 1);
    statistics.transmittedSum(queue, done, sum, octets);
    sink.drain(done, sum);
    return done;
  }

  private sendEach(queue: number, count: number): number {
    const { lengths, places } = this;
    const { sink, statistics } = this.parts;
    const { taps, trace } = this.context;
    const captured = taps.watched !== 0;
    sink.beginDeliveries(count);
    for (let n = 0; n < count; n += 1) {
      const length = lengths[n]!;
      const place = places[n]!;
      // Where it goes is decided by a copy; what is behind the headers may go to a pool from where it lies.
      const here = length > SHORT && !captured ? HEADERS_COPIED : length;
      simd!.copy(GATHERED_AT, place, here);
      beginPacket(trace);
      const ways = sink.routePlain(queue, GATHERED_AT, length);
      if (taps.on[capturedAt.queues] !== 0 && ways !== 0) taps.queue(1, queue, bytes, GATHERED_AT, length, undefined);
      if (here < length) {
        if (ways === route.pools && sink.deliverFrom(queue, GATHERED_AT, place, length)) continue;
        simd!.copy(GATHERED_AT + here, place + here, length - here);
      }
      if ((ways & route.wire) !== 0) {
        statistics.transmitted(bytes, GATHERED_AT, length, queue);
        sink.transmit(queue, bytes, GATHERED_AT, length, undefined);
      }
      if ((ways & route.pools) !== 0) sink.deliver(queue, bytes, GATHERED_AT, length, false);
    }
    trace.packet = 0;
    sink.endDeliveries(queue);
    return count;
  }

  /** Moves the head over `count` descriptors and tells of those that asked for it. */
  private writeBack(ring: TransmitRing, first: number, count: number): void {
    const { reports } = this;
    for (let n = 0; n < count; n += 1) {
      if (reports[n] === 1) {
        this.reported = true;
        dwords[first + ring.head * 4 + 3] = STATUS_DD;
      }
      ring.head = ring.head + 1 === ring.size ? 0 : ring.head + 1;
    }
  }
}

/**
 * The short way of ordinary packets (packet-run.ts). A run of them is taken off the ring at once; each is worth a look-up of where it
 * goes, the work that its descriptor asks for and at most one copy. The outcome is that of the long way (packet-sender.ts), which
 * takes whatever is unusual about packet, queue, memory or who watches.
 */
import { arena, HEADERS_COPIED } from '../../../packet/index.ts';
import { beginPacket, capturedAt, type FrameOffload, type GuestMemory } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { origin } from '../rx/origin.ts';
import { TAG_BYTES, UNTAGGED } from '../rx/vlan.ts';
import { wireLength } from '../statistics.ts';
import { Checksums } from './checksums.ts';
import { command, DESCRIPTOR_BYTES, option, STATUS_DD } from './descriptor.ts';
import { GATHERED_AT } from './gather.ts';
import { PacketRun } from './packet-run.ts';
import { route, type TransmitParts } from './parts.ts';
import type { TransmitRing } from './ring.ts';
import { MAC_BYTES, padsShort, SHORTEST_PADDED } from './sizes.ts';
import { insertTag, tagRule, usesExtendedTags } from './tags.ts';

const { bytes, dwords, simd } = arena;

/** Frames up to this length are copied whole at once. */
const SHORT = 256;
const NO_PLACE = -1;

export class FastPath {
  /** Something was written back by the last `send`. */
  reported: boolean;
  private readonly context: PortContext;
  private readonly parts: TransmitParts;
  private readonly run: PacketRun;
  private readonly checksums: Checksums;

  constructor(context: PortContext, parts: TransmitParts) {
    this.reported = false;
    this.context = context;
    this.parts = parts;
    this.run = new PacketRun();
    this.checksums = new Checksums();
  }

  /** Whether packets of this queue may go this way, as the registers stand and as long as nobody watches. */
  suits(ring: TransmitRing): boolean {
    const { events, registers, taps } = this.context;
    const { on } = this.context.trace;
    const watched =
      on[events.igb_tx_fetch]! |
      on[events.igb_tx_descriptor]! |
      on[events.igb_tx_context]! |
      on[events.igb_guest_error_tx_context]! |
      on[events.igb_tx_checksum]! |
      on[events.igb_tx_packet]! |
      on[events.igb_tx_write_back]! |
      on[events.igb_switch_route]!;
    if (watched !== 0 || simd === undefined) return false;
    // Linux sets a threshold of 1 where it has MSI-X: each descriptor is written back by itself, with RS or not.
    if (ring.threshold > 1 || ring.headAddress >= 0 || ring.held > 0 || ring.discarding) return false;
    const { values } = registers;
    if (usesExtendedTags(values)) return false;
    this.run.rule = tagRule(values, ring.queue);
    this.run.shortest = padsShort(values) ? MAC_BYTES : SHORTEST_PADDED;
    // A capture at the queues tells what the port has still to do.
    this.run.plainOnly = taps.on[capturedAt.queues] !== 0;
    return true;
  }

  /**
   * Sends the ordinary packets at the head of a ring, of `limit` descriptors at most; returns how many descriptors that were. What is
   * written back for them is in memory on return.
   */
  send(ring: TransmitRing, memory: GuestMemory, limit: number): number {
    const { run, parts } = this;
    this.reported = false;
    const place = memory.placeForWriting(ring.base, ring.size * DESCRIPTOR_BYTES);
    if (place === NO_PLACE) return 0;
    const ways = parts.sink.beginRun(ring.queue);
    if (ways === 0) return 0;
    run.scan(ring, memory, place >>> 2, limit);
    if (run.packets !== 0) {
      if ((ways & route.unseen) !== 0) this.drain(ring.queue);
      else this.sendFrom(ring.queue, 0, run.packets);
    }
    this.writeBack(ring, place >>> 2, run.descriptors);
    return run.descriptors;
  }

  /** Nobody is at the other end of the wire: unicast frames are counted and not made. */
  private drain(queue: number): void {
    const { packets, lengths, tags, groups } = this.run;
    const { statistics, sink } = this.parts;
    let frames = 0;
    let sum = 0;
    let octets = 0;
    for (let n = 0; n < packets; n += 1) {
      if (groups[n] !== 0) {
        this.sendFrom(queue, n, n + 1);
        continue;
      }
      let length = tags[n] === UNTAGGED ? lengths[n]! : lengths[n]! + TAG_BYTES;
      if (length < SHORTEST_PADDED) length = SHORTEST_PADDED;
      frames += 1;
      sum += length;
      octets += wireLength(length);
      statistics.transmittedSize(length, 1);
    }
    if (frames === 0) return;
    statistics.transmittedSum(queue, frames, sum, octets);
    sink.drain(frames, sum);
  }

  /** Sends the packets [first, end) of the run. */
  private sendFrom(queue: number, first: number, end: number): void {
    const { sink } = this.parts;
    const { trace } = this.context;
    sink.pools.begin(end - first);
    // The end of those on which the same is to be done as on the packet at hand.
    let like = first;
    for (let n = first; n < end;) {
      beginPacket(trace);
      const ways = this.sendOne(queue, n);
      if (n >= like) like = this.run.likeEnd(n, end);
      n += 1;
      if (ways !== route.pools || n === like) continue;
      const next = this.follow(n, like);
      for (; n < next; n += 1) beginPacket(trace);
    }
    trace.packet = 0;
    sink.pools.end(queue);
  }

  /** Has the pools take those of the packets [n, end) that go the way of the one before; returns which is the first that does not. */
  private follow(n: number, end: number): number {
    const { run } = this;
    const options = run.checksums[n - 1]!;
    let from: number = origin.pool;
    if (options !== 0) {
      // The headers are where a receiver looks for them.
      if ((options & option.TXSM) === 0 || !this.checksums.known || run.l3Offsets[n - 1] !== MAC_BYTES) return n;
      from = (options & option.IXSM) === 0 ? origin.unfinished : origin.unfinishedIpv4;
    }
    return this.parts.sink.pools.follow(run.places, run.lengths, n, end, from);
  }

  /** Returns where it went, bits of `route`. */
  private sendOne(queue: number, n: number): number {
    const { run } = this;
    const { sink, statistics } = this.parts;
    const { registers, taps } = this.context;
    const place = run.places[n]!;
    const fetched = run.lengths[n]!;
    // Where it goes is decided by a copy; what is behind the headers may go to a pool from where it lies.
    const apart = run.laters[n] !== 0;
    const here = fetched > SHORT && taps.watched === 0 && !apart ? HEADERS_COPIED + TAG_BYTES : fetched;
    if (apart) run.gather(n, GATHERED_AT);
    else simd!.copy(GATHERED_AT, place, here);
    let frame = GATHERED_AT;
    if (run.tags[n] !== UNTAGGED) frame = insertTag(registers.values, frame, fetched, run.tags[n]!);
    const tagBytes = GATHERED_AT - frame;
    let length = fetched + tagBytes;
    const ways = sink.routePlain(queue, frame, length, run.rule >= 0);
    if (ways === 0) return 0;
    if (taps.on[capturedAt.queues] !== 0) taps.queue(1, queue, bytes, frame, length, undefined);
    const options = run.checksums[n]!;
    if (here < fetched) {
      const direct = options === 0 && ways === route.pools;
      if (direct && sink.pools.deliver(queue, frame, place - tagBytes, length, false)) return ways;
      simd!.copy(GATHERED_AT + here, place + here, fetched - here);
    }
    const offload = options === 0 ? undefined : this.complete(n, frame, frame + length, ways);
    for (; length < SHORTEST_PADDED; length += 1) bytes[frame + length] = 0;
    if ((ways & route.wire) !== 0) {
      statistics.transmitted(bytes, frame, length, queue);
      sink.transmit(queue, bytes, frame, length, offload);
    }
    if ((ways & route.pools) !== 0) {
      sink.pools.deliver(queue, frame, frame, length, options !== 0 && this.checksums.known);
    }
    return ways;
  }

  private complete(n: number, frame: number, end: number, ways: number): FrameOffload | undefined {
    const { checksums, l4Types, l3Offsets, l4Offsets } = this.run;
    const l3 = frame + l3Offsets[n]!;
    return this.checksums.complete(checksums[n]!, l4Types[n]!, frame, l3, frame + l4Offsets[n]!, end, ways);
  }

  /** Moves the head over `count` descriptors and tells of those that asked for it, or of all with a threshold. */
  private writeBack(ring: TransmitRing, first: number, count: number): void {
    const all = ring.threshold !== 0;
    for (let left = count; left > 0; left -= 1) {
      const at = first + ring.head * 4;
      if (all || (dwords[at + 2]! & command.RS) !== 0) {
        this.reported = true;
        dwords[at + 3] = STATUS_DD;
      }
      ring.head = ring.head + 1 === ring.size ? 0 : ring.head + 1;
    }
  }
}

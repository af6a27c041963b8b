/**
 * Puts a frame into guest memory: buffers and descriptors of one queue (03 §3.7, §3.8).
 *
 * What a hostile or broken guest gets: a ring outside memory receives nothing and keeps its head; a buffer outside memory
 * loses its data, but its descriptor is completed and the last one of the frame says RXE, so that a driver discards the
 * frame and goes on; a buffer at address 0 is skipped, as QEMU does; rings and buffers that overlap contain what was
 * written last.
 */
import { arena, copyFromArena } from '../../../packet/index.ts';
import type { GuestMemory, MemoryPiece } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import type { ReceivedFrame } from './frame.ts';
import { HeaderSplit } from './header-split.ts';
import type { HeldWriteBacks } from './held-write-backs.ts';
import { ERROR, STATUS, packetSum } from './offload.ts';
import { DESCRIPTOR_BYTES, DESCRIPTOR_LEGACY, type ReceiveRings } from './ring.ts';
import { ViewCache } from '../../../packet/views.ts';
import { TAG_BYTES } from './vlan.ts';
import { WriteBack } from './write-back.ts';

const { simd } = arena;

/** What became of a frame at one queue. */
export const STORED = 0;
export const NO_DESCRIPTORS = 1;
/** The ring lies outside memory. */
export const NO_RING = 2;
/** Even when empty the ring is too small for the frame; waiting is of no use. */
export const TOO_SMALL = 3;

/** Places in `addresses`. */
const PACKET = 0;
const HEADER = 1;

/** Shorter copies are done byte by byte. */
const SHORT_COPY = 16;

export class FrameStore {
  private readonly context: PortContext;
  private readonly rings: ReceiveRings;
  private readonly views: ViewCache;
  private readonly split: HeaderSplit;
  private readonly writeBack: WriteBack;
  /** Descriptors that wait for RXDCTL.WTHRESH. */
  private readonly held: HeldWriteBacks;
  /** A descriptor that had to be copied from memory that is not mapped. */
  private readonly fetched: Uint32Array;
  private readonly fetchedBytes: Uint8Array;
  /** Addresses of packet and header buffer of the descriptor at hand; as fields of the object they would be allocated anew. */
  private readonly addresses: Float64Array;
  /** Data of the frame stored last had no memory to go to: its descriptor says so. */
  damaged: boolean;
  /** Where the tag that is left out starts, from the frame's start; beyond its end where none is. */
  private hole: number;

  constructor(context: PortContext, rings: ReceiveRings, views: ViewCache, held: HeldWriteBacks) {
    this.context = context;
    this.rings = rings;
    this.views = views;
    this.split = new HeaderSplit(context.registers.values, rings);
    this.writeBack = new WriteBack();
    this.held = held;
    this.fetched = new Uint32Array(4);
    this.fetchedBytes = new Uint8Array(this.fetched.buffer);
    this.addresses = new Float64Array(2);
    this.damaged = false;
    this.hole = 0;
  }

  /**
   * Stores a frame in a queue, without its VLAN tag where `stripsTag`, with the four bytes of FCS that stand behind it where
   * `withFcs`. All or nothing: a ring with too few descriptors is left alone.
   */
  store(queue: number, frame: ReceivedFrame, stripsTag: boolean, withFcs: boolean): number {
    const { rings, split } = this;
    const removed = stripsTag && frame.tags.count > 0 ? TAG_BYTES : 0;
    const total = frame.length + (withFcs ? 4 : 0) - removed;
    this.hole = removed === 0 ? 0x7fffffff : frame.tags.offset;
    const type = rings.descriptorType(queue);
    if (type < 2) split.none();
    else split.plan(queue, frame.headers, total, removed);
    const bufferBytes = rings.bufferBytes(queue);
    const inPackets = total - split.skipped;
    const count = inPackets <= bufferBytes ? 1 : Math.ceil(inPackets / bufferBytes);
    if (count > rings.free(queue)) return count < rings.size(queue) ? NO_DESCRIPTORS : TOO_SMALL;
    return this.fill(queue, frame, type, total, bufferBytes, count);
  }

  private fill(
    queue: number,
    frame: ReceivedFrame,
    type: number,
    total: number,
    bufferBytes: number,
    count: number,
  ): number {
    const { context, rings, split } = this;
    const { trace, events } = context;
    const memory = context.memory[context.queueFunction[queue]!]!;
    const base = rings.base(queue);
    const size = rings.size(queue);
    let slot = rings.head(queue);
    let position = split.skipped;
    let lost = false;
    const threshold = rings.writeBackThreshold(queue);
    for (let n = 0; n < count; n += 1) {
      const descriptor = base + slot * DESCRIPTOR_BYTES;
      const piece = memory.forWriting(descriptor, DESCRIPTOR_BYTES);
      if (!this.fetch(memory, piece, descriptor)) {
        rings.advance(queue, n);
        return NO_RING;
      }
      if (trace.on[events.igb_rx_descriptor] !== 0) {
        trace.emit(
          events.igb_rx_descriptor,
          queue,
          slot,
          this.addresses[PACKET],
          type < 2 ? 0 : this.addresses[HEADER],
        );
      }
      if (n === 0 && split.bytes > 0) {
        if (!this.copyOut(memory, this.addresses[HEADER]!, frame, 0, split.bytes)) lost = true;
      }
      const length = Math.min(bufferBytes, total - position);
      if (!this.copyOut(memory, this.addresses[PACKET]!, frame, position, length)) lost = true;
      position += length;
      this.compose(frame, type, n, n === 0 ? length + split.unstored : length, position >= total, lost);
      const held = threshold >= 2 && this.held.hold(queue, descriptor, this.writeBack.dwords);
      if (!held) {
        this.held.flush(queue);
        this.put(memory, piece, descriptor);
      }
      if (trace.on[events.igb_rx_write_back] !== 0) {
        trace.emit(events.igb_rx_write_back, queue, slot, length, this.writeBack.dwords[2], held ? 1 : 0);
      }
      slot = slot + 1 === size ? 0 : slot + 1;
    }
    rings.advance(queue, count);
    if (this.held.counts[queue]! >= threshold) this.held.flush(queue);
    this.damaged = lost;
    if (lost && trace.on[events.igb_rx_drop_dma] !== 0) trace.emit(events.igb_rx_drop_dma, queue);
    return STORED;
  }

  /** Sets the write-back of the descriptor at hand, the `n`th of its frame. */
  private compose(frame: ReceivedFrame, type: number, n: number, length: number, last: boolean, lost: boolean): void {
    const { writeBack, split, context } = this;
    const headerInfo = n === 0 ? split.info : 0;
    if (!last) {
      if (type === DESCRIPTOR_LEGACY) writeBack.legacyPart(this.addresses[PACKET]!, length);
      else writeBack.advancedPart(headerInfo, length);
      return;
    }
    let status = n === 0 ? split.errors : 0;
    if (lost) status |= ERROR.RXE;
    let tag = 0;
    if (this.hole !== 0x7fffffff) {
      status |= STATUS.VP;
      tag = frame.tags.control;
    }
    if (type === DESCRIPTOR_LEGACY) {
      const sum = packetSum(context.registers.values, frame.bytes, frame.start, frame.length);
      writeBack.legacy(frame, this.addresses[PACKET]!, status, length, tag, sum);
    } else {
      writeBack.advanced(frame, headerInfo, status, length, tag);
    }
  }

  /** Reads the addresses of a descriptor, which lies in `piece` if there is one; false where there is no memory. */
  private fetch(memory: GuestMemory, piece: MemoryPiece | undefined, address: number): boolean {
    const { addresses } = this;
    let dwords = this.fetched;
    let at = 0;
    if (piece !== undefined) {
      dwords = piece.dwords;
      at = (address - piece.base) >>> 2;
    } else if (!memory.read(address, this.fetchedBytes, 0, DESCRIPTOR_BYTES)) {
      return false;
    }
    addresses[PACKET] = dwords[at + 1]! * 0x1_0000_0000 + dwords[at]!;
    // Bit 0 is where the done bit will be; software writes it as 0.
    addresses[HEADER] = dwords[at + 3]! * 0x1_0000_0000 + ((dwords[at + 2]! & ~1) >>> 0);
    return true;
  }

  /**
   * Writes the 16 bytes so that a driver that polls DD and one that polls the length both find the rest in place: the lower
   * half first, then the upper at once.
   */
  private put(memory: GuestMemory, piece: MemoryPiece | undefined, address: number): void {
    const { dwords, bytes } = this.writeBack;
    if (piece === undefined) memory.write(address, bytes, 0, DESCRIPTOR_BYTES);
    else if (piece.window !== -1 && simd !== undefined) {
      simd.store(piece.window + (address - piece.base), dwords[0]!, dwords[1]!, dwords[2]!, dwords[3]!);
    } else piece.dwords.set(dwords, (address - piece.base) >>> 2);
  }

  /** Copies `count` bytes of the frame as stored, from `position` on, to guest memory; false where there is none. */
  private copyOut(
    memory: GuestMemory,
    address: number,
    frame: ReceivedFrame,
    position: number,
    count: number,
  ): boolean {
    if (count === 0 || address === 0) return true;
    const { hole } = this;
    const { bytes, start } = frame;
    const piece = memory.forWriting(address, count);
    if (position + count <= hole) return this.copyRun(memory, piece, address, bytes, start + position, count);
    if (position >= hole) return this.copyRun(memory, piece, address, bytes, start + position + TAG_BYTES, count);
    const before = hole - position;
    const from = start + hole + TAG_BYTES;
    return (
      this.copyRun(memory, piece, address, bytes, start + position, before) &&
      this.copyRun(memory, piece, address + before, bytes, from, count - before)
    );
  }

  private copyRun(
    memory: GuestMemory,
    piece: MemoryPiece | undefined,
    address: number,
    bytes: Uint8Array,
    from: number,
    count: number,
  ): boolean {
    if (piece === undefined) return memory.write(address, bytes, from, count);
    const to = address - piece.base;
    const target = piece.bytes;
    if (bytes === arena.bytes && piece.window !== -1) copyFromArena(piece, to, from, count);
    else if (count < SHORT_COPY) for (let n = 0; n < count; n += 1) target[to + n] = bytes[from + n]!;
    else target.set(this.views.of(bytes, from, count), to);
    return true;
  }
}

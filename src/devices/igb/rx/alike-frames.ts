/**
 * Frames of a run that go the way of the one before: from the wire to the same address with the same tag, or from a pool with the same
 * first 16 bytes, which decide where they go (switch/known-routes.ts); and where queues depend on it of the same flow. A model of that
 * one is written down, and each that is like it is looked at, compared, verified and copied by one call.
 */
import { arena, MODEL, MODEL_BYTES } from '../../../packet/arena.ts';
import { AHEAD } from './descriptors-ahead.ts';
import type { FastPlan } from './fast-plan.ts';
import type { FastStore, Lengths } from './fast-store.ts';
import { STATUS } from './offload.ts';
import { isLocal, origin } from './origin.ts';
import { type PlainFrame, removedBy, SHORT } from './plain-frame.ts';
import { MINIMUM_BYTES } from './size.ts';

const { bytes, dwords, simd } = arena;

const MODEL_AT = arena.reserve(MODEL_BYTES);
const MODEL_DWORD = MODEL_AT >>> 2;
/** Of the model's frame. */
const SEEN_BYTES = 64;
/** Dwords of the first 16 bytes that have to be the same: the destination, the type and what is behind it; or all. */
const KEY_OF_WIRE = Uint32Array.of(0xffff_ffff, 0xffff, 0, 0xffff_ffff);
const KEY_OF_POOL = new Uint32Array(4).fill(0xffff_ffff);

export class AlikeFrames {
  private readonly plan: FastPlan;
  private readonly frame: PlainFrame;
  private readonly store: FastStore;

  constructor(plan: FastPlan, frame: PlainFrame, store: FastStore) {
    this.plan = plan;
    this.frame = frame;
    this.store = store;
  }

  /**
   * After a frame was stored in `queues`: stores those of [first, end) that are like it, up to one that is not, which is returned.
   * `from` is one of `origin`.
   */
  follow(starts: Int32Array, lengths: Lengths, first: number, end: number, queues: number, from: number): number {
    const { frame, plan, store } = this;
    // What goes to several queues, or counts for groups, is no model.
    if ((queues & (queues - 1)) !== 0 || (bytes[frame.at]! & 1) !== 0) return first;
    const queue = 31 - Math.clz32(queues);
    const removed = removedBy(frame.strips, queue);
    const tagBytes = frame.untagged - frame.at;
    if (from >= origin.unfinished && tagBytes !== 0) return first;
    this.write(removed, tagBytes, from);
    // Whether checksums are verified before or while frames are copied is the same for all of them.
    const longest = tagBytes === 0 ? plan.longest : plan.longestTagged;
    const verifiesShort = from < origin.unfinished && (tagBytes === 0 || plan.stripsAll);
    const least = frame.unverified ? SHORT + tagBytes + 1 : MINIMUM_BYTES;
    const verified = frame.unverified || !verifiesShort ? longest : Math.min(SHORT + tagBytes, longest);
    const most = Math.min(verified, plan.bufferBytes[queue]! + removed);
    let at = first;
    while (at < end) {
      let fit = at;
      while (fit < end && fit - at < AHEAD && lengths[fit]! >= least && lengths[fit]! <= most) fit += 1;
      const next = store.storeAlike(MODEL_AT, queue, starts, lengths, at, fit, from);
      if (next === at) break;
      at = next;
    }
    if (at !== first) store.countAlike(queue, frame.at, lengths, first, at, from);
    return at;
  }

  /** Writes down what the frame at hand is. */
  private write(removed: number, tagBytes: number, from: number): void {
    const { frame, plan } = this;
    const local = isLocal(from);
    const status = local ? plan.statuses[frame.found]! | STATUS.LB : plan.statuses[frame.found]!;
    simd!.copy(MODEL_AT, frame.at, SEEN_BYTES);
    dwords[MODEL_DWORD + MODEL.found] = frame.found;
    dwords[MODEL_DWORD + MODEL.verified] = frame.unverified || from >= origin.unfinished ? 0 : 1;
    dwords[MODEL_DWORD + MODEL.bad] = frame.bad;
    dwords[MODEL_DWORD + MODEL.tagBytes] = tagBytes;
    dwords[MODEL_DWORD + MODEL.removed] = removed;
    dwords[MODEL_DWORD + MODEL.sameFlow] = plan.scales ? 1 : 0;
    dwords[MODEL_DWORD + MODEL.type] = frame.type;
    dwords[MODEL_DWORD + MODEL.second] = frame.second;
    dwords[MODEL_DWORD + MODEL.status] = removed === 0 ? status : status | STATUS.VP;
    dwords[MODEL_DWORD + MODEL.last] = removed === 0 ? 0 : frame.tag << 16;
    dwords[MODEL_DWORD + MODEL.identifies] = frame.identifies ? 1 : 0;
    dwords[MODEL_DWORD + MODEL.completes] = from === origin.unfinishedIpv4 ? 3 : from === origin.unfinished ? 1 : 0;
    const key = local ? KEY_OF_POOL : KEY_OF_WIRE;
    for (let n = 0; n < key.length; n += 1) dwords[MODEL_DWORD + MODEL.key + n] = key[n]!;
  }
}

/** The frame at hand on the short way: what is in it, and what its descriptors say. One object serves all frames. */
import { arena, inspected } from '../../../packet/arena.ts';
import type { FastPlan } from './fast-plan.ts';
import { STATUS } from './offload.ts';
import type { ReceiveSideScaling } from './rss.ts';
import { MINIMUM_BYTES } from './size.ts';
import { TAG_BYTES, UNTAGGED } from './vlan.ts';

const { bytes, simd } = arena;

/** From where an untagged frame begins. */
const IDENTIFICATION_AT = 18;
/** Checksums of frames up to this length, a tag not among it, are verified before they are copied: vectors do not pay. */
export const SHORT = 256;

export class PlainFrame {
  /** Where it is in the arena, and its tag or UNTAGGED. */
  at: number;
  tag: number;
  /** Where the rest of it begins as if it had no tag. */
  untagged: number;
  /** Bits of `inspected`. */
  found: number;
  /** Its transport checksum is yet to be verified, while it is copied. */
  unverified: boolean;
  /** Dwords of its write-back, but for what a stripped tag and its length add. */
  type: number;
  second: number;
  status: number;
  private readonly plan: FastPlan;
  private readonly scaling: ReceiveSideScaling;

  constructor(plan: FastPlan, scaling: ReceiveSideScaling) {
    this.at = 0;
    this.tag = UNTAGGED;
    this.untagged = 0;
    this.found = 0;
    this.unverified = false;
    this.type = 0;
    this.second = 0;
    this.status = 0;
    this.plan = plan;
    this.scaling = scaling;
  }

  /** Takes the frame at `at` in the arena; false where it is none for the short way. */
  take(at: number, length: number, knownGood: boolean): boolean {
    const { plan } = this;
    this.at = at;
    this.tag = UNTAGGED;
    this.untagged = at;
    let { longest } = plan;
    let rest = length;
    // 802.1Q: the plan wants no other type of tags.
    if (bytes[at + 12] === 0x81 && bytes[at + 13] === 0) {
      this.tag = (bytes[at + 14]! << 8) | bytes[at + 15]!;
      this.untagged = at + TAG_BYTES;
      longest = plan.longestTagged;
      rest = length - TAG_BYTES;
    }
    if (length < MINIMUM_BYTES || length > longest) return false;
    this.unverified = !knownGood && rest > SHORT && (rest === length || plan.stripsAll);
    this.found = simd!.inspect(this.untagged, rest, knownGood || this.unverified ? 0 : 1);
    return this.found !== 0;
  }

  /** Takes a frame in which the same is as in an earlier one, with its untagged headers at `at`. */
  takeAlike(at: number, found: number): void {
    this.at = at;
    this.tag = UNTAGGED;
    this.untagged = at;
    this.found = found;
  }

  /** Works out its hash, where queues depend on it. */
  hash(): void {
    const { plan, scaling, found } = this;
    if (!plan.scales) scaling.none();
    else scaling.classifyPlain(plan.rssTypes[found]!, (found & inspected.ipv6) === 0, bytes, this.untagged);
  }

  /** Queues that take its tag out, a bit each. */
  get strips(): number {
    const { plan, at } = this;
    if (this.tag === UNTAGGED) return 0;
    return (bytes[at]! & 1) !== 0 && !isBroadcast(at) ? plan.stripsMulticasts : plan.stripsOthers;
  }

  /** What its status gets if its checksum, verified while it is copied, is wrong; 0 where it is not verified then. */
  get bad(): number {
    const { statuses } = this.plan;
    const { found } = this;
    if (!this.unverified || (found & inspected.unchecked) !== 0) return 0;
    return statuses[found | inspected.badTransport]! & ~statuses[found]!;
  }

  /** The second dword of its descriptors is the IP identification. */
  get identifies(): boolean {
    return !this.plan.reportsHash && (this.found & inspected.ipv6) === 0;
  }

  /** Sets what its descriptors say; `local`: it comes from a pool. */
  compose(local: boolean): void {
    const { plan, scaling, found, untagged } = this;
    this.status = local ? plan.statuses[found]! | STATUS.LB : plan.statuses[found]!;
    this.type = plan.types[found]!;
    this.second = 0;
    if (plan.reportsHash) {
      this.type |= scaling.type;
      this.second = scaling.hash;
    } else if (this.identifies) {
      this.second = (bytes[untagged + IDENTIFICATION_AT]! << 8) | bytes[untagged + IDENTIFICATION_AT + 1]!;
    }
  }
}

/** Bytes of the tag that a queue takes out, by `strips`. */
export function removedBy(strips: number, queue: number): number {
  return ((strips >>> queue) & 1) * TAG_BYTES;
}

function isBroadcast(at: number): boolean {
  for (let n = 0; n < 6; n += 1) if (bytes[at + n] !== 0xff) return false;
  return true;
}

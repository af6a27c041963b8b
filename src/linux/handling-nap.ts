/**
 * How long to be deaf to a guest that was interrupted. While it handles that it posts: buffers it gives back, its vector unmasked.
 * Nothing waits for these, but where we sleep each costs the guest's thread a wake-up, which takes longer than what it posts. So we
 * nap, as long as what we find then made no work, and hardly where the guest is faster than that.
 */

const SHORTEST_NS = 40_000;
const LONGEST_NS = 200_000;
const STEP_NS = 10_000;
/** Interrupts without a nap after one of the shortest was too long: doubled each time. */
const LONGEST_REST = 1024;

export class HandlingNap {
  private lengthNs: number;
  private rest: number;
  private resting: number;
  /** What the turn at hand is about was posted while we napped. */
  private napped: boolean;

  constructor() {
    this.lengthNs = SHORTEST_NS;
    this.rest = 1;
    this.resting = 0;
    this.napped = false;
  }

  /** A guest was interrupted, and we have nothing to do: for how long to nap, 0 for not at all. */
  begin(): number {
    if (this.resting > 0) {
      this.resting -= 1;
      return 0;
    }
    this.napped = true;
    return this.lengthNs;
  }

  /** The nap was ended by something else than its time, which says nothing. */
  cutShort(): void {
    this.napped = false;
  }

  /** A turn has ended; `worked`: what came made work, or led to a reply or an interrupt, for which somebody may have waited. */
  turned(worked: boolean): void {
    if (!this.napped) return;
    this.napped = false;
    if (!worked) {
      this.lengthNs = Math.min(this.lengthNs + STEP_NS, LONGEST_NS);
      this.rest = 1;
    } else if (this.lengthNs > SHORTEST_NS) {
      this.lengthNs = Math.max((this.lengthNs * 3) / 4, SHORTEST_NS);
    } else {
      this.resting = this.rest;
      this.rest = Math.min(this.rest * 2, LONGEST_REST);
    }
  }
}

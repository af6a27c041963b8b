/**
 * Whether to look on for events before the thread sleeps. Waking a thread on a processor that sleeps costs tens of
 * microseconds of the one who wakes and of the one woken; while a guest is busy its next access often comes sooner. It is
 * done after short waits only, so never by an idle thread, and for as long as more than half of the looking on pays: what
 * comes in vain makes it seldom. On a processor that the sender needs as well it never pays.
 *
 * Who was answered goes on at once: for him it is worth looking. Who only posts does not wait for us, but pays for our
 * waking up: then we nap, deaf for about as long as waking us twice would take, and find what has gathered. Where posts come
 * close to each other, as those of a guest that sends datagrams do, naps grow longer.
 */

/** For how long at most: about what is saved. */
const WINDOW_NS = 50_000;
/** A wait of at most this long lets the next one be short too. */
const SHORT_WAIT_NS = 100_000;
/** Between two looks: longer only where another thread had our processor meanwhile. */
const PREEMPTED_NS = 3000;
const LONGEST_REST = 1024;
/** What a turn weighs for a nap: who gets an answer of us, a reply or an interrupt, may have waited for it and go on at once. */
const UNANSWERED = 1;
const ANSWERED = -4;
/** From this weight on we nap, and how far it may grow. */
const NAP_WEIGHT = 8;
const MAX_WEIGHT = 16;
const NAP_NS = 80_000;
const LONGEST_NAP_NS = 320_000;
/** Posts that come this close make naps longer, as long as none brings so many that a ring might fill meanwhile. */
const CLOSE_NS = 160_000;
const MANY_POSTS = 32;

export class HaltPolling {
  /** For how long to look on in this wait; 0 for not at all. */
  windowNs: number;
  /** Short waits without looking on after the next time that it was in vain. */
  private rest: number;
  private resting: number;
  private napWeight: number;
  private napForNs: number;
  /** What the turn at hand is about came while we napped. */
  private napped: boolean;

  constructor() {
    this.windowNs = 0;
    this.rest = 1;
    this.resting = 0;
    this.napWeight = 0;
    this.napForNs = NAP_NS;
    this.napped = false;
  }

  /** For how long to nap instead of looking on; 0 for looking on. */
  get napNs(): number {
    return this.napWeight >= NAP_WEIGHT ? this.napForNs : 0;
  }

  /** A turn has ended, with `posts` that nobody waits for; `answered`: somebody got a reply or an interrupt. */
  turned(answered: boolean, posts: number): void {
    const weight = this.napWeight + (answered ? ANSWERED : UNANSWERED);
    this.napWeight = Math.min(Math.max(weight, 0), MAX_WEIGHT);
    if (!this.napped) return;
    this.napped = false;
    const longer = posts <= MANY_POSTS && posts * CLOSE_NS >= this.napForNs;
    this.napForNs = longer ? Math.min(this.napForNs * 2, LONGEST_NAP_NS) : Math.max(this.napForNs / 2, NAP_NS);
  }

  /** Something came while we looked on; `longestNs` passed between two looks at most. */
  found(longestNs: number): void {
    if (longestNs > PREEMPTED_NS) this.inVain();
    else this.rest = Math.max(this.rest / 2, 1);
  }

  /** Something came while we napped. */
  foundAfterNap(): void {
    this.napped = true;
    this.found(0);
  }

  /** The thread slept for so long, after the window where there was one. */
  slept(durationNs: number): void {
    if (this.windowNs > 0) this.inVain();
    this.windowNs = 0;
    if (durationNs > SHORT_WAIT_NS) return;
    if (this.resting > 0) this.resting -= 1;
    else this.windowNs = WINDOW_NS;
  }

  private inVain(): void {
    this.windowNs = 0;
    this.resting = this.rest;
    this.rest = Math.min(this.rest * 2, LONGEST_REST);
  }
}

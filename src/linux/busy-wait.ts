/** How a thread waits while there is much to do: it looks on or naps for as long as that is worth it, then sleeps. */
import type { Epoll } from './epoll.ts';
import { HaltPolling } from './halt-polling.ts';
import { HandlingNap } from './handling-nap.ts';

export class BusyWait {
  private readonly epoll: Epoll;
  /** ns. */
  private readonly now: () => number;
  private readonly polling: HaltPolling;
  private readonly handlingNap: HandlingNap;
  /** Somebody gets a reply in the turn at hand, or an interrupt. */
  private replying: boolean;
  private interrupting: boolean;
  /** The turn before this wait interrupted a guest, and nobody got a reply. */
  private handling: boolean;
  /** What came in the turn at hand that nobody waits for. */
  private posts: number;

  constructor(epoll: Epoll, now: () => number) {
    this.epoll = epoll;
    this.now = now;
    this.polling = new HaltPolling();
    this.handlingNap = new HandlingNap();
    this.replying = false;
    this.interrupting = false;
    this.handling = false;
    this.posts = 0;
  }

  /** See EventLoop. */
  replied(): void {
    this.replying = true;
  }

  interrupted(): void {
    this.interrupting = true;
  }

  posted(): void {
    this.posts += 1;
  }

  /** A turn has ended; `worked`: tasks had to run. */
  turned(worked: boolean): void {
    const answered = this.replying || this.interrupting;
    this.polling.turned(answered, this.posts);
    this.handlingNap.turned(worked || answered);
    this.handling = this.interrupting && !this.replying;
    this.replying = false;
    this.interrupting = false;
    this.posts = 0;
  }

  /** Waits for events, for at most `waitNs`; returns how many there are. */
  wait(waitNs: number): number {
    const { polling } = this;
    let now = this.now();
    const until = now + waitNs;
    if (this.handling) {
      this.handling = false;
      const count = this.napWhileHandling(waitNs);
      if (count > 0) return count;
      now = this.now();
      if (now >= until) return 0;
    }
    if (polling.windowNs > 0) {
      const { napNs } = polling;
      const count = napNs > 0 ? this.nap(Math.min(waitNs, napNs)) : this.lookOn(now, until);
      if (count > 0) return count;
      now = this.now();
      if (now >= until) return 0;
    }
    const count = this.epoll.sleep(until - now);
    polling.slept(this.now() - now);
    return count;
  }

  /** One guest's interrupt must not keep another waiting. */
  private napWhileHandling(waitNs: number): number {
    if (this.epoll.guestsWatched !== 1) return 0;
    const napNs = this.handlingNap.begin();
    if (napNs === 0) return 0;
    if (this.epoll.napFromGuests(Math.min(napNs, waitNs)) || napNs > waitNs) this.handlingNap.cutShort();
    const count = this.epoll.look();
    if (count === 0) this.handlingNap.turned(false);
    return count;
  }

  private nap(durationNs: number): number {
    const count = this.epoll.nap(durationNs);
    if (count > 0) this.polling.foundAfterNap();
    return count;
  }

  private lookOn(beginNs: number, until: number): number {
    const { polling } = this;
    const end = Math.min(until, beginNs + polling.windowNs);
    let now = beginNs;
    let longestNs = 0;
    do {
      const count = this.epoll.look();
      const before = now;
      now = this.now();
      longestNs = Math.max(longestNs, now - before);
      if (count > 0) {
        polling.found(longestNs);
        return count;
      }
    } while (now < end);
    return 0;
  }
}

/**
 * Says whether a device is at work. While it handles an access or runs its own work, a further access to it is refused by the bus
 * code: DMA that a guest aims at the device's own registers cannot re-enter it (CVE-2021-3750, CVE-2023-3019). Functions
 * that share state (a PF and its VFs) share one guard.
 */
export class AccessGuard {
  busy: boolean;
  /** Accesses refused so far. */
  refused: number;

  constructor() {
    this.busy = false;
    this.refused = 0;
  }

  /** Begins an access: false, and counted, while the device is at work. */
  enter(): boolean {
    if (this.busy) {
      this.refused += 1;
      return false;
    }
    this.busy = true;
    return true;
  }

  leave(): void {
    this.busy = false;
  }

  /** Begins the device's own work (a task, a timer, a frame that arrives), which may nest; give the result to `endWork`. */
  beginWork(): boolean {
    const before = this.busy;
    this.busy = true;
    return before;
  }

  endWork(before: boolean): void {
    this.busy = before;
  }
}

import type { AssembledNic } from '../assembled-nic.ts';

/** Holds up the device's own work; accesses are answered. */
export function stop({ runState }: AssembledNic): void {
  runState.stop();
}

/** The device goes on, and machines that stand at a breakpoint. */
export function cont({ breaks }: AssembledNic): void {
  breaks.cont();
}

/** The device works; false from `stop` to `cont`. */
export function isRunning({ runState }: AssembledNic): boolean {
  return runState.running;
}

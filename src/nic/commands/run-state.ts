import type { AssembledNic } from '../assembled-nic.ts';

/** Holds up the device's own work; accesses are answered. */
export function stop({ runState }: AssembledNic): void {
  runState.stop();
}

export function cont({ runState }: AssembledNic): void {
  runState.cont();
}

/** The device works; false from `stop` to `cont`. */
export function isRunning({ runState }: AssembledNic): boolean {
  return runState.running;
}

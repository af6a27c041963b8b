import type { FrameOffload } from './wire.ts';

/** Where a captured frame was seen, packed into one integer by `placeOf`. */
export const place = {
  /** The device sent it; otherwise it received it. */
  outbound: 1,
  /** At the wire; otherwise at a queue, or nowhere yet. */
  wire: 2,
  queueShift: 2,
  queueMask: 0x1f,
  functionShift: 7,
  functionMask: 0xf,
  poolShift: 11,
  poolMask: 0xf,
  /** Of the chip's second port. */
  secondPort: 1 << 15,
} as const;
/** In place of a queue, function or pool: none. */
export const NOWHERE = -1;

/** Queue, function (0 the PF, 1 + v VF v) and pool may be NOWHERE. `flags` has `outbound` and `wire`. */
export function placeOf(flags: number, queue: number, fn: number, pool: number): number {
  return (
    flags |
    ((queue & place.queueMask) << place.queueShift) |
    ((fn & place.functionMask) << place.functionShift) |
    ((pool & place.poolMask) << place.poolShift)
  );
}

/** Places in `FrameCapture.on`: frames at the wire, at queues, and those that are dropped. */
export const capturedAt = { wire: 0, queues: 1, drops: 2 } as const;

/**
 * Takes a copy of a frame as it is at this place. `reason` is the trace event of its drop, -1 of a frame that goes on;
 * `bytes` may hold less than the frame: the first `kept` bytes, none where the data could not be read. `packet` is its
 * number, 0 for none.
 */
export type TakeFrame = (
  at: number,
  reason: number,
  packet: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  kept: number,
  offload: FrameOffload | undefined,
) => void;

/**
 * Frames at the points of a device, for captures. The caller tests its byte of `on` before each call, so that nobody's
 * capture costs one load.
 */
export interface FrameCapture {
  /** By `capturedAt`, not 0 while such a point is captured. */
  readonly on: Uint8Array;
  readonly frame: TakeFrame;
}

/** Nobody captures. */
export const noCapture: FrameCapture = { on: new Uint8Array(3), frame: () => undefined };

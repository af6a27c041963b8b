/** What breakpoints are asked about: a trace event as it is emitted, or a frame at a point of the device. One object is used again. */
export class Moment {
  /** Number of the event; -1 for a frame. */
  event: number;
  /** Of the chip's two. */
  port: number;
  /** As many as the event has. */
  readonly args: number[];
  /** Number of the packet that is worked on, 0 for none. */
  packet: number;
  bytes: Uint8Array | undefined;
  offset: number;
  length: number;

  constructor() {
    this.event = -1;
    this.port = 0;
    this.args = [0, 0, 0, 0, 0];
    this.packet = 0;
    this.bytes = undefined;
    this.offset = 0;
    this.length = 0;
  }
}

/** True at the moments that are meant. */
export type Predicate = (moment: Moment) => boolean;

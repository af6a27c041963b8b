/**
 * Which received packets are time stamped (reference §4.9, §8.7): PTP messages that TSYNCRXCTL.TYPE and TSYNCRXCFG select and
 * that an EtherType filter, or over UDP a 5-tuple filter, marks for it. One stamp is held at a time, until software reads it.
 */
import { etherTypes, ipProtocols } from '../../../packet/protocols.ts';
import type { ReceivedFrame } from '../rx/frame.ts';
import { wireDword } from '../rx/tuple-filters.ts';
import { pf } from '../tables/index.ts';
import type { PortTime } from './time.ts';

const { ETQF, FTQF, TSYNCRXCFG, TSYNCRXCTL } = pf;

/** TSYNCRXCTL.TYPE. */
const TYPE_L2_V2 = 0;
const TYPE_L4_V1 = 1;
const TYPE_L2_L4_V2 = 2;
const TYPE_ALL = 4;
const TYPE_EVENT_V2 = 5;

/** A PTP header: common part of version 2, and as far as version 1 is looked at. */
const MESSAGE_BYTES = 34;
const VERSION_AT = 1;
const V1_SOURCE_AT = 22;
const V2_SOURCE_AT = 20;
const SEQUENCE_AT = 30;
const V1_CONTROL_AT = 32;
/** Sync, Delay_Req, Pdelay_Req and Pdelay_Resp are the messages below it. */
const FIRST_GENERAL_MESSAGE = 4;
const UDP_HEADER_BYTES = 8;

export class ReceiveStamps {
  private readonly values: Uint32Array;
  private readonly time: PortTime;
  private arrivedNs: number;

  constructor(values: Uint32Array, time: PortTime) {
    this.values = values;
    this.time = time;
    this.arrivedNs = 0;
  }

  /** A frame begins to arrive: what its stamp will say, however long it then takes to tell what it is. */
  arrives(): void {
    if ((this.values[TSYNCRXCTL.index]! & TSYNCRXCTL.EN.mask) !== 0) this.arrivedNs = this.time.arrivalNs();
  }

  /** Stamps a classified frame from the wire if it is to be; true then, for its descriptor to say so. */
  received(frame: ReceivedFrame): boolean {
    const control = this.values[TSYNCRXCTL.index]!;
    if ((control & (TSYNCRXCTL.EN.mask | TSYNCRXCTL.VALID.mask)) !== TSYNCRXCTL.EN.mask) return false;
    const type = (control & TSYNCRXCTL.TYPE.mask) >>> TSYNCRXCTL.TYPE.shift;
    const layer2 = frame.headers.etherType === etherTypes.ptp;
    const at = layer2 ? frame.headers.l3Offset : frame.headers.l4Offset + UDP_HEADER_BYTES;
    const isMessage = at + MESSAGE_BYTES <= frame.length;
    if (type === TYPE_ALL) {
      this.hold(frame, isMessage && (layer2 || frame.headers.protocol === ipProtocols.udp) ? at : -1);
      return true;
    }
    if (!isMessage || !this.selects(type, layer2, frame.bytes, frame.start + at)) return false;
    if (!(layer2 ? this.etherTypeMarks(frame) : this.tupleMarks(frame))) return false;
    this.hold(frame, at);
    return true;
  }

  /** The kind of message, by its bytes at `at`. */
  private selects(type: number, layer2: boolean, bytes: Uint8Array, at: number): boolean {
    const version = bytes[at + VERSION_AT]! & 0xf;
    const message = bytes[at]! & 0xf;
    const config = this.values[TSYNCRXCFG.index]!;
    const chosen = (config & TSYNCRXCFG.MSGT.mask) >>> TSYNCRXCFG.MSGT.shift;
    switch (type) {
      case TYPE_L2_V2:
        return layer2 && version === 2 && message === chosen;
      case TYPE_L4_V1:
        return !layer2 && version === 1 && bytes[at + V1_CONTROL_AT] === (config & TSYNCRXCFG.CTRLT.mask);
      case TYPE_L2_L4_V2:
        return version === 2 && message === chosen;
      case TYPE_EVENT_V2:
        return version === 2 && message < FIRST_GENERAL_MESSAGE;
      default:
        return false;
    }
  }

  private etherTypeMarks(frame: ReceivedFrame): boolean {
    if (frame.etherTypeFilter < 0) return false;
    return (this.values[ETQF.index + frame.etherTypeFilter * ETQF.step]! & ETQF.TIMESTAMP.mask) !== 0;
  }

  private tupleMarks(frame: ReceivedFrame): boolean {
    const { headers } = frame;
    if (headers.protocol !== ipProtocols.udp || headers.l4Length === 0) return false;
    for (let rest = frame.tuples; rest !== 0; rest &= rest - 1) {
      const entry = 31 - Math.clz32(rest & -rest);
      if ((this.values[FTQF.index + entry]! & FTQF.TIMESTAMP.mask) !== 0) return true;
    }
    return false;
  }

  /** `at` is the offset of the PTP message in the frame, or -1: then nothing is known of its source. */
  private hold(frame: ReceivedFrame, at: number): void {
    if (at < 0) {
      this.time.rxStamp(0, 0, this.arrivedNs);
      return;
    }
    const { bytes } = frame;
    const message = frame.start + at;
    const source = message + ((bytes[message + VERSION_AT]! & 0xf) === 1 ? V1_SOURCE_AT : V2_SOURCE_AT);
    const low = wireDword(bytes, source);
    const sequence = bytes[message + SEQUENCE_AT]! | (bytes[message + SEQUENCE_AT + 1]! << 8);
    this.time.rxStamp(low, bytes[source + 4]! | (bytes[source + 5]! << 8) | (sequence << 16), this.arrivedNs);
  }
}

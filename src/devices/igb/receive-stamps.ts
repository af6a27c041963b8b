/**
 * Which received packets are time stamped (reference §4.9, §8.7): PTP messages that TSYNCRXCTL.TYPE and TSYNCRXCFG select and
 * that an EtherType filter, or over UDP a 5-tuple filter, marks for it. One stamp is held at a time, until software reads it.
 */
import { etherTypes, ipProtocols } from '../../packet/protocols.ts';
import type { ReceivedFrame } from './rx/frame.ts';
import { pf } from './tables/index.ts';
import type { PortTime } from './time.ts';

const { DAQF, ETQF, FTQF, IMIR, SAQF, SPQF, TSYNCRXCFG, TSYNCRXCTL } = pf;

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

  constructor(values: Uint32Array, time: PortTime) {
    this.values = values;
    this.time = time;
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
    for (let entry = 0; entry < FTQF.count; entry += 1) {
      const filter = this.values[FTQF.index + entry]!;
      if ((filter & FTQF.TIMESTAMP.mask) !== 0 && this.tupleMatches(frame, entry, filter)) return true;
    }
    return false;
  }

  /** Ports and addresses are stored as on the wire, the first byte lowest. Addresses are those of IPv4. */
  private tupleMatches(frame: ReceivedFrame, entry: number, filter: number): boolean {
    const { values } = this;
    const { headers } = frame;
    if ((filter & FTQF.MASK_PROTOCOL.mask) === 0 && (filter & FTQF.PROTOCOL.mask) !== headers.protocol) return false;
    const immediate = values[IMIR.index + entry]!;
    const destination = swapped(immediate & IMIR.PORT.mask);
    if ((immediate & IMIR.PORT_BP.mask) === 0 && destination !== headers.destinationPort) return false;
    const source = swapped(values[SPQF.index + entry]! & 0xffff);
    if ((filter & FTQF.MASK_SOURCE_PORT.mask) === 0 && source !== headers.sourcePort) return false;
    const anySource = (filter & FTQF.MASK_SOURCE.mask) !== 0;
    const anyDestination = (filter & FTQF.MASK_DESTINATION.mask) !== 0;
    if (anySource && anyDestination) return true;
    if (headers.ipVersion !== 4) return false;
    const at = frame.start + headers.l3Offset;
    if (!anySource && wireDword(frame.bytes, at + 12) !== values[SAQF.index + entry]!) return false;
    return anyDestination || wireDword(frame.bytes, at + 16) === values[DAQF.index + entry]!;
  }

  /** `at` is the offset of the PTP message in the frame, or -1: then nothing is known of its source. */
  private hold(frame: ReceivedFrame, at: number): void {
    if (at < 0) {
      this.time.rxStamp(0, 0);
      return;
    }
    const { bytes } = frame;
    const message = frame.start + at;
    const source = message + ((bytes[message + VERSION_AT]! & 0xf) === 1 ? V1_SOURCE_AT : V2_SOURCE_AT);
    const low = wireDword(bytes, source);
    const sequence = bytes[message + SEQUENCE_AT]! | (bytes[message + SEQUENCE_AT + 1]! << 8);
    this.time.rxStamp(low, bytes[source + 4]! | (bytes[source + 5]! << 8) | (sequence << 16));
  }
}

const swapped = (port: number): number => ((port & 0xff) << 8) | (port >>> 8);

/** Four bytes, the first lowest, unsigned. */
function wireDword(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

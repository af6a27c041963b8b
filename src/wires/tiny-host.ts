/** For tests: a host of one address and one TCP connection behind a wire, which leaves checksums to the other side. */
import type { FrameOffload, Wire, WirePort } from '../ports/index.ts';

const ETHERNET = 14;
const IP = 20;
const TCP = 20;
const HEADERS = ETHERNET + IP + TCP;
const SYN = 2;
const ACK = 16;
const PSH = 8;

export interface SeenFrame {
  readonly bytes: Uint8Array;
  readonly offload: FrameOffload | undefined;
}

export class TinyHost implements WirePort {
  readonly mac = Uint8Array.of(2, 0, 0, 0, 0, 2);
  readonly frames: SeenFrame[];
  /** TCP payload received so far. */
  received: Uint8Array;
  private readonly wire: Wire;
  private acknowledge: number;
  private sequence: number;
  private peerPort: number;
  private last: Uint8Array | undefined;

  constructor(wire: Wire) {
    this.wire = wire;
    this.frames = [];
    this.received = new Uint8Array(0);
    this.acknowledge = 0;
    this.sequence = 1000;
    this.peerPort = 0;
    this.last = undefined;
    wire.plug(this);
  }

  canReceive(): boolean {
    return true;
  }

  carrierChanged(): void {
    this.last = undefined;
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const frame = bytes.slice(offset, offset + length);
    this.frames.push({ bytes: frame, offload: offload && { ...offload } });
    const view = new DataView(frame.buffer);
    if (view.getUint16(12) !== 0x0800 || frame[ETHERNET + 9] !== 6) return;
    const peerPort = view.getUint16(ETHERNET + IP);
    if ((frame[ETHERNET + IP + 13]! & SYN) !== 0) this.peerPort = peerPort;
    if (peerPort !== this.peerPort) return;
    this.last = frame;
    const header = ETHERNET + IP + (frame[ETHERNET + IP + 12]! >> 4) * 4;
    const end = ETHERNET + view.getUint16(ETHERNET + 2);
    const flags = frame[ETHERNET + IP + 13]!;
    const sequence = view.getUint32(ETHERNET + IP + 4);
    if ((flags & SYN) !== 0) {
      this.acknowledge = (sequence + 1) >>> 0;
      this.sendTcp(SYN | ACK, new Uint8Array(0));
      this.sequence += 1;
    } else if (end > header && sequence === this.acknowledge) {
      this.received = Uint8Array.from([...this.received, ...frame.subarray(header, end)]);
      this.acknowledge = (sequence + end - header) >>> 0;
      this.sendTcp(ACK, new Uint8Array(0));
    }
  }

  /** Sends payload on the connection in one frame; beyond a segment's size the kernel behind the wire sees it as several. */
  sendData(payload: Uint8Array, segmentSize: number): void {
    this.sendTcp(ACK | PSH, payload, segmentSize);
    this.sequence += payload.length;
  }

  private sendTcp(flags: number, payload: Uint8Array, segmentSize = 0): void {
    const peer = this.last!;
    const frame = new Uint8Array(HEADERS + (flags & SYN ? 4 : 0) + payload.length);
    const options = flags & SYN ? 4 : 0;
    const view = new DataView(frame.buffer);
    frame.set(peer.subarray(6, 12), 0);
    frame.set(this.mac, 6);
    view.setUint16(12, 0x0800);
    frame[ETHERNET] = 0x45;
    view.setUint16(ETHERNET + 2, frame.length - ETHERNET);
    frame[ETHERNET + 8] = 64;
    frame[ETHERNET + 9] = 6;
    frame.set(peer.subarray(ETHERNET + 16, ETHERNET + 20), ETHERNET + 12);
    frame.set(peer.subarray(ETHERNET + 12, ETHERNET + 16), ETHERNET + 16);
    view.setUint16(ETHERNET + 10, ~sum(view, ETHERNET, ETHERNET + IP, 0) & 0xffff);
    const tcp = ETHERNET + IP;
    frame.set(peer.subarray(tcp + 2, tcp + 4), tcp);
    frame.set(peer.subarray(tcp, tcp + 2), tcp + 2);
    view.setUint32(tcp + 4, this.sequence);
    view.setUint32(tcp + 8, this.acknowledge);
    frame[tcp + 12] = ((TCP + options) / 4) << 4;
    frame[tcp + 13] = flags;
    view.setUint16(tcp + 14, 65535);
    // The MSS option: 1,460.
    if (options > 0) frame.set([2, 4, 5, 0xb4], tcp + TCP);
    frame.set(payload, HEADERS + options);
    view.setUint16(tcp + 16, sum(view, ETHERNET + 12, ETHERNET + 20, 6 + frame.length - tcp));
    const offload: FrameOffload = {
      needsChecksum: true,
      checksumStart: tcp,
      checksumOffset: 16,
      segmentation: segmentSize > 0 ? 'tcp4' : 'none',
      headerLength: HEADERS,
      segmentSize,
    };
    this.wire.send(frame, 0, frame.length, offload);
  }
}

/** Folded one's complement sum of the words of [from, to). */
function sum(view: DataView, from: number, to: number, start: number): number {
  let total = start;
  for (let at = from; at < to; at += 2) total += view.getUint16(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

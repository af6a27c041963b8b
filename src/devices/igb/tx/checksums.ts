/** The checksums that a single frame's descriptor asks for (§5.4), made in the arena or left to the wire. */
import { ipProtocols } from '../../../packet/index.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import { l4Type, option } from './descriptor.ts';
import {
  checksumOffsetOf,
  checksumsCover,
  fillIpv4Checksum,
  fillSctpChecksum,
  fillTransportChecksum,
  placeSeed,
  transportLength,
} from './offload.ts';
import { route } from './parts.ts';

const LEAST_IP_HEADER = 20;

/** Whether a transport header, of which TXSM wants the checksum, is within the `available` bytes from the IP header on. */
export function hasTransport(l4: number, ipLength: number, available: number): boolean {
  const least = l4 === l4Type.TCP ? 20 : 8 + 4 * (l4 >>> 1);
  return ipLength >= LEAST_IP_HEADER && ipLength + least <= available;
}

/** One object serves all frames. */
export class Checksums {
  /** The transport checksum of the last frame was made, from headers that a receiver reads the same way. */
  known: boolean;
  readonly #offload: FrameOffload;

  constructor() {
    this.known = false;
    this.#offload = {
      needsChecksum: true,
      checksumStart: 0,
      checksumOffset: 0,
      segmentation: 'none',
      headerLength: 0,
      segmentSize: 0,
    };
  }

  /**
   * Completes the frame in [frame, end) of the arena with headers at `l3` and `l4`, as bits of `option` ask for; returns what is left
   * to the wire. `ways` are bits of `route`; where TXSM is asked for `hasTransport` holds.
   */
  complete(
    options: number,
    type: number,
    frame: number,
    l3: number,
    l4: number,
    end: number,
    ways: number,
  ): FrameOffload | undefined {
    this.known = false;
    if ((options & option.IXSM) !== 0) fillIpv4Checksum(l3, l4 - l3, end - l3);
    if ((options & option.TXSM) === 0) return undefined;
    const length = transportLength(l3, l4, end);
    if (type >= l4Type.SCTP) {
      if (type === l4Type.SCTP) fillSctpChecksum(l4, length);
      return undefined;
    }
    const protocol = type === l4Type.TCP ? ipProtocols.tcp : ipProtocols.udp;
    const wholeOnly = (ways & (route.whole | route.pools)) === route.whole;
    if (l4 + length !== end || !wholeOnly) {
      fillTransportChecksum(l3, l4, protocol, length);
      this.known = checksumsCover(l3, l4, protocol);
      return undefined;
    }
    placeSeed(l3, l4, protocol, length);
    this.#offload.checksumStart = l4 - frame;
    this.#offload.checksumOffset = checksumOffsetOf(protocol);
    return this.#offload;
  }
}

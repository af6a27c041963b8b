/** How a frame is divided between header buffer and packet buffers (03 §3.7). */
import { ipProtocols } from '../../../packet/protocols.ts';
import type { PacketHeaders } from '../../../packet/headers.ts';
import { ERROR } from './offload.ts';
import { DESCRIPTOR_SPLIT, DESCRIPTOR_SPLIT_ALWAYS } from './ring.ts';

/** HDR_LEN has ten bits. */
const LONGEST_HEADER = 0x3ff;
const SPLIT_HEADER = 0x8000_0000;

/**
 * Bytes of headers that split off, 0 where the frame cannot be split: behind TCP or UDP of a whole packet, otherwise behind
 * IP. PSRTYPE is not asked: its bits are unknown for this chip and no stock driver writes it.
 */
function headerLength(headers: PacketHeaders, splitsFragments: boolean): number {
  if (headers.ipVersion === 0) return 0;
  if (headers.fragment) return splitsFragments ? headers.l3Offset + headers.l3Length : 0;
  const { protocol } = headers;
  if (headers.l4Length > 0 && (protocol === ipProtocols.tcp || protocol === ipProtocols.udp)) {
    return headers.l4Offset + headers.l4Length;
  }
  return headers.l3Offset + headers.l3Length;
}

export class HeaderSplit {
  /** Bytes that go to the header buffer of the first descriptor. */
  bytes: number;
  /** HDR_LEN and SPH in place, for dword 0 of the write-back. */
  info: number;
  /** HBO, for dword 2. */
  errors: number;

  constructor() {
    this.bytes = 0;
    this.info = 0;
    this.errors = 0;
  }

  /** Everything to packet buffers. */
  none(): void {
    this.bytes = 0;
    this.info = 0;
    this.errors = 0;
  }

  /**
   * Plans for a frame of `total` bytes as stored, `removed` of which were taken out of its headers (a VLAN tag), with header
   * buffers of `headerBytes`. Replication (types 3 and 4) is treated as one buffer: what it does exactly is unknown.
   */
  plan(
    descriptorType: number,
    headerBytes: number,
    headers: PacketHeaders,
    total: number,
    removed: number,
    splitsFragments: boolean,
  ): void {
    this.none();
    const always = descriptorType === DESCRIPTOR_SPLIT_ALWAYS;
    if ((!always && descriptorType !== DESCRIPTOR_SPLIT) || headerBytes === 0) return;
    if (always && total <= headerBytes) {
      this.bytes = total;
      this.info = total << 21;
      return;
    }
    const length = headerLength(headers, splitsFragments);
    if (length === 0) {
      if (!always) return;
      this.bytes = headerBytes;
      this.info = headerBytes << 21;
      return;
    }
    const stored = Math.min(length - removed, LONGEST_HEADER);
    this.info = ((stored << 21) | SPLIT_HEADER) >>> 0;
    if (stored <= headerBytes) {
      this.bytes = stored;
      return;
    }
    this.errors = ERROR.HBO;
    this.bytes = always ? headerBytes : 0;
  }
}

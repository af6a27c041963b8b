/**
 * Fifty decisions of the device, each with the change that turns it over. `npm run test:mutate` makes them one at a time and
 * expects the conformance suite to notice. A text must stand exactly once in its file (test/laws/mutations.test.ts).
 */
export interface Mutation {
  readonly name: string;
  /** Below src/devices/igb. */
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  /** What the device does wrong then. */
  readonly meaning: string;
}

/** Masks, reset values and kinds of access. */
const registers: readonly Mutation[] = [
  {
    name: 'tdbal-mask',
    file: 'tables/tx-queues.ts',
    text: 'writable: 0xffffff80',
    replacement: 'writable: 0xfffffff0',
    meaning: 'TDBAL keeps address bits below 128 bytes',
  },
  {
    name: 'rdlen-mask',
    file: 'tables/rx-queues.ts',
    text: 'writable: 0x000ffff0',
    replacement: 'writable: 0x000fff80',
    meaning: 'RDLEN loses its low bits',
  },
  {
    name: 'txdctl-reset',
    file: 'tables/tx-queues.ts',
    text: 'resetAt: { 0: 0x02000000 }',
    replacement: 'resetAt: { 0: 0 }',
    meaning: 'transmit queue 0 is off after a reset',
  },
  {
    name: 'rxdctl-reset',
    file: 'tables/rx-queues.ts',
    text: 'resetAt: { 0: 0x02010000 }',
    replacement: 'resetAt: { 0: 0x02000000 }',
    meaning: 'RXDCTL.WTHRESH of queue 0 resets to 0',
  },
  {
    name: 'rlpml-reset',
    file: 'tables/receive.ts',
    text: 'reset: 0x2600,',
    replacement: 'reset: 0x5ee,',
    meaning: 'RLPML resets to standard frames',
  },
  {
    name: 'rxcsum-reset',
    file: 'tables/receive.ts',
    text: 'reset: 0x300,',
    replacement: 'reset: 0x100,',
    meaning: 'RXCSUM.TUOFL is off after a reset',
  },
  {
    name: 'rah-pools',
    file: 'tables/receive-filters.ts',
    text: 'writable: 0x83ffffff,\n    aliases: [{ at: 0x00044, count: 16 }]',
    replacement: 'writable: 0x8003ffff,\n    aliases: [{ at: 0x00044, count: 16 }]',
    meaning: 'RAH does not keep its pools',
  },
  {
    name: 'vmolr-reset',
    file: 'tables/virtualization.ts',
    text: 'reset: 0x80002600',
    replacement: 'reset: 0x00002600',
    meaning: 'VMOLR.STRCRC is off after a reset',
  },
  {
    name: 'vfre-reset',
    file: 'tables/virtualization.ts',
    text: "at: 0x00c8c,\n    access: 'rw',\n    reset: 0xff",
    replacement: "at: 0x00c8c,\n    access: 'rw',\n    reset: 0",
    meaning: 'no pool may receive after a reset',
  },
  {
    name: 'vflre-w1c',
    file: 'tables/virtualization.ts',
    text: "at: 0x00c88,\n    access: 'w1c'",
    replacement: "at: 0x00c88,\n    access: 'rw'",
    meaning: 'VFLRE takes what is written instead of clearing ones',
  },
  {
    name: 'pfsts-read-clear',
    file: 'tables/virtualization.ts',
    text: "PFSTS: { bits: 4, access: 'rc'",
    replacement: "PFSTS: { bits: 4, access: 'ro'",
    meaning: "the VF's read leaves V2PMAILBOX.PFSTS",
  },
  {
    name: 'rqdpc-read-clear',
    file: 'tables/rx-queues.ts',
    text: "access: 'rc'",
    replacement: "access: 'ro'",
    meaning: 'a read leaves RQDPC',
  },
  {
    name: 'gprc-read-clear',
    file: 'tables/statistics.ts',
    text: 'GPRC: counter(0x04074',
    replacement: 'GPRC: low(0x04074',
    meaning: 'a read leaves GPRC',
  },
  {
    name: 'ims-lsc',
    file: 'interrupts/interrupt-causes.ts',
    text: 'export const LEGACY_CAUSES = 0x77d4_fbfd;',
    replacement: 'export const LEGACY_CAUSES = 0x77d4_fbf9;',
    meaning: 'a change of the link is no cause',
  },
  {
    name: 'icr-alias',
    file: 'tables/interrupts.ts',
    text: 'aliases: [{ at: 0x01500 }]',
    replacement: 'aliases: []',
    meaning: 'ICR is missing at 01500',
  },
  {
    name: 'eitr-sticky',
    file: 'tables/interrupts.ts',
    text: "sticky: true,\n    onWrite: 'eitr'",
    replacement: "onWrite: 'eitr'",
    meaning: 'a software reset clears EITR',
  },
];

const transmit: readonly Mutation[] = [
  {
    name: 'tso-first-flags',
    file: 'tx/segmented.ts',
    text: 'layout.firstFlags = low & 0xfff;',
    replacement: 'layout.firstFlags = 0xfff;',
    meaning: 'the first segment keeps FIN and PSH',
  },
  {
    name: 'tso-last-flags',
    file: 'tx/segmented.ts',
    text: 'layout.lastFlags = values[DTXTCPFLGH.index]! & 0xfff;',
    replacement: 'layout.lastFlags = layout.middleFlags;',
    meaning: 'the last segment has the flags of the middle ones',
  },
  {
    name: 'vmvir-never',
    file: 'tx/tags.ts',
    text: '(rule & VMVIR.NEVER.mask) === 0 ? AS_ASKED : NEVER',
    replacement: 'AS_ASKED',
    meaning: 'VMVIR.NEVER lets tags be inserted',
  },
  {
    name: 'legacy-checksum-tag',
    file: 'tx/packet-sender.ts',
    text: 'const field = ((commands >>> 16) & 0xff) + tagBytes;',
    replacement: 'const field = (commands >>> 16) & 0xff;',
    meaning: 'with an inserted tag, a legacy checksum goes four bytes too far ahead',
  },
  {
    name: 'padding-off',
    file: 'tx/sizes.ts',
    text: '& TCTL.PSP.mask) !== 0;',
    replacement: '& TCTL.PSP.mask) === 0;',
    meaning: 'TCTL.PSP means not to pad',
  },
  {
    name: 'udp-zero-checksum',
    file: 'tx/offload.ts',
    text: 'checksum === 0 && protocol === ipProtocols.udp ? 0xffff : checksum',
    replacement: 'checksum',
    meaning: 'a UDP checksum of 0 goes out, which means none',
  },
  {
    name: 'sctp-byte-order',
    file: 'tx/offload.ts',
    text: '((crc & 0xff) << 8) | ((crc >>> 8) & 0xff)',
    replacement: 'crc & 0xffff',
    meaning: 'half the CRC32c of SCTP is in the wrong order',
  },
  {
    name: 'context-slot',
    file: 'tx/context.ts',
    text: 'return (word3 >>> 4) & 1;',
    replacement: 'return (word3 >>> 4) & 0;',
    meaning: 'there is one context a queue',
  },
  {
    name: 'context-macLength',
    file: 'tx/context.ts',
    text: '(word0 >>> 9) & 0x7f',
    replacement: '(word0 >>> 9) & 0x3f',
    meaning: 'MACLEN has six bits',
  },
  {
    name: 'wthresh-late',
    file: 'tx/write-back.ts',
    text: 'ring.held >= threshold',
    replacement: 'ring.held > threshold',
    meaning: 'one descriptor more than TXDCTL.WTHRESH is held back',
  },
  {
    name: 'legacy-write-back',
    file: 'tx/write-back.ts',
    text: '((word3 & ~0xf) | STATUS_DD) >>> 0',
    replacement: 'STATUS_DD',
    meaning: 'the write-back of a legacy descriptor clears its tag and checksum start',
  },
  {
    name: 'vfte-gate',
    file: 'tx/engine.ts',
    text: '(values[pf.VFTE.index]! & (1 << (queue % POOLS))) !== 0',
    replacement: 'true',
    meaning: 'a pool without its bit in VFTE transmits',
  },
];

const receive: readonly Mutation[] = [
  {
    name: 'hash-offset',
    file: 'rx/filter.ts',
    text: 'Uint8Array.of(4, 3, 2, 0)',
    replacement: 'Uint8Array.of(4, 3, 2, 1)',
    meaning: 'RCTL.MO = 3 hashes bits 44:33',
  },
  {
    name: 'cfi',
    file: 'rx/vlan.ts',
    text: '=== ((control & 0x1000) !== 0)',
    replacement: '!== ((control & 0x1000) !== 0)',
    meaning: 'RCTL.CFI is compared the wrong way round',
  },
  {
    name: 'rlpml-fcs',
    file: 'rx/size.ts',
    text: 'return length + FCS_BYTES > (values[RLPML.index]! & 0x3fff)',
    replacement: 'return length > (values[RLPML.index]! & 0x3fff)',
    meaning: 'RLPML does not count the FCS',
  },
  {
    name: 'pool-length',
    file: 'rx/size.ts',
    text: 'length + FCS_BYTES <= (vmolr & VMOLR.RLPML.mask)',
    replacement: 'length + FCS_BYTES < (vmolr & VMOLR.RLPML.mask)',
    meaning: 'a frame of just VMOLR.RLPML is too long',
  },
  {
    name: 'syn-ack',
    file: 'rx/queue-filters.ts',
    text: '(headers.tcpFlags & (SYN | ACK)) !== SYN',
    replacement: '(headers.tcpFlags & SYN) !== SYN',
    meaning: 'SYNQF takes answers to our own SYN',
  },
  {
    name: 'tuple-priority',
    file: 'rx/tuple-filters.ts',
    text: 'if (priority <= bestPriority) continue;',
    replacement: 'if (priority < bestPriority) continue;',
    meaning: 'of 5-tuple filters of one priority the last one wins',
  },
  {
    name: 'rss-ports',
    file: 'rx/rss.ts',
    text: '  (1 << RSS_TYPE.ipv4Udp) |\n',
    replacement: '',
    meaning: 'the hash of UDP over IPv4 leaves out the ports',
  },
  {
    name: 'reta-size',
    file: 'rx/rss.ts',
    text: 'const entry = this.hash & 0x7f;',
    replacement: 'const entry = this.hash & 0x3f;',
    meaning: 'half of RETA is used',
  },
  {
    name: 'udp-no-checksum',
    file: 'rx/fast-plan.ts',
    text: 'if (judges && (found & inspected.unchecked) === 0) {',
    replacement: 'if (judges) {',
    meaning: 'a UDP datagram without checksum counts as wrong',
  },
  {
    name: 'rxdmt0',
    file: 'rx/delivery.ts',
    text: 'rings.free(queue) <= threshold;',
    replacement: 'rings.free(queue) < threshold;',
    meaning: 'RXDMT0 comes a descriptor late',
  },
  {
    name: 'replicated-tags',
    file: 'rx/stripping.ts',
    text: 'if (multicast) return (values[RPLOLR.index]! & RPLOLR.STRVLAN.mask) !== 0;\n',
    replacement: '',
    meaning: 'RPLOLR.STRVLAN does nothing',
  },
  {
    name: 'header-tag',
    file: 'rx/header-split.ts',
    text: 'Math.min(length - removed, LONGEST_HEADER)',
    replacement: 'Math.min(length, LONGEST_HEADER)',
    meaning: 'HDR_LEN counts a tag that is taken out',
  },
];

const switching: readonly Mutation[] = [
  {
    name: 'default-pool-local',
    file: 'rx/pools.ts',
    text: 'kind === UNICAST && sourcePool < 0 && (control',
    replacement: 'kind === UNICAST && (control',
    meaning: 'unknown destinations of pools go to the default pool',
  },
  {
    name: 'lowest-copy',
    file: 'rx/pools.ts',
    text: 'if (kind !== UNICAST && (control & VT_CTL.REPL_EN.mask) === 0) pools &= -pools;',
    replacement: '',
    meaning: 'copies are made without VT_CTL.REPL_EN',
  },
  {
    name: 'local-vlan',
    file: 'switch/local-switch.ts',
    text: 'const leaves = (selected & (EXACT_UNICAST | LOCAL_VLAN)) === 0;',
    replacement: 'const leaves = (selected & EXACT_UNICAST) === 0;',
    meaning: 'frames of a local VLAN leave by the wire',
  },
  {
    name: 'storm-threshold',
    file: 'switch/storm-control.ts',
    text: 'window.bytes > threshold * UNIT_BYTES',
    replacement: 'window.bytes >= threshold * UNIT_BYTES',
    meaning: 'a storm begins at the threshold, not beyond it',
  },
  {
    name: 'revoke-requests',
    file: 'functions/mailbox.ts',
    text: 'this.setSide(vf, V2PMAILBOX.VFU.mask, 0);\n    this.dropRequests(vf);',
    replacement: 'this.setSide(vf, V2PMAILBOX.VFU.mask, 0);',
    meaning: "P2VMAILBOX.RVFU leaves the VF's requests",
  },
];

const interrupts: readonly Mutation[] = [
  {
    name: 'icr-unmasked',
    file: 'interrupts/interrupts.ts',
    text: '      values[IMS.index] === 0 ||\n',
    replacement: '',
    meaning: 'with MSI-X a read does not clear ICR where IMS is 0',
  },
  {
    name: 'eiame',
    file: 'interrupts/interrupt-messages.ts',
    text: '(values[GPIE.index]! & GPIE.EIAME.mask) !== 0 && (values',
    replacement: '(values',
    meaning: 'EIAM masks without GPIE.EIAME',
  },
  {
    name: 'ivar-upper',
    file: 'interrupts/interrupt-causes.ts',
    text: '(((queue & 8) << 1) + byteShift)',
    replacement: '((queue & 8) + byteShift)',
    meaning: 'IVAR gives queue n + 8 the vector of the transmit side of queue n',
  },
  {
    name: 'eitr-running',
    file: 'interrupts/throttle.ts',
    text: '    if ((value & CNT_INGR) !== 0 && this.intervalNs(vector) !== 0) return;\n',
    replacement: '',
    meaning: 'EITR.CNT_INGR does not let the running interval go on',
  },
  {
    name: 'vf-fourth-vector',
    file: 'interrupts/vf-interrupts.ts',
    text: '(byte & VALID) === 0 || vector >= VF_VECTORS ? -1',
    replacement: '(byte & VALID) === 0 ? -1',
    meaning: "vector 3 of a VF is its neighbour's first",
  },
];

export const mutations: readonly Mutation[] = [...registers, ...transmit, ...receive, ...switching, ...interrupts];

/** Which queue a frame goes to without pools: RSS, DEF_Q, filters. */
import assert from 'node:assert/strict';
import { be16, ethernet, packet, type PacketOptions, STATION } from '../frames.ts';
import type { RxQueue } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const RSS = 'RSS';
const FILTERS = 'queue filters';
const PCSD = 1 << 13;
/** Fields in MRQC. */
const TCP4 = 1 << 16;
const IP4 = 1 << 17;
const TCP6_EX = 1 << 18;
const IP6 = 1 << 20;
const TCP6 = 1 << 21;
const UDP4 = 1 << 22;
const UDP6 = 1 << 23;

/** The key of Microsoft's verification suite. */
const KEY = [
  0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b,
  0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac,
  0x01, 0xfa,
];

/** The hash, bit by bit as its definition has it. */
function toeplitz(input: readonly number[]): number {
  let hash = 0;
  const bit = (bytes: readonly number[], n: number): number => (bytes[n >>> 3]! >>> (7 - (n & 7))) & 1;
  for (let n = 0; n < input.length * 8; n += 1) {
    if (bit(input, n) === 0) continue;
    for (let k = 0; k < 32; k += 1) hash ^= bit(KEY, n + k) << (31 - k);
  }
  return hash >>> 0;
}

/** Queues 0 to 3 with rings, the key, and RETA spread over them: entry e leads to queue e & 3. */
function openRss(station: Station, mrqc: number): RxQueue[] {
  for (let word = 0; word < 10; word += 1) {
    const [a, b, c, d] = KEY.slice(4 * word) as [number, number, number, number];
    station.set('RSSRK', a | (b << 8) | (c << 16) | (d << 24), word);
  }
  for (let word = 0; word < 32; word += 1) station.set('RETA', 0x0302_0100, word);
  station.set('MRQC', mrqc);
  station.set('RXCSUM', 0x300 | PCSD);
  const queues = [0, 1, 2, 3].map((queue) => station.rx(queue, { size: 8 }));
  station.start();
  return queues;
}

/** Queue that a frame went to, with hash and RSS type; -1 where none stored it. */
function destination(
  station: Station,
  queues: readonly RxQueue[],
  frame: Uint8Array,
): readonly [number, number, number] {
  station.wire.send(frame);
  for (const [queue, rx] of queues.entries()) {
    const [got] = rx.take();
    if (got !== undefined) return [queue, got.dwords[1]!, got.dwords[0]! & 0xf];
  }
  return [-1, 0, 0];
}

interface Vector {
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly ports: readonly [number, number];
  readonly withPorts: number;
  readonly addresses: number;
}

/** Microsoft's verification vectors. */
const v4: readonly Vector[] = [
  {
    source: [66, 9, 149, 187],
    destination: [161, 142, 100, 80],
    ports: [2794, 1766],
    withPorts: 0x51cc_c178,
    addresses: 0x323e_8fc2,
  },
  {
    source: [199, 92, 111, 2],
    destination: [65, 69, 140, 83],
    ports: [14230, 4739],
    withPorts: 0xc626_b0ea,
    addresses: 0xd718_262a,
  },
  {
    source: [24, 19, 198, 95],
    destination: [12, 22, 207, 184],
    ports: [12898, 38024],
    withPorts: 0x5c2b_394a,
    addresses: 0xd2d0_a5de,
  },
  {
    source: [38, 27, 205, 30],
    destination: [209, 142, 163, 6],
    ports: [48228, 2217],
    withPorts: 0xafc7_327f,
    addresses: 0x8298_9176,
  },
  {
    source: [153, 39, 163, 191],
    destination: [202, 188, 127, 2],
    ports: [44251, 1303],
    withPorts: 0x10e8_28a2,
    addresses: 0x5d18_09c5,
  },
];

for (const { source, destination: to, ports, withPorts, addresses } of v4) {
  const name = `${source.join('.')} to ${to.join('.')}`;
  conformance(`published vector, ${name}, TCP`, { area: RSS, evidence: '04 §4.6' }, (station) => {
    const queues = openRss(station, 2 | TCP4 | IP4);
    const frame = packet({ source, destination: to, ports });
    assert.deepEqual(destination(station, queues, frame), [withPorts & 3, withPorts, 1]);
  });
  conformance(`published vector, ${name}, addresses`, { area: RSS, evidence: '04 §4.6' }, (station) => {
    const queues = openRss(station, 2 | IP4);
    const frame = packet({ source, destination: to, ports });
    assert.deepEqual(destination(station, queues, frame), [addresses & 3, addresses, 2]);
  });
}

const v6 = {
  source: [0x3ffe, 0x2501, 0x0200, 0x1fff, 0, 0, 0, 7],
  destination: [0x3ffe, 0x2501, 0x0200, 0x0003, 0, 0, 0, 1],
  ports: [2794, 1766],
} as const;

conformance('published vector, IPv6, TCP', { area: RSS, evidence: '04 §4.6' }, (station) => {
  const queues = openRss(station, 2 | TCP6_EX | IP6);
  const frame = packet({ version: 6, ...v6 });
  const [, hash] = destination(station, queues, frame);
  assert.equal(hash, 0x4020_7d3d);
});

conformance('published vector, IPv6, addresses', { area: RSS, evidence: '04 §4.6' }, (station) => {
  const queues = openRss(station, 2 | IP6);
  const hash = 0x2cc1_8cd5;
  assert.deepEqual(destination(station, queues, packet({ version: 6, ...v6 })), [hash & 3, hash, 5]);
});

conformance(
  'IPv6 TCP by its own bit of MRQC',
  { area: RSS, evidence: '04 §4.6, linux', expect: { qemu: 'q-rss-tcp6' } },
  (station) => {
    const queues = openRss(station, 2 | TCP6);
    const [, hash] = destination(station, queues, packet({ version: 6, ...v6 }));
    assert.equal(hash, 0x4020_7d3d);
  },
);

for (const version of [4, 6] as const) {
  conformance(`UDP over IPv${version}`, { area: RSS, evidence: '04 §4.6' }, (station) => {
    const sides = version === 4 ? v4[0]! : v6;
    const input = [
      ...(version === 4 ? sides.source : be16(...sides.source)),
      ...(version === 4 ? sides.destination : be16(...sides.destination)),
      ...be16(...sides.ports),
    ];
    const { source, destination: to, ports } = sides;
    const queues = openRss(station, 2 | UDP4 | UDP6);
    const hash = toeplitz(input);
    const frame = packet({ version, protocol: 'udp', source, destination: to, ports });
    assert.deepEqual(destination(station, queues, frame), [hash & 3, hash, version === 4 ? 7 : 8]);
  });
}

conformance('UDP without its bit falls back to the addresses', { area: RSS, evidence: '04 §4.6' }, (station) => {
  const queues = openRss(station, 2 | TCP4 | IP4);
  const { source, destination: to, ports, addresses } = v4[0]!;
  const frame = packet({ protocol: 'udp', source, destination: to, ports });
  assert.deepEqual(destination(station, queues, frame), [addresses & 3, addresses, 2]);
});

conformance('a fragment is hashed by its addresses', { area: RSS, evidence: '04 §4.6' }, (station) => {
  const queues = openRss(station, 2 | TCP4 | IP4);
  const { source, destination: to, ports, addresses } = v4[0]!;
  const frame = packet({ source, destination: to, ports, fragment: 0x2000 });
  assert.deepEqual(destination(station, queues, frame), [addresses & 3, addresses, 2]);
});

conformance(
  'what cannot be hashed goes to queue 0 with type 0',
  { area: RSS, evidence: '04 §4.6 guess' },
  (station) => {
    const queues = openRss(station, 2 | TCP4 | IP4);
    const [queue, , type] = destination(station, queues, ethernet(STATION));
    assert.deepEqual([queue, type], [0, 0]);
  },
);

conformance(
  'the low seven bits of the hash choose the entry of RETA',
  { area: RSS, evidence: '04 §4.6' },
  (station) => {
    const queues = openRss(station, 2 | TCP4);
    const { source, destination: to, ports, withPorts } = v4[0]!;
    const entry = withPorts & 0x7f;
    for (let word = 0; word < 32; word += 1) station.set('RETA', 0, word);
    station.set('RETA', 3 << (8 * (entry & 3)), entry >>> 2);
    assert.equal(destination(station, queues, packet({ source, destination: to, ports }))[0], 3);
  },
);

conformance('a tag does not disturb the hash', { area: RSS, evidence: '04 §4.6' }, (station) => {
  const queues = openRss(station, 2 | TCP4);
  const { source, destination: to, ports, withPorts } = v4[0]!;
  const frame = packet({ source, destination: to, ports, tags: [5] });
  assert.equal(destination(station, queues, frame)[1], withPorts);
});

conformance(
  'MRQC 0: queue DEF_Q',
  { area: FILTERS, evidence: '04 §4.6, linux self-test', expect: { qemu: 'q-def-q' } },
  (station) => {
    const queues = openRss(station, 2 << 3);
    assert.equal(destination(station, queues, ethernet(STATION))[0], 2);
  },
);

const filtersAbsent = { expect: { qemu: 'q-queue-filters' } } as const;

conformance('an EtherType filter with a queue', { area: FILTERS, evidence: '04 §4.6', ...filtersAbsent }, (station) => {
  const queues = openRss(station, 0);
  station.set('ETQF', 0x8000_0000 | (1 << 26) | (3 << 16) | 0x88b5, 2);
  assert.equal(destination(station, queues, ethernet(STATION))[0], 3);
  assert.equal(destination(station, queues, ethernet(STATION, { type: 0x88b6 }))[0], 0);
});

conformance(
  'an EtherType filter that is not enabled does nothing',
  { area: FILTERS, evidence: '04 §4.6' },
  (station) => {
    const queues = openRss(station, 0);
    station.set('ETQF', 0x8000_0000 | (3 << 16) | 0x88b5, 2);
    assert.equal(destination(station, queues, ethernet(STATION))[0], 0);
  },
);

/** FTQF: pool not looked at, all of the five fields masked. */
const VF_BP = 1 << 15;
const MASK_ALL = 0xf000_0000;
const QUEUE_ENABLE = 1 << 8;
const PORT_BP = 1 << 17;
const CTRL_BP = 1 << 19;
const SIZE_BP = 1 << 12;
const swap16 = (value: number): number => ((value & 0xff) << 8) | (value >>> 8);

interface Tuple {
  readonly protocol?: number;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly queue: number;
  readonly priority?: number;
}

function setTuple(station: Station, index: number, tuple: Tuple): void {
  const address = ([a, b, c, d]: readonly number[]): number => (a! | (b! << 8) | (c! << 16) | (d! << 24)) >>> 0;
  let ftqf = (MASK_ALL | VF_BP | QUEUE_ENABLE | (tuple.queue << 16)) >>> 0;
  if (tuple.protocol !== undefined) ftqf = ((ftqf & ~(1 << 28)) | tuple.protocol) >>> 0;
  if (tuple.source !== undefined) ftqf = (ftqf & ~(1 << 29)) >>> 0;
  if (tuple.destination !== undefined) ftqf = (ftqf & ~(1 << 30)) >>> 0;
  if (tuple.sourcePort !== undefined) ftqf = (ftqf & 0x7fff_ffff) >>> 0;
  station.set('SAQF', address(tuple.source ?? [0, 0, 0, 0]), index);
  station.set('DAQF', address(tuple.destination ?? [0, 0, 0, 0]), index);
  station.set('SPQF', swap16(tuple.sourcePort ?? 0), index);
  const port = tuple.destinationPort === undefined ? PORT_BP : swap16(tuple.destinationPort);
  station.set('IMIR', port | ((tuple.priority ?? 0) << 29), index);
  station.set('IMIREXT', SIZE_BP | CTRL_BP, index);
  station.set('FTQF', ftqf, index);
}

const tuples: readonly (readonly [string, Tuple, PacketOptions, PacketOptions])[] = [
  ['protocol', { protocol: 17, queue: 2 }, { protocol: 'udp' }, { protocol: 'tcp' }],
  ['source address', { source: [10, 0, 0, 1], queue: 2 }, {}, { source: [10, 0, 0, 9] }],
  ['destination address', { destination: [10, 0, 0, 2], queue: 2 }, {}, { destination: [10, 0, 0, 9] }],
  ['source port', { protocol: 6, sourcePort: 5000, queue: 2 }, {}, { ports: [5001, 80] }],
  ['destination port', { protocol: 6, destinationPort: 80, queue: 2 }, {}, { ports: [5000, 81] }],
  [
    'all five',
    {
      protocol: 17,
      source: [10, 0, 0, 1],
      destination: [10, 0, 0, 2],
      sourcePort: 5000,
      destinationPort: 80,
      queue: 3,
    },
    { protocol: 'udp' },
    { protocol: 'udp', ports: [80, 5000] },
  ],
];

for (const [name, tuple, matching, other] of tuples) {
  conformance(
    `a 5-tuple filter by ${name}`,
    { area: FILTERS, evidence: '04 §4.6, dpdk', ...filtersAbsent },
    (station) => {
      const queues = openRss(station, 0);
      setTuple(station, 1, tuple);
      assert.equal(destination(station, queues, packet(matching))[0], tuple.queue);
      assert.equal(destination(station, queues, packet(other))[0], 0);
    },
  );
}

conformance(
  'of two 5-tuple filters the higher priority decides',
  { area: FILTERS, evidence: '04 §4.6', ...filtersAbsent },
  (station) => {
    const queues = openRss(station, 0);
    setTuple(station, 0, { protocol: 6, queue: 1, priority: 1 });
    setTuple(station, 1, { protocol: 6, queue: 2, priority: 5 });
    assert.equal(destination(station, queues, packet())[0], 2);
  },
);

conformance(
  'of two 5-tuple filters of one priority the lower index decides',
  { area: FILTERS, evidence: '04 §4.6', ...filtersAbsent },
  (station) => {
    const queues = openRss(station, 0);
    setTuple(station, 3, { protocol: 6, queue: 1, priority: 3 });
    setTuple(station, 6, { protocol: 6, queue: 2, priority: 3 });
    assert.equal(destination(station, queues, packet())[0], 1);
  },
);

conformance('a 5-tuple filter goes before RSS', { area: FILTERS, evidence: '04 §4.6', ...filtersAbsent }, (station) => {
  const { source, destination: to, ports, withPorts } = v4[0]!;
  const queues = openRss(station, 2 | TCP4);
  const queue = (withPorts + 1) & 3;
  setTuple(station, 0, { protocol: 6, queue });
  assert.equal(destination(station, queues, packet({ source, destination: to, ports }))[0], queue);
});

conformance(
  'the SYN filter takes what opens a connection',
  { area: FILTERS, evidence: '04 §4.6, dpdk', ...filtersAbsent },
  (station) => {
    const queues = openRss(station, 0);
    station.set('SYNQF', 1 | (3 << 1));
    assert.equal(destination(station, queues, packet({ flags: 0x02 }))[0], 3);
    assert.equal(destination(station, queues, packet({ flags: 0x10 }))[0], 0);
  },
);

for (const [first, priority] of [
  ['the SYN filter', 1],
  ['the 5-tuple filter', 0],
] as const) {
  conformance(
    `RFCTL.SYNQFP = ${priority}: ${first} decides`,
    { area: FILTERS, evidence: '04 §4.6', ...filtersAbsent },
    (station) => {
      const queues = openRss(station, 0);
      station.set('RFCTL', priority << 19);
      station.set('SYNQF', 1 | (3 << 1));
      setTuple(station, 0, { protocol: 6, queue: 1 });
      assert.equal(destination(station, queues, packet({ flags: 0x02 }))[0], priority === 1 ? 3 : 1);
    },
  );
}

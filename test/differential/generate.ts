/**
 * Makes programs: a port with or without pools, its offloads and filters, and traffic from both sides. What is known to
 * differ (rows of docs/fidelity.md, named where it matters) is left out here or made the same in `observe.ts`.
 */
import { pf } from '../../src/devices/igb/tables/index.ts';
import { BROADCAST, poolAddress, STATION, STRANGER, wordsOf } from '../conformance/frames.ts';
import { DESCRIPTOR } from '../conformance/rings.ts';
import type { FrameSpec, Program, Step } from './program.ts';
import { Random } from './random.ts';

const MULTICASTS = ['01:00:5e:00:00:05', '01:00:5e:11:22:33', '33:33:00:00:43:21'] as const;
const VIDS = [5, 7, 1000] as const;
/** The VLAN of all pools. `q-vlan-lost`: only in it pools send to each other. */
const COMMON_VID = VIDS[0];
const LONGEST = 2600;
/** Bits of MRQC; those of TCP over IPv6 come together (`q-rss-tcp6`). */
const HASHES = [1 << 16, 1 << 17, (1 << 18) | (1 << 21), 1 << 20, 1 << 22, 1 << 23] as const;
/** Of a segment's payload, behind 54 bytes of headers: no frame is shorter than the medium's (`q-padding`). */
const LEAST_PAYLOAD = 10;

const set = (register: keyof typeof pf, value: number, element = 0): Step => ({
  do: 'set',
  register,
  element,
  value: value >>> 0,
});

export function generate(seed: number): Program {
  const random = new Random(seed);
  return random.chance(50) ? portProgram(random) : poolProgram(random);
}

function portProgram(random: Random): Program {
  const queues = random.chance(50) ? [0, 1, 2, 3] : [0];
  const steps: Step[] = [...interrupts(random, queues), ...rings(random, queues)];
  if (queues.length > 1) steps.push(...scaling(random));
  steps.push(...checksums(random, queues.length > 1), ...multicasts(random), ...addresses(random));
  const { UPE, MPE, BAM, VFE } = pf.RCTL;
  // `q-mpe-broadcast`.
  const rctl = [UPE.mask, MPE.mask | BAM.mask, BAM.mask, VFE.mask].filter(() => random.chance(50));
  if (random.chance(50)) steps.push(...vlans(random));
  steps.push(
    ...start(
      random,
      rctl.reduce((all, bit) => all | bit, 0),
      [LONGEST, 1522, 600],
    ),
  );
  for (let left = random.between(3, 14); left > 0; left -= 1) {
    steps.push(
      random.chance(55) ? arrive(random) : send(random, 0, STATION, [STRANGER, BROADCAST, ...MULTICASTS], VIDS),
    );
  }
  return steps;
}

function poolProgram(random: Random): Program {
  const pools = [0, 1, 2, 3, 4, 5, 6, 7].filter(() => random.chance(40));
  if (pools.length === 0) pools.push(3);
  const steps: Step[] = [set('MRQC', 3), ...interrupts(random, pools), ...rings(random, pools)];
  // `q-repl-en`, `q-echo`: copies are on, and every pool hears itself.
  const { REPL_EN, DIS_DEF_POOL, DEF_PL } = pf.VT_CTL;
  const noDefault = random.chance(50) ? DIS_DEF_POOL.mask : 0;
  steps.push(set('VT_CTL', REPL_EN.mask | noDefault | (random.pick(pools) << DEF_PL.shift)));
  const { LOOPBACK_EN, LLE } = pf.DTXSWC;
  if (random.chance(80)) steps.push(set('DTXSWC', LOOPBACK_EN.mask | LLE.mask));
  steps.push(set('RAH', 0));
  // `q-double-tag`: where pools' tags are inserted, they send none.
  const inserts = random.chance(25);
  for (const pool of pools) steps.push(...poolFilters(random, pool, inserts));
  VIDS.forEach((vid, entry) => {
    const members = vid === COMMON_VID ? 0xff : random.between(1, 0xff);
    steps.push(set('VLVF', vid | (members << pf.VLVF.POOLS.shift) | pf.VLVF.VI_EN.mask, entry));
  });
  if (random.chance(30)) steps.push(set('RPLOLR', pf.RPLOLR.STRCRC.mask | pf.RPLOLR.STRVLAN.mask));
  if (random.chance(20)) steps.push(set('VFRE', random.between(0, 0xff)));
  if (random.chance(20)) steps.push(set('VFTE', random.between(0, 0xff)));
  steps.push(...checksums(random, false), ...multicasts(random), ...vlans(random));
  steps.push(...start(random, pf.RCTL.VFE.mask, [LONGEST]));
  const own = pools.map((pool) => poolAddress(pool));
  for (let left = random.between(3, 14); left > 0; left -= 1) {
    const pool = random.pick(pools);
    const others = [...own.filter((address) => address !== poolAddress(pool)), STRANGER, BROADCAST, ...MULTICASTS];
    if (random.chance(50)) steps.push(arrive(random, [...own, STRANGER, BROADCAST, ...MULTICASTS]));
    else steps.push(send(random, pool, poolAddress(pool), others, inserts ? [] : [COMMON_VID]));
  }
  return steps;
}

/** What a pool takes, and what it does with tags. `q-mpme`: no MPME; `q-uta-rope`: no ROPE. */
function poolFilters(random: Random, pool: number, inserts: boolean): Step[] {
  const { AUPE, BAM, LPE, STRCRC, STRVLAN, ROMPE } = pf.VMOLR;
  const some = [BAM, STRVLAN, ROMPE].filter(() => random.chance(60)).reduce((all, { mask }) => all | mask, 0);
  const [low, high] = wordsOf(poolAddress(pool));
  const steps = [
    set('VMOLR', AUPE.mask | LPE.mask | STRCRC.mask | LONGEST | some, pool),
    set('RAL', low, 1 + pool),
    set('RAH', high | (1 << (pool + pf.RAH.POOLS.shift)) | pf.RAH.AV.mask, 1 + pool),
  ];
  const { ALWAYS, NEVER } = pf.VMVIR;
  if (inserts) steps.push(set('VMVIR', random.pick([ALWAYS.mask, NEVER.mask]) | COMMON_VID, pool));
  return steps;
}

/** MSI-X with a vector a queue. `q-txdw`: without an IVAR QEMU says nothing; `q-eitr-unit`: no throttle. */
function interrupts(random: Random, queues: readonly number[]): Step[] {
  const vectors = queues.map((queue) => set('IVAR', 0x8080 | (queue + 1) | ((queue + 1) << 8), queue));
  const all = 0x1ff;
  const steps: Step[] = [{ do: 'msix' }, ...vectors, set('EIAC', all)];
  if (random.chance(85)) steps.push(set('EIMS', all));
  return steps;
}

/** `q-legacy-rx`: advanced descriptors only; `q-replicate`: no replication. */
function rings(random: Random, queues: readonly number[]): Step[] {
  const kind = random.pick([DESCRIPTOR.oneBuffer, DESCRIPTOR.oneBuffer, DESCRIPTOR.split, DESCRIPTOR.splitAlways]);
  const bufferBytes = random.pick([1024, 2048]);
  const headers = kind === DESCRIPTOR.oneBuffer ? 0 : 4 << 8;
  return queues.flatMap((queue): Step[] => [
    { do: 'receive-ring', queue, srrctl: kind | headers | (bufferBytes >>> 10), bufferBytes },
    { do: 'transmit-ring', queue },
  ]);
}

function scaling(random: Random): Step[] {
  const hashes = HASHES.filter(() => random.chance(60)).reduce((all, bits) => all | bits, 2);
  const key = Array.from({ length: 10 }, (_, n) => set('RSSRK', random.bits(), n));
  const table = Array.from({ length: 32 }, (_, n) => set('RETA', random.bits() & 0x0303_0303, n));
  return [...key, ...table, set('MRQC', hashes)];
}

/** `q-crcofl`: SCTP is checked with TCP and UDP, or none of them; `q-rss-pcsd`: with RSS hashes are told. */
function checksums(random: Random, hashes: boolean): Step[] {
  const { IPOFL, TUOFL, CRCOFL, PCSD } = pf.RXCSUM;
  const l4 = random.chance(70) ? TUOFL.mask | CRCOFL.mask : 0;
  const l3 = random.chance(70) ? IPOFL.mask : 0;
  return [set('RXCSUM', l3 | l4 | (hashes || random.chance(60) ? PCSD.mask : 0))];
}

/** Hash entries of some of the multicast addresses. */
function multicasts(random: Random): Step[] {
  return MULTICASTS.filter(() => random.chance(40)).map((address) => {
    const hash = (wordsOf(address)[1] >>> 4) & 0xfff;
    return set('MTA', 1 << (hash & 31), hash >>> 5);
  });
}

function addresses(random: Random): Step[] {
  if (random.chance(60)) return [];
  const [low, high] = wordsOf(STRANGER);
  const entry = random.between(1, 15);
  return [set('RAL', low, entry), set('RAH', high | pf.RAH.AV.mask, entry)];
}

function vlans(random: Random): Step[] {
  const steps = VIDS.filter(() => random.chance(70)).map((vid) => set('VFTA', 1 << (vid & 31), vid >>> 5));
  if (random.chance(50)) steps.push(set('CTRL', pf.CTRL.reset | pf.CTRL.SLU.mask | pf.CTRL.VME.mask));
  return steps;
}

/** `q-fcs`: the FCS is stripped; `q-too-long-local`: between pools nothing is too long. */
function start(random: Random, rctl: number, longest: readonly number[]): Step[] {
  const { EN, LPE, SECRC } = pf.RCTL;
  const long = random.chance(70) ? LPE.mask : 0;
  return [
    set('CTRL', pf.CTRL.reset | pf.CTRL.SLU.mask | (random.chance(40) ? pf.CTRL.VME.mask : 0)),
    set('RLPML', random.pick(longest)),
    set('TCTL', pf.TCTL.EN.mask | pf.TCTL.PSP.mask),
    set('RCTL', EN.mask | SECRC.mask | long | rctl),
  ];
}

/** A frame between two addresses. `q-ipv4-options`: none. */
function frame(random: Random, from: string, to: string, vids: readonly number[]): FrameSpec {
  const tags = vids.length > 0 && random.chance(30) ? [random.pick(vids) | (random.between(0, 7) << 13)] : [];
  if (random.chance(30)) {
    return { kind: 'ethernet', to, from, tags, length: random.pick([60, 64, 300, 590, 1100, 1514]) };
  }
  const version = random.pick([4, 6] as const);
  const protocol = random.pick(['tcp', 'tcp', 'udp', 'udp', 'sctp', 'icmp'] as const);
  const ports = [random.between(1, 65535), random.between(1, 65535)] as const;
  const payloadBytes = random.pick([26, 40, 100, 531, 1001, 1300]);
  return { kind: 'packet', payloadBytes, options: { from, to, tags, version, protocol, ports } };
}

function arrive(random: Random, destinations?: readonly string[]): Step {
  const to = random.pick(destinations ?? [STATION, STATION, STRANGER, BROADCAST, ...MULTICASTS]);
  const made = frame(random, '02:77:00:00:00:01', to, [...VIDS, 99]);
  if (made.kind === 'ethernet' || !random.chance(15)) return { do: 'arrive', frame: made };
  const spoil = random.pick(['l4', ...(made.options.version === 4 ? (['ip'] as const) : [])] as const);
  return { do: 'arrive', frame: { ...made, options: { ...made.options, spoil } } };
}

/** `q-context-lengths`: plain headers; `q-tso-flags`: ACK alone; `q-udp-segmentation`: TCP only. */
function send(random: Random, queue: number, from: string, to: readonly string[], vids: readonly number[]): Step {
  const made = frame(random, from, random.pick(to), vids);
  const tagged = made.kind === 'packet' ? made.options.tags!.length > 0 : made.tags.length > 0;
  const tag = !tagged && vids.length > 0 && random.chance(25) ? random.pick(vids) : -1;
  const pieces = random.between(1, 3);
  const whole: Step = { do: 'send', queue, frame: made, pieces, offload: false, segmentSize: 0, tag };
  if (made.kind === 'ethernet' || made.options.protocol === 'icmp') return whole;
  if (made.options.protocol !== 'tcp' || random.chance(60)) return { ...whole, offload: random.chance(70) };
  const segmentSize = random.pick([300, 536, 1000]);
  const payloadBytes = segmentSize * random.between(1, 3) + random.between(LEAST_PAYLOAD, segmentSize);
  return { ...whole, frame: { ...made, payloadBytes }, offload: true, segmentSize };
}

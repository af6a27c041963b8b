/** Which queue a frame goes to: RSS, and the filters behind DPDK's flow rules. */
import { LabError } from '../../errors.ts';
import { mustBe } from '../sriov/effects.ts';
import { type FrameDescription, parse, payload } from './frames.ts';
import type { DpdkPort } from './port.ts';

/** Queues that testpmd is started with for these checks. */
export const queueCount = 4;
const frameCount = 12;
/** A key that is no driver's default. */
const key = Buffer.from(Array.from({ length: 40 }, (_, at) => (at * 73 + 41) & 0xff));
const tableLength = 128;
const syn = 2;

/** Toeplitz hash, bit by bit. */
export function toeplitz(secret: Uint8Array, input: Uint8Array): number {
  const bit = (bytes: Uint8Array, at: number): number => (bytes[at >>> 3]! >>> (7 - (at & 7))) & 1;
  let hash = 0;
  for (let at = 0; at < input.length * 8; at++) {
    if (bit(input, at) === 0) continue;
    let window = 0;
    for (let n = 0; n < 32; n++) window = (window << 1) | bit(secret, at + n);
    hash ^= window;
  }
  return hash >>> 0;
}

function hashOf(frame: Buffer, ports: boolean): number {
  const { ip } = parse(frame);
  const input: Uint8Array[] = [Buffer.from(ip!.from, 'hex'), Buffer.from(ip!.to, 'hex')];
  if (ports) input.push(ip!.segment.subarray(0, 4));
  return toeplitz(key, Buffer.concat(input));
}

/** Kinds of flows as testpmd names them, and whether their ports are hashed. */
const flows: readonly (readonly [string, Partial<FrameDescription>, boolean])[] = [
  ['ipv4-tcp', { transport: 'tcp' }, true],
  ['ipv4-udp', { transport: 'udp' }, true],
  ['ipv4', { transport: 'sctp' }, false],
  ['ipv6-tcp', { version: 6, transport: 'tcp' }, true],
  ['ipv6-udp', { version: 6, transport: 'udp' }, true],
  ['ipv6', { version: 6, transport: 'sctp' }, false],
];

/** Hash and queue of each kind of flow are what the key and the table say. */
export async function rss(port: DpdkPort, report: (text: string) => void): Promise<void> {
  await port.testpmd.type('stop');
  // Entries in another order than the driver's.
  const entries = Array.from({ length: tableLength }, (_, at) => `(${at},${(at * 3 + 1) % queueCount})`);
  const lines: string[] = [];
  // More do not fit into a word of testpmd's.
  for (let at = 0; at < tableLength; at += 8)
    lines.push(`port config 0 rss reta ${entries.slice(at, at + 8).join(',')}`);
  await port.set(...lines);
  // With the key testpmd sets the kinds of flows to the one named.
  await port.set(`port config 0 rss-hash-key ipv4 ${key.toString('hex')}`, 'port config all rss all');
  await port.forward('rxonly', true);
  const used = new Set<number>();
  for (const [kind, description, ports] of flows) {
    const frames = Array.from({ length: frameCount }, (_, at) =>
      port.frame({ ...description, from: 10 + at, sourcePort: 4000 + at * 7, payload: payload(60, at) }),
    );
    const seen = await port.received(frames);
    mustBe(seen.length === frames.length, `${kind}: ${seen.length} of ${frames.length} frames arrived`);
    const expected = new Map(frames.map((frame) => [hashOf(frame, ports), 0]));
    for (const { rssHash = -1, queue } of seen) {
      mustBe(expected.delete(rssHash), `${kind}: no frame has the hash 0x${rssHash.toString(16)}`);
      const wanted = ((rssHash % tableLength) * 3 + 1) % queueCount;
      mustBe(queue === wanted, `${kind}: hash 0x${rssHash.toString(16)} goes to queue ${queue} and not ${wanted}`);
      used.add(queue);
    }
  }
  mustBe(used.size === queueCount, `${used.size} of ${queueCount} queues were used`);
  report(`${flows.length * frameCount} frames by key and table over ${queueCount} queues`);
}

async function queueOf(port: DpdkPort, frame: Buffer): Promise<number> {
  const [seen] = await port.received([frame]);
  if (seen === undefined) throw new LabError('EFFECT', 'the frame did not arrive');
  return seen.queue;
}

interface FlowRule {
  readonly pattern: string;
  readonly queue: number;
  readonly matches: (port: DpdkPort) => Buffer;
  /** Differs in one thing that the rule names. */
  readonly misses: (port: DpdkPort) => Buffer;
}

/** By what they are to the 82576. */
const rules: Readonly<Record<string, FlowRule>> = {
  'five-tuple filter': {
    pattern: 'eth / ipv4 src is 10.82.57.1 dst is 10.82.57.2 / udp src is 5000 dst is 6000',
    queue: 1,
    matches: (port) => port.frame(),
    misses: (port) => port.frame({ sourcePort: 5001 }),
  },
  'five-tuple filter with an address and a port': {
    pattern: 'eth / ipv4 dst is 10.82.57.2 / tcp dst is 6000',
    queue: 2,
    matches: (port) => port.frame({ transport: 'tcp', from: 9, sourcePort: 77 }),
    misses: (port) => port.frame({ transport: 'tcp', destinationPort: 6001 }),
  },
  'EtherType filter': {
    pattern: 'eth type is 0x88b6',
    queue: 3,
    matches: (port) => port.frame({ etherType: 0x88b6 }),
    misses: (port) => port.frame({ etherType: 0x88b7 }),
  },
  'SYN filter': {
    pattern: 'eth / ipv4 / tcp flags spec 0x02 flags mask 0x02',
    queue: 2,
    matches: (port) => port.frame({ transport: 'tcp', tcpFlags: syn }),
    misses: (port) => port.frame({ transport: 'tcp' }),
  },
};

/** Each rule sends what it names to its queue, nothing else, and nothing once it is gone. */
export function flowRules(): readonly (readonly [string, (port: DpdkPort) => Promise<void>])[] {
  return Object.entries(rules).map(([name, { pattern, queue, matches, misses }]) => [
    name,
    async (port) => {
      await port.testpmd.type('stop');
      await port.forward('rxonly', true);
      const before = await queueOf(port, matches(port));
      mustBe(before === 0, `without a rule the frame goes to queue ${before}`);
      await port.set(`flow create 0 ingress pattern ${pattern} / end actions queue index ${queue} / end`);
      const during = await queueOf(port, matches(port));
      const other = await queueOf(port, misses(port));
      await port.set('flow flush 0');
      mustBe(during === queue, `with the rule the frame goes to queue ${during} and not ${queue}`);
      mustBe(other === 0, `a frame that the rule does not name goes to queue ${other}`);
      const after = await queueOf(port, matches(port));
      mustBe(after === 0, `without the rule again the frame goes to queue ${after}`);
    },
  ]);
}

/** DPDK offers flexible filters on chips after the 82576 only. */
export async function flexRefused(port: DpdkPort, report: (text: string) => void): Promise<void> {
  const text = await port.testpmd.type(
    'flow create 0 ingress pattern raw relative is 0 offset is 12 pattern is ab / end actions queue index 1 / end',
  );
  const refusal = /Caught.*|.*not supported.*/i.exec(text)?.[0].trim();
  mustBe(refusal !== undefined, 'the driver takes a flexible rule');
  report(refusal!);
}

/** Checksums and TCP segmentation, done by the NIC for testpmd's csum mode. */
import { mustBe } from '../sriov/effects.ts';
import { build, type FrameDescription, type Parsed, parse, payload, type Transport } from './frames.ts';
import type { DpdkPort } from './port.ts';

const versions = [4, 6] as const;
const transports: readonly Transport[] = ['udp', 'tcp', 'sctp'];
const sumLines = ['ip', 'udp', 'tcp', 'sctp'];
const segmentSize = 800;
const longPayload = 4100;
const tcpHeaderLength = 20;
const jumboLength = 9000;

const name = ({ version = 4, transport = 'udp' }: Partial<FrameDescription>): string =>
  `${transport} over IPv${version}`;

function sumsBy(who: 'hw' | 'sw'): string[] {
  return sumLines.map((layer) => `csum set ${layer} ${who} 0`);
}

/** testpmd asks for no checksum of a longer SCTP packet: it takes the length's bytes the other way round. */
const lengths = [18, 201];

/** Frames with a wrong checksum, which the port sends on with right ones; odd lengths too. */
export async function transmitChecksums(port: DpdkPort, report: (text: string) => void): Promise<void> {
  await port.configure(...sumsBy('hw'));
  try {
    await port.forward('csum');
    const described = versions.flatMap((version) =>
      transports.flatMap((transport) =>
        lengths.map((length) => ({ version, transport, payload: payload(length, length) })),
      ),
    );
    const back = await port.backParsed(described.map((one) => port.frame({ ...one, wrong: 'transport' })));
    mustBe(back.length === described.length, `${back.length} of ${described.length} frames came back`);
    for (const [at, { ip }] of back.entries())
      mustBe(ip?.transportRight === true && ip.headerRight, `a checksum of ${name(described[at]!)} is wrong`);
    const [ip] = await port.backParsed([port.frame({ wrong: 'ip' })]);
    mustBe(ip?.ip?.headerRight === true, "the IPv4 header's checksum is wrong");
    report(`${described.length + 1} wrong checksums became right`);
  } finally {
    await port.configure(...sumsBy('sw'));
  }
}

/** The program is told which checksums of received frames are right. */
export async function receiveChecksums(port: DpdkPort, report: (text: string) => void): Promise<void> {
  const offloads = ['ipv4_cksum', 'udp_cksum', 'tcp_cksum'];
  await port.configure(...offloads.map((one) => `port config 0 rx_offload ${one} on`));
  try {
    await port.forward('rxonly', true);
    const described: FrameDescription[] = [];
    for (const version of [4, 6] as const)
      for (const transport of ['udp', 'tcp'] as const)
        for (const wrong of [undefined, 'transport', ...(version === 4 ? (['ip'] as const) : [])] as const)
          described.push({ destination: port.mac, version, transport, ...(wrong === undefined ? {} : { wrong }) });
    const seen = await port.received(described.map(build));
    mustBe(seen.length === described.length, `${seen.length} of ${described.length} frames were received`);
    for (const [at, { flags }] of seen.entries()) {
      const { wrong } = described[at]!;
      const what = `${name(described[at]!)}, ${wrong ?? 'nothing'} wrong: ${flags.join(' ')}`;
      mustBe(flags.includes(wrong === 'ip' ? 'IP_CKSUM_BAD' : 'IP_CKSUM_GOOD'), what);
      if (wrong !== 'ip') mustBe(flags.includes(wrong === 'transport' ? 'L4_CKSUM_BAD' : 'L4_CKSUM_GOOD'), what);
    }
    report(`${described.length} frames judged as they are`);
  } finally {
    await port.configure(...offloads.map((one) => `port config 0 rx_offload ${one} off`));
  }
}

function checkSegments(segments: readonly Parsed[], version: 4 | 6): void {
  const count = Math.ceil(longPayload / segmentSize);
  mustBe(segments.length === count, `IPv${version}: ${segments.length} segments and not ${count}`);
  const bytes: Buffer[] = [];
  for (const [at, { ip }] of segments.entries()) {
    mustBe(ip?.transport === 'tcp' && ip.headerRight && ip.transportRight, `IPv${version}: checksum of segment ${at}`);
    const segment = ip!.segment;
    mustBe(segment.readUInt32BE(4) === at * segmentSize, `IPv${version}: sequence number of segment ${at}`);
    mustBe(version === 6 || ip!.identification === at, `identification ${ip!.identification} of segment ${at}`);
    const push = (segment[13]! & 8) !== 0;
    mustBe(push === (at === count - 1), `IPv${version}: PSH of segment ${at}`);
    bytes.push(segment.subarray(tcpHeaderLength));
  }
  mustBe(Buffer.concat(bytes).equals(payload(longPayload)), `IPv${version}: the payload is another one`);
}

/** One long packet goes out as TCP segments that make the same stream. */
export async function segmentation(port: DpdkPort, report: (text: string) => void): Promise<void> {
  await port.configure(
    'port config 0 rx_offload scatter on',
    'port config 0 tx_offload multi_segs on',
    `port config mtu 0 ${jumboLength}`,
    ...sumsBy('hw'),
    `tso set ${segmentSize} 0`,
  );
  try {
    await port.forward('csum');
    const count = Math.ceil(longPayload / segmentSize);
    for (const version of [4, 6] as const) {
      const long = port.frame({ version, transport: 'tcp', tcpFlags: 0x18, payload: payload(longPayload) });
      const all = await port.host.exchange([long], { count, limitMs: 4000, containing: port.mac.replaceAll(':', '') });
      checkSegments(all.map(parse), version);
    }
    report(`${longPayload} bytes as ${count} segments of ${segmentSize}, IPv4 and IPv6`);
  } finally {
    await port.configure(
      'tso set 0 0',
      ...sumsBy('sw'),
      'port config 0 tx_offload multi_segs off',
      'port config 0 rx_offload scatter off',
      'port config mtu 0 1500',
    );
  }
}

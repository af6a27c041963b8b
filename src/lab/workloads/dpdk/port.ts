import { setTimeout as sleep } from 'node:timers/promises';
import type { ExternalHost } from '../../external-host.ts';
import { LabError } from '../../errors.ts';
import { build, type FrameDescription, marker, type Parsed, parse, payload } from './frames.ts';
import type { Testpmd } from './testpmd.ts';

/** A packet as testpmd prints it. */
export interface SeenPacket {
  readonly destination: string;
  readonly etherType: number;
  /** Bytes without the FCS and without a tag that was taken off. */
  readonly length: number;
  readonly segments: number;
  readonly queue: number;
  readonly rssHash: number | undefined;
  /** Tags that were taken off. */
  readonly vlan: number | undefined;
  /** What the hardware says it is: "L2_ETHER L3_IPV4 L4_UDP". */
  readonly type: string;
  /** Of RTE_MBUF_F_RX_…, without those letters. */
  readonly flags: readonly string[];
}

const sentinelType = 0x88b5;
const broadcast = 'ff:ff:ff:ff:ff:ff';
const backMs = 4000;
const sendMs = 5;
const complaints = /Bad arguments|Command not found|[Ff]ail|[Ee]rror|not supported|[Ii]nvalid|Please stop|[Cc]annot/;
/** The driver takes its interrupt away as a port stops and again as it starts; vfio has none any more then. */
const harmless = /^EAL: Error disabling MSI-X interrupts/;

/** The lines that testpmd prints about received packets with "set verbose 1". */
export function seenPackets(text: string): SeenPacket[] {
  const found: SeenPacket[] = [];
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    const head = /src=\S+ - dst=(\S+) .*type=0x(\w+) - length=(\d+) - nb_segs=(\d+)/.exec(line);
    const queue = /Receive queue=0x(\w+)/.exec(line)?.[1];
    if (head === null || queue === undefined) continue;
    const number = (pattern: RegExp): number | undefined => {
      const digits = pattern.exec(line)?.[1];
      return digits === undefined ? undefined : Number.parseInt(digits, 16);
    };
    found.push({
      destination: head[1]!.toLowerCase(),
      etherType: Number.parseInt(head[2]!, 16),
      length: Number(head[3]),
      segments: Number(head[4]),
      queue: Number.parseInt(queue, 16),
      rssHash: number(/RSS hash=0x(\w+)/),
      vlan: number(/ VLAN tci=0x(\w+)/),
      type: /hw ptype: (.*?) +-/.exec(line)?.[1] ?? '',
      flags: [...(lines[at + 1] ?? '').matchAll(/RTE_MBUF_F_RX_(\w+)/g)].map(([, flag]) => flag!),
    });
  }
  return found;
}

/** One port that testpmd has, with the external host at the other end of its wire. */
export class DpdkPort {
  readonly testpmd: Testpmd;
  readonly host: ExternalHost;
  readonly mac: string;
  /** It is a virtual function, whose PF decides what it may. */
  readonly virtual: boolean;

  constructor(testpmd: Testpmd, host: ExternalHost, mac: string, virtual: boolean) {
    this.testpmd = testpmd;
    this.host = host;
    this.mac = mac;
    this.virtual = virtual;
  }

  /** A frame to this port. */
  frame(more: Partial<FrameDescription> = {}): Buffer {
    return build({ destination: this.mac, ...more });
  }

  /** Lines of settings that testpmd must take without complaint. */
  async set(...lines: string[]): Promise<string> {
    const text = await this.testpmd.type(lines);
    const complaint = text.split('\n').find((line) => complaints.test(line) && !harmless.test(line));
    if (complaint !== undefined) throw new LabError('TESTPMD', `testpmd: ${complaint.trim()} ("${lines.join('; ')}")`);
    return text;
  }

  /** Settings that need a stopped port; waits until it is up again. */
  async configure(...lines: string[]): Promise<void> {
    await this.testpmd.type('stop');
    await this.set('port stop 0', ...lines, 'port start 0');
    await this.waitForLink(true);
  }

  /** Ends what is forwarded and begins in another mode. */
  async forward(mode: string, verbose = false): Promise<void> {
    const text = await this.testpmd.type(['stop', `set fwd ${mode}`, `set verbose ${verbose ? 1 : 0}`, 'start']);
    if (!text.includes(`${mode} packet forwarding - ports=1`))
      throw new LabError('TESTPMD', `testpmd does not forward in mode ${mode}`);
  }

  /** What comes back for frames, as many as are sent unless `count` says otherwise. */
  async back(frames: readonly Uint8Array[], count = frames.length): Promise<Buffer[]> {
    return this.host.exchange(frames, { count, containing: marker.toString('hex'), limitMs: backMs });
  }

  async backParsed(frames: readonly Uint8Array[], count?: number): Promise<Parsed[]> {
    return (await this.back(frames, count)).map((frame) => parse(frame));
  }

  /** What the program receives of frames, which a broadcast follows that passes every filter. Needs rxonly and verbose. */
  async received(frames: readonly Uint8Array[]): Promise<SeenPacket[]> {
    const end = build({ destination: broadcast, etherType: sentinelType, payload: payload(60) });
    const text = await this.testpmd.writtenUntil(`type=0x${sentinelType.toString(16)}`, async () => {
      await this.host.exchange([...frames, end], { count: 0, limitMs: sendMs });
    });
    return seenPackets(text).filter(({ etherType }) => etherType !== sentinelType);
  }

  /** The driver's counters by name: "rx_good_packets". */
  async counters(): Promise<Readonly<Record<string, number>>> {
    const text = await this.testpmd.type('show port xstats 0');
    return Object.fromEntries([...text.matchAll(/^(\w+): (\d+)$/gm)].map(([, name, value]) => [name!, Number(value)]));
  }

  /** Waits for the link as the driver sees it. */
  async waitForLink(up: boolean): Promise<void> {
    for (let tries = 100; ; tries--) {
      const text = await this.testpmd.type('show port info 0');
      if (/Link status: (\w+)/.exec(text)?.[1] === (up ? 'up' : 'down')) return;
      if (tries === 0) throw new LabError('NO_CARRIER', `testpmd sees the link ${up ? 'down' : 'up'} still`);
      await sleep(100);
    }
  }
}

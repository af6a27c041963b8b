/** Every way in which testpmd forwards. */
import { LabError } from '../../errors.ts';
import { guestAddress } from '../../external-host-protocol.ts';
import { mustBe } from '../sriov/effects.ts';
import { build, hostMac, parse, payload } from './frames.ts';
import type { DpdkPort } from './port.ts';

type Check = (port: DpdkPort) => Promise<unknown>;

const peer = '02:00:00:00:00:00';
const broadcast = 'ff:ff:ff:ff:ff:ff';

/** A few frames of several kinds. */
function someFrames(destination: string): Buffer[] {
  return [
    build({ destination, payload: payload(18) }),
    build({ destination, transport: 'tcp', payload: payload(500) }),
    build({ destination, version: 6, payload: payload(1000) }),
    build({ destination, etherType: 0x88b6, payload: payload(1486) }),
  ];
}

/** All frames come back, changed in their addresses only. */
async function comeBack(port: DpdkPort, destination: string, source: string, to = port.mac): Promise<void> {
  const frames = someFrames(to);
  const back = await port.back(frames);
  mustBe(back.length === frames.length, `${back.length} of ${frames.length} frames came back`);
  for (const [at, frame] of back.entries()) {
    const found = parse(frame);
    mustBe(
      found.destination === destination && found.source === source,
      `frame ${at} went from ${found.source} to ${found.destination}`,
    );
    mustBe(frame.subarray(12).equals(frames[at]!.subarray(12)), `frame ${at} came back with other bytes`);
  }
}

/** Frames that testpmd makes by itself. */
async function generated(port: DpdkPort, count: number): Promise<Buffer[]> {
  const frames = await port.host.exchange([], { count, limitMs: 4000 });
  await port.testpmd.type('stop');
  mustBe(frames.length >= count, `${frames.length} frames left`);
  return frames.slice(0, count);
}

async function countsOnly(port: DpdkPort): Promise<void> {
  const before = (await port.counters())['rx_good_packets'] ?? 0;
  const back = await port.back(someFrames(port.mac), 1);
  const more = ((await port.counters())['rx_good_packets'] ?? 0) - before;
  mustBe(back.length === 0, `${back.length} frames came back`);
  mustBe(more >= 4, `${more} of 4 frames are counted`);
}

const swapped: Check = (port) => comeBack(port, hostMac, port.mac);
const toPeer: Check = (port) => comeBack(port, peer, port.mac);
/** To all, as a virtual function's frame to itself does not reach the wire. */
const unchanged: Check = (port) => comeBack(port, broadcast, hostMac, broadcast);

/** By the names that testpmd has for them. */
const modes: Readonly<Record<string, Check>> = {
  io: unchanged,
  mac: toPeer,
  csum: toPeer,
  macswap: swapped,
  // This driver recycles none; testpmd says so and goes on.
  recycle_mbufs: unchanged,
  noisy: unchanged,
  rxonly: countsOnly,
  // Without queues that several ports share, it only counts.
  shared_rxq: countsOnly,
  async icmpecho(port) {
    await port.host.run('ping', `-n -c 5 -i 0.1 -W 3 ${guestAddress}`);
  },
  async '5tswap'(port) {
    const frames = [port.frame(), port.frame({ transport: 'tcp' }), port.frame({ version: 6 })];
    const back = await port.backParsed(frames);
    mustBe(back.length === frames.length, `${back.length} of ${frames.length} frames came back`);
    for (const [at, { ip, destination }] of back.entries()) {
      const sent = parse(frames[at]!).ip!;
      mustBe(destination === hostMac && ip !== undefined, `frame ${at} went to ${destination}`);
      mustBe(
        ip?.from === sent.to && ip.to === sent.from && ip.sourcePort === sent.destinationPort,
        `frame ${at} came from ${ip?.from}:${ip?.sourcePort}`,
      );
    }
  },
  async txonly(port) {
    for (const frame of await generated(port, 64)) {
      const { ip, source } = parse(frame);
      mustBe(source === port.mac && frame.length === 64, `a frame of ${frame.length} bytes from ${source}`);
      mustBe(ip?.transport === 'udp' && ip.headerRight, 'a frame is no datagram with a right IP header');
    }
  },
  async flowgen(port) {
    const flows = new Set((await generated(port, 64)).map((frame) => parse(frame).ip?.to));
    mustBe(flows.size === 64, `64 frames of ${flows.size} flows`);
  },
};

/** Checks for the modes that this testpmd has. */
export async function forwardingModes(port: DpdkPort): Promise<readonly (readonly [string, () => Promise<void>])[]> {
  const offered = /^set fwd (\S+)/m.exec(await port.testpmd.type('help config'))?.[1];
  const names = offered === undefined ? [] : offered.replaceAll(/[()]/g, '').split('|');
  if (names.length < 5) throw new LabError('TESTPMD', 'testpmd does not tell its forwarding modes');
  return names.map((name) => [
    name,
    async () => {
      const check = modes[name];
      if (check === undefined) throw new LabError('TESTPMD', `there is no check for the mode ${name}`);
      await port.forward(name);
      await check(port);
      await port.testpmd.type('stop');
    },
  ]);
}

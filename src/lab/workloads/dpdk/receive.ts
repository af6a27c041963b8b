/** Which frames a port takes, how long ones are laid down, and how they are counted. */
import { mustBe } from '../sriov/effects.ts';
import { build, payload } from './frames.ts';
import type { DpdkPort } from './port.ts';

const foreignMac = '02:82:57:60:00:77';
const addedMac = '02:82:57:60:00:88';
const groupMac = '01:00:5e:00:00:42';
const headerLength = 14;
const addressesLength = 12;
/** Data room of a buffer in testpmd's pool. */
const bufferLength = 2048;
const jumboMtu = 9000;
/** A virtual function's driver leaves room for two tags and its PF for a third; payload may use it. */
const longestByMtu = 1500 + 3 * 4;
const backMs = 4000;

const toMac = (destination: string): Buffer => build({ destination });

async function takes(port: DpdkPort, destination: string): Promise<boolean> {
  const seen = await port.received([toMac(destination), port.frame()]);
  mustBe(seen.at(-1)?.destination === port.mac, "a frame to the port's own address did not arrive");
  return seen.length === 2;
}

async function onlyWhile(port: DpdkPort, destination: string, what: string, on: string, off: string): Promise<void> {
  await port.testpmd.type(['stop', 'set promisc 0 off', 'set allmulti 0 off']);
  await port.forward('rxonly', true);
  mustBe(!(await takes(port, destination)), `${what}: frames to ${destination} arrive before it is on`);
  await port.set(on);
  mustBe(await takes(port, destination), `${what}: frames to ${destination} do not arrive while it is on`);
  await port.set(off);
  mustBe(!(await takes(port, destination)), `${what}: frames to ${destination} arrive after it is off`);
  await port.testpmd.type(['stop', 'set promisc 0 on']);
}

export const promiscuous = (port: DpdkPort): Promise<void> =>
  onlyWhile(port, foreignMac, 'promiscuous', 'set promisc 0 on', 'set promisc 0 off');

export const allMulticast = (port: DpdkPort): Promise<void> =>
  onlyWhile(port, groupMac, 'all multicast', 'set allmulti 0 on', 'set allmulti 0 off');

export const multicastList = (port: DpdkPort): Promise<void> =>
  onlyWhile(port, groupMac, 'multicast list', `mcast_addr add 0 ${groupMac}`, `mcast_addr remove 0 ${groupMac}`);

export const secondAddress = (port: DpdkPort): Promise<void> =>
  onlyWhile(port, addedMac, 'second address', `mac_addr add 0 ${addedMac}`, `mac_addr remove 0 ${addedMac}`);

/**
 * Frames to 9,018 bytes, in one buffer or several, and none that is longer than the MTU allows. The
 * driver of a virtual function takes an MTU with other settings of the port only, so it comes after those.
 */
export async function jumbo(port: DpdkPort, report: (text: string) => void): Promise<void> {
  const lengths = [1500, 1501, bufferLength - headerLength, bufferLength, 4000, 8000, jumboMtu];
  const frames = lengths.map((length, at) => port.frame({ etherType: 0x88b6, payload: payload(length, at) }));
  await port.configure(
    'port config 0 rx_offload scatter on',
    'port config 0 tx_offload multi_segs on',
    `port config mtu 0 ${jumboMtu}`,
  );
  try {
    await port.forward('rxonly', true);
    const seen = await port.received(frames);
    mustBe(seen.length === frames.length, `${seen.length} of ${frames.length} frames arrived`);
    for (const [at, { length, segments }] of seen.entries()) {
      const expected = Math.ceil(frames[at]!.length / bufferLength);
      mustBe(length === frames[at]!.length && segments === expected, `${length} bytes in ${segments} buffers`);
    }
    await port.forward('macswap');
    const back = await port.back(frames);
    for (const [at, frame] of frames.entries())
      mustBe(
        back[at]?.subarray(addressesLength).equals(frame.subarray(addressesLength)) === true,
        `the frame of ${frame.length} bytes came back otherwise`,
      );
    report(`${frames.map(({ length }) => length).join(', ')} bytes in up to ${seen.at(-1)!.segments} buffers`);
  } finally {
    await port.configure(
      'port config 0 rx_offload scatter off',
      'port config 0 tx_offload multi_segs off',
      'port config mtu 0 1500',
    );
  }
  await port.forward('macswap');
  const short = [1500, longestByMtu + 1, bufferLength].map((length) =>
    port.frame({ etherType: 0x88b6, payload: payload(length) }),
  );
  const back = await port.back(short, 2);
  mustBe(back.length === 1, `${back.length} of frames of ${short.map(({ length }) => length).join(', ')} bytes passed`);
}

/** One packet gathered from several buffers. */
export async function gathered(port: DpdkPort): Promise<void> {
  await port.configure('port config 0 tx_offload multi_segs on');
  try {
    await port.set('set txpkts 100,300,7,600');
    await port.forward('txonly');
    const frames = await port.host.exchange([], { count: 32, limitMs: backMs });
    await port.testpmd.type('stop');
    mustBe(frames.length >= 32, `${frames.length} frames left`);
    for (const frame of frames) mustBe(frame.length === 1007, `a frame of ${frame.length} and not 1007 bytes left`);
  } finally {
    await port.testpmd.type('set txpkts 64');
    await port.configure('port config 0 tx_offload multi_segs off');
  }
}

const sizes = [60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514];
const bins = ['64', '65_to_127', '128_to_255', '256_to_511', '512_to_1023', '1024_to_max'];
/** Frames of `sizes` by bin, each counted with its FCS. */
const inBin = [1, 2, 2, 2, 2, 2];

function mustCount(counters: Readonly<Record<string, number>>, name: string, expected: number): void {
  mustBe(counters[name] === expected, `${name} is ${counters[name]} and not ${expected}`);
}

/** Basic and extended statistics of a few frames of known sizes, each way. */
export async function statistics(port: DpdkPort, report: (text: string) => void): Promise<void> {
  const frames = sizes.map((size) => port.frame({ etherType: 0x88b6, payload: payload(size - headerLength) }));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  await port.testpmd.type(['stop', 'set promisc 0 off']);
  // A frame of a virtual function to itself does not reach the wire.
  await port.forward(port.virtual ? 'macswap' : 'io');
  await port.set('clear port xstats 0', 'clear port stats 0');
  const before = await port.counters();
  for (const name of ['rx_good_packets', 'tx_good_packets', 'rx_good_bytes']) mustCount(before, name, 0);
  const group = [toMac(groupMac), build({ destination: 'ff:ff:ff:ff:ff:ff' })];
  await port.set('set allmulti 0 on');
  const back = await port.back([...frames, ...group]);
  mustBe(back.length === frames.length + 2, `${back.length} of ${frames.length + 2} frames came back`);
  const counters = await port.counters();
  const all = frames.length + 2;
  const bytes = total + group[0]!.length + group[1]!.length;
  for (const way of ['rx', 'tx']) mustCount(counters, `${way}_good_packets`, all);
  if (port.virtual) {
    mustCount(counters, 'rx_multicast_packets', 1);
  } else {
    // The driver takes the FCS off the octets again.
    for (const way of ['rx', 'tx']) {
      mustCount(counters, `${way}_good_bytes`, bytes);
      mustCount(counters, `${way}_total_packets`, all);
      mustCount(counters, `${way}_multicast_packets`, 1);
      mustCount(counters, `${way}_broadcast_packets`, 1);
      // The two to groups have 106 bytes.
      for (const [at, bin] of bins.entries())
        mustCount(counters, `${way}_size_${bin}_packets`, inBin[at]! + (at === 1 ? 2 : 0));
    }
  }
  const basic = await port.testpmd.type('show port stats 0');
  mustBe(Number(/RX-packets: (\d+)/.exec(basic)?.[1]) === all, 'the basic statistics say otherwise');
  report(`${all} packets, ${counters['rx_good_bytes']} bytes received, ${counters['tx_good_bytes']} sent`);
  await port.testpmd.type(['stop', 'set allmulti 0 off', 'set promisc 0 on']);
}

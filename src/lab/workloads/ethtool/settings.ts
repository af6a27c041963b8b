/** What ethtool changes, each by what it does to packets, interrupts or registers. */
import { mustBe, type Effects } from '../sriov/effects.ts';
import { guestAddress, hostAddress } from '../../external-host-protocol.ts';
import type { Subject } from './subject.ts';

const coalesceUsecs = 8000;
const floodSeconds = 3;
const flows = 64;
const descriptorBytes = 16;
const iperfPort = 5201;

export async function settings(subject: Subject, effects: Effects): Promise<void> {
  await effects.try('-K tso off: no segment of the guest is longer than a frame', (report) =>
    segmentation(subject, report),
  );
  await effects.try('-k, -K rx-checksumming and tx-checksumming off: the kernel does both', () => checksums(subject));
  await effects.try('-K rxvlan and txvlan off: tags stay in the frame', () => vlanOffload(subject));
  await effects.try('-c, -C rx-usecs: so many interrupts a second', (report) => coalescing(subject, report));
  await effects.try('-g, -G: rings of 512 and 4096 descriptors carry traffic', () => rings(subject));
  await effects.try('-l, -L combined 1 and 2: as many queues', (report) => channels(subject, report));
  await effects.try('-x, -X: the table sends all flows to one queue', (report) => indirection(subject, report));
  await effects.try('-N rx-flow-hash udp4 sdfn: ports spread flows', (report) => flowHash(subject, report));
  await effects.try('-a, -A: pause frames off and on', () => pause(subject));
  await effects.try('-s: 10, 100 and 1000 Mb/s, half duplex', (report) => speeds(subject, report));
  await effects.try('-r: negotiates anew', async () => {
    await subject.change('-r', '');
    await subject.scene.mustPing(5);
  });
}

/** Longest frame with TCP from the guest that the host sees during a transfer. */
async function longestSent(subject: Subject): Promise<number> {
  const { scene } = subject;
  await scene.host.iperf();
  const watched = scene.host.shell(
    `timeout 6 tcpdump -Z root -n -i host0 -c 400 'tcp and src ${guestAddress} and greater 1000' 2>/dev/null | sed -n 's/.*length \\([0-9]*\\).*/\\1/p' | sort -n | tail -1`,
    20_000,
  );
  await scene.machine.run(`sleep 1; iperf3 -c ${hostAddress} -p ${iperfPort} -t 3 > /dev/null`, 60_000);
  return Number((await watched).stdout.trim());
}

async function segmentation(subject: Subject, report: (text: string) => void): Promise<void> {
  const on = await longestSent(subject);
  await subject.ethtool('-K', 'tso off gso off');
  const off = await longestSent(subject);
  await subject.ethtool('-K', 'tso on gso on');
  mustBe(on > 1448, `with TSO the longest segment is of ${on} bytes`);
  mustBe(off > 0 && off <= 1448, `without TSO a segment of ${off} bytes is sent`);
  report(`${on} and ${off} bytes`);
}

async function checksums(subject: Subject): Promise<void> {
  await subject.ethtool('-K', 'rx off tx off');
  const off = await subject.ethtool('-k');
  mustBe(/^rx-checksumming: off/m.test(off) && /^tx-checksumming: off/m.test(off), 'they stay on');
  await transfer(subject);
  await subject.ethtool('-K', 'rx on tx on tso on');
  const grown = await subject.grown(() => transfer(subject));
  for (const queue of [0, 1]) mustBe(grown(`rx_queue_${queue}_csum_err`) === 0, 'frames with a wrong checksum came');
}

async function transfer(subject: Subject): Promise<void> {
  await subject.scene.host.iperf();
  await subject.scene.machine.run(`iperf3 -c ${hostAddress} -p ${iperfPort} -t 1 -R > /dev/null`, 60_000);
  await subject.scene.machine.run(`iperf3 -c ${hostAddress} -p ${iperfPort} -t 1 > /dev/null`, 60_000);
}

async function vlanOffload(subject: Subject): Promise<void> {
  const { machine, host } = subject.scene;
  await host.addVlan(82, '10.82.59.1/24');
  const tagged = async (): Promise<void> => {
    await machine.run(
      `ip link add link ${subject.name} name tagged type vlan id 82; ip address add 10.82.59.2/24 dev tagged; ip link set tagged up; sleep 0.3`,
    );
    await subject.scene.mustPing(5, '', false, '10.82.59.1');
    await machine.run('ip link delete tagged');
  };
  try {
    await subject.ethtool('-K', 'rxvlan off txvlan off');
    await tagged();
    await subject.ethtool('-K', 'rxvlan on txvlan on');
    await tagged();
  } finally {
    await host.removeVlan(82);
  }
}

/** Interrupts a second while the host floods the guest. */
async function interruptRate(subject: Subject): Promise<number> {
  const { scene } = subject;
  const before = await subject.interrupts();
  await scene.host.shell(
    `timeout ${floodSeconds} ping -n -q -i 0.001 ${guestAddress} > /dev/null`,
    floodSeconds * 1000 + 30_000,
  );
  return ((await subject.interrupts()) - before) / floodSeconds;
}

async function coalescing(subject: Subject, report: (text: string) => void): Promise<void> {
  const { machine } = subject.scene;
  await subject.ethtool('-C', 'rx-usecs 0');
  const free = await interruptRate(subject);
  await subject.ethtool('-C', `rx-usecs ${coalesceUsecs}`);
  const shown = await subject.value('-c', 'rx-usecs');
  mustBe(shown === String(coalesceUsecs), `-c shows ${shown}`);
  const moderated = await interruptRate(subject);
  const vectors = Number(await machine.run(`grep -c '${subject.name}' /proc/interrupts`));
  await subject.ethtool('-C', 'rx-usecs 3');
  // Each vector by itself; the one of the link has one each two seconds.
  const most = (vectors * 1e6) / coalesceUsecs;
  report(`${Math.round(free)} a second, then ${Math.round(moderated)}, at most ${Math.round(most)}`);
  mustBe(moderated <= most * 1.05, `${Math.round(moderated)} interrupts a second`);
  mustBe(free > moderated, `no more without moderation: ${Math.round(free)}`);
}

async function rings(subject: Subject): Promise<void> {
  for (const count of [512, 4096, 256]) {
    await subject.change('-G', `rx ${count} tx ${count}`);
    const [rx, tx] = [await subject.current('-g', 'RX'), await subject.current('-g', 'TX')];
    mustBe(rx === count && tx === count, `-g shows ${rx} and ${tx}`);
    const text = await subject.ethtool('-d');
    for (const register of ['RDLEN', 'TDLEN']) {
      const length = Number(new RegExp(`${register} .*(0x[0-9A-F]+)$`, 'm').exec(text)?.[1]);
      mustBe(length === count * descriptorBytes, `${register} is ${length} with ${count} descriptors`);
    }
    await subject.scene.mustPing(20);
  }
}

/** How many receive queues got datagrams of many flows. */
async function queuesUsed(subject: Subject): Promise<number> {
  const grown = await subject.grown(() => subject.datagrams(flows));
  const counts = [0, 1].map((queue) => {
    try {
      return grown(`rx_queue_${queue}_packets`);
    } catch {
      return 0;
    }
  });
  return counts.filter((count) => count > flows / 8).length;
}

async function channels(subject: Subject, report: (text: string) => void): Promise<void> {
  for (const count of [1, 2]) {
    await subject.change('-L', `combined ${count}`);
    const shown = await subject.current('-l', 'Combined');
    mustBe(shown === count, `-l shows ${shown}`);
    const names = [...(await subject.statistics()).keys()].filter((name) => /^rx_queue_\d+_packets$/.test(name));
    mustBe(names.length === count, `${names.length} receive queues`);
    await subject.scene.mustPing(10);
  }
  mustBe(await subject.refuses('-L', 'combined 9'), 'nine queues are taken');
  report('nine are refused');
}

/** Sets the table and sees that it names these queues. Kernels before 6.8 refuse the transformation that ethtool asks for where none is named. */
async function direct(subject: Subject, words: string, queues: readonly number[]): Promise<void> {
  await subject.ethtool('-X', `${words} xfrm none`);
  const rows = [...(await subject.ethtool('-x')).matchAll(/^\s*\d+:((?:\s+\d+)+)$/gm)];
  const named = new Set(rows.flatMap(([, row]) => row!.trim().split(/\s+/).map(Number)));
  mustBe([...named].sort((a, b) => a - b).join() === queues.join(), `-x shows the queues ${[...named].join(', ')}`);
}

async function indirection(subject: Subject, report: (text: string) => void): Promise<void> {
  await subject.ethtool('-N', 'rx-flow-hash udp4 sdfn');
  await direct(subject, 'weight 1 0', [0]);
  const one = await queuesUsed(subject);
  await direct(subject, 'equal 2', [0, 1]);
  const two = await queuesUsed(subject);
  report(`${one} queue, then ${two}`);
  mustBe(one === 1 && two === 2, `${one} and ${two} queues got datagrams`);
}

async function flowHash(subject: Subject, report: (text: string) => void): Promise<void> {
  await subject.ethtool('-N', 'rx-flow-hash udp4 sd');
  const addresses = await queuesUsed(subject);
  await subject.ethtool('-N', 'rx-flow-hash udp4 sdfn');
  const ports = await queuesUsed(subject);
  await subject.ethtool('-N', 'rx-flow-hash udp4 sd');
  report(`${addresses} queue by addresses, ${ports} by ports`);
  mustBe(addresses === 1 && ports === 2, `${addresses} and ${ports} queues got datagrams`);
  mustBe(await subject.refuses('-N', 'flow-type tcp4 dst-port 80 action 1'), 'igb takes rules on this chip');
}

/** For so many times 512 bits; 0 lets go on. */
function pauseFrame(time: number): Buffer {
  const frame = Buffer.alloc(60);
  frame.write('0180c20000010282576000018808', 'hex');
  frame.writeUInt16BE(1, 14);
  frame.writeUInt16BE(time, 16);
  return frame;
}

async function pause(subject: Subject): Promise<void> {
  await subject.change('-A', 'autoneg off rx off tx off');
  const off = await subject.ethtool('-d');
  mustBe(
    /Receive flow control:\s+disabled/.test(off) && /Transmit flow control:\s+disabled/.test(off),
    'still enabled',
  );
  await subject.change('-A', 'autoneg off rx on tx on');
  const on = await subject.ethtool('-d');
  mustBe(/Receive flow control:\s+enabled/.test(on) && /Transmit flow control:\s+enabled/.test(on), 'still disabled');
  const grown = await subject.grown(() =>
    subject.scene.host.exchange([pauseFrame(0xffff), pauseFrame(0)], { count: 1, limitMs: 100 }),
  );
  const counted = ['xoff', 'xon'].map((kind) => grown(`rx_flow_control_${kind}`));
  mustBe(counted.join() === '1,1', `${counted.join(' and ')} of one XOFF and one XON are counted`);
  await subject.change('-A', 'autoneg on');
  mustBe((await subject.value('-a', 'RX')) === 'on', 'not negotiated');
  await subject.scene.mustPing(5);
}

async function speeds(subject: Subject, report: (text: string) => void): Promise<void> {
  const seen: string[] = [];
  for (const [words, speed, duplex] of [
    ['speed 10 duplex half autoneg off', '10Mb/s', 'Half'],
    ['speed 100 duplex full autoneg off', '100Mb/s', 'Full'],
    ['autoneg on advertise 0x008', '100Mb/s', 'Full'],
    ['autoneg on advertise 0x02f', '1000Mb/s', 'Full'],
  ] as const) {
    await subject.change('-s', words);
    const text = await subject.ethtool('');
    const found = [/Speed: (\S+)/.exec(text)?.[1], /Duplex: (\S+)/.exec(text)?.[1]];
    mustBe(found[0] === speed && found[1] === duplex, `${words} gives ${found.join(', ')}`);
    await subject.scene.mustPing(5);
    seen.push(speed);
  }
  report(seen.join(', '));
}

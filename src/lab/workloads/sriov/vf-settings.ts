import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from '../../workload.ts';
import { withVlan } from '../matrix/variants.ts';
import type { Station } from '../matrix/station.ts';
import { hostFiles } from '../matrix/workload.ts';
import { Effects, mustBe } from './effects.ts';
import { mustPing, onePing, pings, pingsAgain, VfGuest } from './vf-guest.ts';
import { seenDuring } from './watch.ts';

const vfMac = '52:54:00:82:57:c0';
const foreignMac = '02:82:57:60:00:77';
const foreignAddress = '10.82.57.77';
const unknownMac = '02:82:57:60:00:99';
const unknownAddress = '10.82.57.99';
const group = '239.82.57.98';
const portVlan = 100;
const priority = 3;
const ratesMbps = [1, 10, 100];
const rateTolerance = 0.05;
const rateSettleMs = 2000;
const rateWindowMs = 8000;
const floodPort = 7010;
const datagramLength = 1400;
/** Bytes of a full TCP segment, and of its headers: Ethernet, IPv4, TCP with a time stamp. */
const segmentLength = 1448;
const headerBytes = 14 + 20 + 32;
/** FCS, preamble and gap. */
const wireOverhead = 4 + 20;
const recoverMs = 20_000;

async function addressOnWire(guest: VfGuest, vf: Station): Promise<void> {
  mustBe((await guest.address(vf)) === vfMac, `the VF has ${await guest.address(vf)}`);
  const seen = await seenDuring(guest.host, `icmp and ether src ${vfMac}`, () => mustPing(vf, guest.host));
  mustBe(seen.length >= 3, `the host saw ${seen.length} of 3 pings from ${vfMac}`);
}

async function portVlanOnWire(guest: VfGuest, vf: Station, report: (text: string) => void): Promise<void> {
  await vf.run(`ip address add ${vf.vlanAddress(4)}/24 dev ${vf.interfaceName}`);
  await guest.set(0, `vlan ${portVlan} qos ${priority}`);
  try {
    await withVlan([guest.host], async () => {
      const seen = await seenDuring(guest.host, `vlan ${portVlan} and icmp and ether src ${vfMac}`, async () => {
        const to = guest.host.vlanAddress(4);
        for (const deadline = Date.now() + recoverMs; !(await pings(vf, to));)
          mustBe(Date.now() < deadline, 'the VF does not reach the host in its VLAN');
        mustBe(await pings(vf, to), 'pings in the VLAN of the VF are lost');
      });
      const line = seen.at(-1) ?? '';
      mustBe(line.includes(`vlan ${portVlan}, p ${priority}`), `on the wire: ${line.slice(0, 120) || 'nothing'}`);
      mustBe(!(await onePing(vf, guest.host.address(4))), 'the VF still reaches the host without a tag');
      report(`VLAN ${portVlan} with priority ${priority} on the wire`);
    });
  } finally {
    await guest.set(0, 'vlan 0');
    await vf.run(`ip address delete ${vf.vlanAddress(4)}/24 dev ${vf.interfaceName}`);
  }
  await pingsAgain(vf, guest.host, recoverMs);
}

/** Mb/s on the wire of a VF that sends as much as it can: datagrams, or TCP where those take too much of the guest. */
async function sentMbps(guest: VfGuest, vf: Station, tcp: boolean): Promise<number> {
  const seconds = Math.ceil((rateSettleMs + rateWindowMs) / 1000) + 3;
  const host = guest.host.address(4);
  if (tcp) await guest.host.place.start(`socat -u TCP4-LISTEN:${floodPort},reuseaddr OPEN:/dev/null`);
  const target = tcp ? `TCP4:${host}:${floodPort},retry=20,interval=0.1` : `UDP4-SENDTO:${host}:${floodPort}`;
  const block = tcp ? 65_536 : datagramLength;
  await vf.place.start(vf.inside(`timeout ${seconds} socat -u -b ${block} OPEN:/dev/zero ${target}`));
  await sleep(rateSettleMs);
  // The host's /sys is that of another namespace.
  const now = `$(sed -n 's/^ *${guest.host.interfaceName}: *\\([0-9]*\\) *\\([0-9]*\\) .*/\\1 \\2/p' /proc/net/dev)`;
  const said = await guest.host.run(
    `a="${now} $(date +%s%N)"; sleep ${rateWindowMs / 1000}; echo "$a ${now} $(date +%s%N)"`,
  );
  const [bytes = 0, packets = 0, from = 0, bytesAfter = 0, packetsAfter = 0, to = 1] = said
    .trim()
    .split(' ')
    .map(Number);
  await sleep(3000);
  // Segments of TCP may arrive joined: with one header for all of them.
  const payload = bytesAfter - bytes - (packetsAfter - packets) * headerBytes;
  const payloadEach = tcp ? segmentLength : datagramLength + 8 + 20 + 14 - headerBytes;
  const wireBytes = (payload / payloadEach) * (payloadEach + headerBytes + wireOverhead);
  return (wireBytes * 8 * 1000) / (to - from);
}

async function rateLimit(guest: VfGuest, vf: Station, mbps: number, report: (text: string) => void): Promise<void> {
  await guest.set(0, `max_tx_rate ${mbps}`);
  try {
    const measured = await sentMbps(guest, vf, mbps > 10);
    report(`${measured.toFixed(measured < 10 ? 3 : 1)} Mb/s on the wire`);
    mustBe(Math.abs(measured / mbps - 1) <= rateTolerance, `${measured.toFixed(2)} Mb/s on the wire and not ${mbps}`);
  } finally {
    await guest.set(0, 'max_tx_rate 0');
  }
}

/** Gives the VF's guest a second address on the same link while `work` runs, as a container would have. */
async function withForeignAddress(vf: Station, work: () => Promise<void>): Promise<void> {
  await vf.place.try('modprobe -q macvlan');
  await vf.run(
    `ip link add link ${vf.interfaceName} name foreign address ${foreignMac} type macvlan mode private && ip address add ${foreignAddress}/32 dev foreign && ip link set foreign up`,
  );
  try {
    await work();
  } finally {
    await vf.try('ip link delete foreign');
  }
}

/** Frames from the foreign address that the external host sees. */
async function foreignFramesOut(guest: VfGuest, vf: Station): Promise<number> {
  // What is being asked for already is not asked for again so soon.
  const words = `ip neigh flush dev foreign nud all; ping -n -q -c 3 -i 0.2 -W 1 -I foreign ${guest.host.address(4)}`;
  const seen = await seenDuring(guest.host, `ether src ${foreignMac} and arp`, () =>
    vf.try(`ip route add 10.82.57.0/24 dev foreign table 77; ip rule add oif foreign table 77; ${words}; true`),
  );
  return seen.length;
}

/** Frames that one station sends to an address, five of them, and how many another sees. */
async function framesIn(from: Station, at: Station, mac: string, address: string): Promise<number> {
  const device = from.interfaceName;
  const seen = await seenDuring(at, `ether dst ${mac}`, () =>
    from.run(
      `ip neigh replace ${address} lladdr ${mac} dev ${device}; ping -n -q -c 5 -i 0.05 -W 1 ${address} > /dev/null || true; ip neigh delete ${address} dev ${device}`,
    ),
  );
  return seen.length;
}

async function groupFramesIn(guest: VfGuest, at: Station): Promise<number> {
  const send = `echo x | socat -u STDIN UDP4-DATAGRAM:${group}:7009,so-bindtodevice=${guest.host.interfaceName}`;
  const seen = await seenDuring(at, `dst ${group} and udp`, () =>
    guest.host.run(`for i in 1 2 3 4 5; do ${send}; done`),
  );
  return seen.length;
}

async function spoofCheck(guest: VfGuest, vf: Station): Promise<void> {
  await withForeignAddress(vf, async () => {
    const checked = await foreignFramesOut(guest, vf);
    mustBe(checked === 0, `${checked} frames from a foreign address left with spoofchk on`);
    await guest.set(0, 'spoofchk off');
    try {
      const unchecked = await foreignFramesOut(guest, vf);
      mustBe(unchecked > 0, 'no frame from a foreign address left with spoofchk off');
    } finally {
      await guest.set(0, 'spoofchk on');
    }
  });
}

async function trust(guest: VfGuest, vf: Station): Promise<void> {
  const seen = async (): Promise<number> => {
    let count = 0;
    await withForeignAddress(vf, async () => {
      count = await framesIn(guest.host, vf, foreignMac, foreignAddress);
    });
    return count;
  };
  const without = await seen();
  mustBe(without === 0, `a VF without trust gets ${without} frames to an address that it added`);
  await guest.set(0, 'trust on');
  try {
    mustBe((await seen()) >= 5, 'a trusted VF does not get frames to an address that it added');
  } finally {
    await guest.set(0, 'trust off');
  }
}

/** The PF sees what `frames` counts only while a flag of its interface is on. */
async function onlyWhile(guest: VfGuest, flag: string, frames: () => Promise<number>): Promise<void> {
  const name = guest.pf.interfaceName;
  const before = await frames();
  mustBe(before === 0, `the PF sees ${before} frames without ${flag}`);
  await guest.pf.run(`ip link set ${name} ${flag} on`);
  try {
    const during = await frames();
    mustBe(during === 5, `the PF sees ${during} of 5 frames with ${flag}`);
  } finally {
    await guest.pf.run(`ip link set ${name} ${flag} off`);
  }
}

/** A bridge over the PF: something behind it talks to the external host and to a VF. */
async function bridge(guest: VfGuest, vf: Station): Promise<void> {
  const name = guest.pf.interfaceName;
  const address = '10.82.57.50';
  await guest.run(
    [
      'modprobe -q -a bridge veth',
      `ip address flush dev ${name}`,
      'ip link add br0 type bridge && ip link add v0 type veth peer name v1 && ip netns add inner',
      `ip link set ${name} master br0 && ip link set v0 master br0 && ip link set v1 netns inner`,
      'ip link set br0 up && ip link set v0 up',
      `ip -n inner address add ${address}/24 dev v1 && ip -n inner link set v1 up`,
    ].join('\n'),
  );
  try {
    for (const from of [guest.host, vf]) {
      const limit = Date.now() + recoverMs;
      while (!(await onePing(from, address)))
        mustBe(Date.now() < limit, `${from.label} does not reach what is behind the bridge`);
      mustBe(await pings(from, address, 10), `pings from ${from.label} through the bridge are lost`);
    }
  } finally {
    await guest.run(`ip netns delete inner; ip link delete br0; ip link delete v0 2>/dev/null; true`);
    await guest.pf.up();
  }
  await mustPing(guest.pf, guest.host);
}

export const vfSettings: Workload = {
  name: 'vf-settings',
  summary:
    'ip link set DEV vf N: mac, vlan and qos, rate, spoofchk, trust; allmulti, promisc and a bridge, by their effect',
  async run(context) {
    const scene = await context.open({ cpus: 2, capture: false }, true);
    const guest = await VfGuest.of(scene, context.host, hostFiles(context.folder));
    await guest.enable(2, false);
    await guest.set(0, `mac ${vfMac}`);
    for (const index of [0, 1]) await guest.bind(index);
    const vf = await guest.station(0);
    await guest.station(1);
    const effects = new Effects(context);
    await effects.try('vf mac', () => addressOnWire(guest, vf));
    await effects.try('vf vlan, qos', (report) => portVlanOnWire(guest, vf, report));
    for (const mbps of ratesMbps)
      await effects.try(`vf max_tx_rate ${mbps}`, (report) => rateLimit(guest, vf, mbps, report));
    await effects.try('vf spoofchk', () => spoofCheck(guest, vf));
    await effects.try('vf trust', () => trust(guest, vf));
    await effects.try('allmulticast on the PF', () =>
      onlyWhile(guest, 'allmulticast', () => groupFramesIn(guest, guest.pf)),
    );
    await effects.try('promisc on the PF', () =>
      // From the wire the PF gets them in any case: it is the default pool.
      onlyWhile(guest, 'promisc', () => framesIn(vf, guest.pf, unknownMac, unknownAddress)),
    );
    await effects.try('a bridge over the PF', () => bridge(guest, vf));
    await effects.try("the guest's kernel is content", () => guest.mustBeContent());
    await guest.enable(0);
    effects.finish();
  },
};

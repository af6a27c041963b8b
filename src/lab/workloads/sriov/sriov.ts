import type { Workload } from '../../workload.ts';
import { hostFiles } from '../matrix/workload.ts';
import { judgePing } from '../matrix/judge.ts';
import type { Station } from '../matrix/station.ts';
import { Effects, mustBe } from './effects.ts';
import { withVlan } from '../matrix/variants.ts';
import { seenDuring } from './watch.ts';
import { mustPing, pings, pingsAgain, VfGuest } from './vf-guest.ts';

const rounds = 50;
/** Rounds after which the guest's memory is compared with that at the end: the first ones fill caches. */
const warmRounds = 5;
const leakKilobytes = 4096;
const recoverMs = 20_000;
const resetMs = 20_000;
/** Pings of the VF that must not notice another's reset. */
const quietPings = 200;
const chosenMac = '52:54:00:82:57:b0';
const otherMac = '52:54:00:82:57:b1';
const group = '239.82.57.99';

async function eachCount(guest: VfGuest): Promise<void> {
  for (let count = 1; count <= 7; count++) {
    await guest.enable(count);
    const driven = await guest.run(`ls -d ${guest.folder}/virtfn*/driver | wc -l`);
    mustBe(Number(driven) === count, `${driven.trim()} of ${count} virtual functions have a driver`);
  }
  const refused = await guest.place.try(`echo 0 > ${guest.folder}/sriov_numvfs; echo 8 > ${guest.folder}/sriov_numvfs`);
  mustBe(refused.status !== 0, 'igb took 8 virtual functions');
  await guest.enable(0);
  const left = await guest.run(`ls -d ${guest.folder}/virtfn* 2>/dev/null | wc -l`);
  mustBe(Number(left) === 0, `${left.trim()} virtual functions are left`);
}

/** Eight virtual functions with a PF driver that does nothing but enable them. */
async function stubWithEight(guest: VfGuest): Promise<void> {
  const address = guest.folder.split('/').at(-1)!;
  const devices = '/sys/bus/pci/devices';
  await guest.run(
    `modprobe pci-pf-stub; cd ${guest.folder}; echo ${address} > driver/unbind; echo pci-pf-stub > driver_override; echo ${address} > /sys/bus/pci/drivers_probe; echo 0 > sriov_drivers_autoprobe; echo 8 > sriov_numvfs`,
  );
  try {
    const ids = await guest.run(
      `for i in 0 1 2 3 4 5 6 7; do f=${guest.folder}/virtfn$i; echo "$(cat $f/vendor) $(cat $f/device) $(basename $(readlink $f))"; done`,
    );
    const lines = ids.trim().split('\n');
    mustBe(lines.length === 8 && lines.every((line) => line.startsWith('0x8086 0x10ca')), `found ${lines.join(', ')}`);
  } finally {
    await guest.run(
      `cd ${guest.folder}; echo 0 > sriov_numvfs; echo 1 > sriov_drivers_autoprobe; echo ${address} > driver/unbind; echo > driver_override; echo ${address} > ${devices}/../drivers_probe; for i in $(seq 50); do [ -e net/${guest.pf.interfaceName} ] && break; sleep 0.1; done`,
    );
    await guest.pf.up();
    await guest.pf.waitForCarrier();
  }
  await mustPing(guest.pf, guest.host);
}

/** Memory of the guest's kernel that nothing can take back, by kind, in kB. */
async function heldKilobytes(guest: VfGuest): Promise<Map<string, number>> {
  await guest.run('echo 3 > /proc/sys/vm/drop_caches; sleep 1');
  const text = await guest.run('cat /proc/meminfo');
  return new Map(
    ['SUnreclaim', 'PageTables', 'VmallocUsed', 'Percpu', 'KernelStack'].map((name) => [
      name,
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0),
    ]),
  );
}

async function upAndDown(guest: VfGuest, report: (text: string) => void): Promise<void> {
  await guest.run(`ping -n -q -i 0.05 ${guest.host.address(4)} > /run/pings 2>&1 & echo $! > /run/pings.pid`);
  let warm = new Map<string, number>();
  for (let round = 1; round <= rounds; round++) {
    await guest.enable(2);
    const vf = await guest.station(round & 1);
    await mustPing(vf, guest.host);
    // It outlives the interface: a ping that nobody ends would take up again in the next round.
    await vf.run(`ping -n -q -i 0.01 ${guest.pf.address(4)} > /dev/null 2>&1 & echo $! > /run/vf-pings.pid`);
    await guest.enable(0);
    await guest.run('kill $(cat /run/vf-pings.pid)');
    report(`round ${round} of ${rounds}`);
    if (round === warmRounds) warm = await heldKilobytes(guest);
  }
  await guest.run('kill -INT $(cat /run/pings.pid)');
  const grown = [...(await heldKilobytes(guest))].map(([name, now]) => ({ name, by: now - (warm.get(name) ?? 0) }));
  const sum = grown.reduce((total, { by }) => total + by, 0);
  const parts = grown.map(({ name, by }) => `${name} ${by}`).join(', ');
  report(`${rounds} rounds, kernel memory grown by ${sum} kB`);
  mustBe(sum < leakKilobytes, `the kernel holds ${sum} kB more after ${rounds - warmRounds} more rounds (${parts})`);
  await mustPing(guest.pf, guest.host);
}

/**
 * Function-level resets of VF 0, which VF 1 must not notice: with its interface up, and without a driver. With the
 * interface down igbvf waits for ever (it disables NAPI once more before the reset), whatever the device does.
 */
async function functionLevelReset(guest: VfGuest): Promise<void> {
  const [one, other] = [await guest.station(0), await guest.station(1)];
  await other.run(`ping -n -c ${quietPings} -i 0.02 -w 60 ${guest.host.address(4)} > /run/other 2>&1 < /dev/null &`);
  const reset = `cd ${guest.folder}/virtfn0; echo flr > reset_method && echo 1 > reset`;
  await guest.run(reset, resetMs);
  await pingsAgain(one, guest.host, recoverMs);
  await mustPing(one, guest.host);
  await guest.unbind(0);
  await guest.run(reset, resetMs);
  await guest.bind(0);
  await mustPing(await guest.station(0), guest.host);
  const said = await guest.run(
    'for i in $(seq 600); do grep -q received /run/other && break; sleep 0.1; done; cat /run/other',
    120_000,
  );
  const { ok, detail } = judgePing(said, quietPings);
  mustBe(ok, `VF 1 meanwhile: ${detail}`);
}

async function pfReset(guest: VfGuest, vf: Station, command: string): Promise<number> {
  await vf.run(`ping -n -q -i 0.02 ${guest.host.address(4)} > /dev/null 2>&1 & echo $! > /run/pings.pid`);
  try {
    await guest.run(command);
    await guest.pf.waitForCarrier();
    return await pingsAgain(vf, guest.host, recoverMs);
  } finally {
    await guest.run('kill $(cat /run/pings.pid); true');
  }
}

async function addressBeforeBind(guest: VfGuest, report: (text: string) => void): Promise<void> {
  await guest.enable(2, false);
  await guest.set(0, `mac ${chosenMac}`);
  const lines = Number(await guest.run('dmesg | wc -l'));
  for (const index of [0, 1]) await guest.bind(index);
  const [set, random] = [await guest.station(0), await guest.station(1)];
  const log = await guest.run(`dmesg | tail -n +${lines + 1}`);
  const name = (await guest.run(`basename $(readlink ${guest.folder}/virtfn0)`)).trim();
  mustBe((await guest.address(set)) === chosenMac, `VF 0 has ${await guest.address(set)} and not ${chosenMac}`);
  const warning = log.split('\n').find((line) => line.includes(name) && /random|not assigned|unable|fail/i.test(line));
  mustBe(warning === undefined, `igbvf warns: ${warning}`);
  const address = await guest.address(random);
  mustBe((Number.parseInt(address.slice(0, 2), 16) & 3) === 2, `VF 1 has ${address}, which is no random address`);
  mustBe(/random MAC/.test(log), 'igbvf does not say that the address of VF 1 is random');
  report(`${chosenMac}, and ${address} at random`);
}

/** Whether the VF's own guest may give it another address. */
async function changeAddress(guest: VfGuest, vf: Station, address: string): Promise<boolean> {
  const result = await vf.try(`ip link set ${vf.interfaceName} address ${address}`);
  const changed = (await guest.address(vf)) === address;
  mustBe(changed === (result.status === 0), `ip says ${result.status}, the address is ${await guest.address(vf)}`);
  if (changed) {
    await guest.host.run(`ip neigh flush dev ${guest.host.interfaceName}`);
    await mustPing(vf, guest.host);
  }
  return changed;
}

/** Frames to a multicast group reach a VF once something in its guest has joined it, and not before. */
async function joinGroup(guest: VfGuest, vf: Station): Promise<void> {
  const send = (): Promise<string> =>
    guest.host.run(
      `for i in 1 2 3 4 5; do echo x | socat -u STDIN UDP4-DATAGRAM:${group}:7009,so-bindtodevice=${guest.host.interfaceName}; done`,
    );
  const filter = `dst ${group} and udp`;
  mustBe((await seenDuring(vf, filter, send)).length === 0, 'the VF sees a group that nobody joined');
  await vf.place.start(
    vf.inside(`timeout 15 socat -u UDP4-RECV:7009,ip-add-membership=${group}:${vf.interfaceName} STDOUT`),
  );
  const seen = await seenDuring(vf, filter, send);
  mustBe(seen.length === 5, `the VF sees ${seen.length} of 5 datagrams of the group`);
}

async function addresses(guest: VfGuest, effects: Effects): Promise<void> {
  await effects.try('the address set before igbvf binds; a random one where none was set', (report) =>
    addressBeforeBind(guest, report),
  );
  await guest.enable(2, false);
  await guest.set(0, `mac ${chosenMac}`);
  for (const index of [0, 1]) await guest.bind(index);
  const [set, free] = [await guest.station(0), await guest.station(1)];
  await effects.try('the address changes from the VF where the PF set none', async () =>
    mustBe(await changeAddress(guest, free, otherMac), 'it is refused'),
  );
  await effects.try('it is refused where the PF set one', async () =>
    mustBe(!(await changeAddress(guest, set, '52:54:00:82:57:b2')), 'it is taken'),
  );
  await effects.try('it changes there too once the VF is trusted', async () => {
    await guest.set(0, 'trust on');
    mustBe(await changeAddress(guest, set, '52:54:00:82:57:b2'), 'it is refused');
  });
}

async function resets(guest: VfGuest, effects: Effects): Promise<void> {
  await effects.try('VF 0 is reset (FLR), up and without a driver; VF 1 does not notice', async () => {
    await guest.enable(2);
    await functionLevelReset(guest);
  });
  await guest.enable(2);
  const one = await guest.station(0);
  const name = guest.pf.interfaceName;
  for (const [what, command] of [
    ['new ring sizes', `ethtool -G ${name} rx 512; ethtool -G ${name} rx 256`],
    ['down and up', `ip link set ${name} down; sleep 1; ip link set ${name} up`],
  ] as const)
    await effects.try(`PF reset (${what}) under VF traffic recovers`, async (report) => {
      report(`after ${await pfReset(guest, one, command)} ms`);
      await guest.pf.up();
      await mustPing(guest.pf, one);
    });
  await effects.try('MTU 9000 from the VF', () => jumboFromVf(guest, one));
  await effects.try('a VLAN from the VF', () =>
    withVlan([guest.host, one], async () => {
      const to = guest.host.vlanAddress(4);
      mustBe(await pings(one, to), 'pings in the VLAN are not answered');
    }),
  );
  await effects.try('a multicast group from the VF', () => joinGroup(guest, one));
}

async function jumboFromVf(guest: VfGuest, vf: Station): Promise<void> {
  const set = async (mtu: number): Promise<void> => {
    await guest.pf.run(`ip link set ${guest.pf.interfaceName} mtu ${mtu}`);
    await guest.pf.waitForCarrier();
    await vf.run(`ip link set ${vf.interfaceName} mtu ${mtu}`);
    await vf.waitForCarrier();
  };
  await set(9000);
  await pingsAgain(vf, guest.host, recoverMs);
  await mustPing(vf, guest.host, 3, '-s 8000 -M do');
  await set(1500);
  await pingsAgain(vf, guest.host, recoverMs);
}

export const sriov: Workload = {
  name: 'sriov',
  summary: 'virtual functions come, go, are reset and recover; addresses, MTU, VLAN and multicast from their side',
  async run(context) {
    const scene = await context.open({ cpus: 2, capture: false }, true);
    const guest = await VfGuest.of(scene, context.host, hostFiles(context.folder));
    const effects = new Effects(context);
    await effects.try('sriov_numvfs from 0 to 7, igbvf binds to each, 8 refused', () => eachCount(guest));
    await effects.try('8 virtual functions with pci-pf-stub', () => stubWithEight(guest));
    await addresses(guest, effects);
    await resets(guest, effects);
    await effects.try(`${rounds} times up and down under traffic`, (report) => upAndDown(guest, report));
    await effects.try("the guest's kernel is content", () => guest.mustBeContent());
    await guest.enable(0);
    effects.finish();
  },
};

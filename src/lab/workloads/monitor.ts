import { setTimeout as sleep } from 'node:timers/promises';
import { connectPeer, type Peer } from '../../monitor/peer.ts';
import { hostAddress } from '../external-host-protocol.ts';
import { LabError } from '../errors.ts';
import { nicMac } from '../nic-under-test.ts';
import type { Scene } from '../scene.ts';
import type { Workload } from '../workload.ts';

const subjects = [
  'network',
  'pci',
  'qtree',
  'irq',
  'switch',
  'vf',
  'mailbox',
  'stats',
  'rx-filter',
  'registers -a',
  'rings',
];
const stopMs = 1500;
const pings = 30;

type Filter = Readonly<Record<string, unknown>>;

function must(right: boolean, what: string): void {
  if (!right) throw new LabError('MONITOR', what);
}

async function filterOf(peer: Peer): Promise<Filter> {
  const [filter] = (await peer.execute('query-rx-filter', { name: 'pf' })) as Filter[];
  return filter!;
}

/** What the monitor says of the filters is what the guest has set. */
async function filters(scene: Scene, peer: Peer): Promise<void> {
  const { machine, interfaceName: device } = scene;
  const quiet = await filterOf(peer);
  must(quiet['main-mac'] === nicMac, `main-mac is ${String(quiet['main-mac'])}`);
  must(quiet['promiscuous'] === false, 'promiscuous before the guest asked for it');
  await machine.run(`ip link set ${device} promisc on && ip link add link ${device} name v100 type vlan id 100`);
  try {
    const busy = await filterOf(peer);
    must(busy['promiscuous'] === true, 'not promiscuous after ip link set promisc on');
  } finally {
    await machine.run(`ip link del v100; ip link set ${device} promisc off`);
  }
  must((await filterOf(peer))['promiscuous'] === false, 'promiscuous after the guest had turned it off');
}

/** Numbers of the pings that were answered. */
const answered = (text: string): number => new Set(text.match(/icmp_seq=\d+/g)).size;

/** For guests: pings, while something is done. */
async function during(scene: Scene, work: () => Promise<void>): Promise<number> {
  const ping = scene.machine.try(`ping -n -c ${pings} -i 0.1 -W 10 ${hostAddress}`, 60_000);
  await sleep(300);
  await work();
  return answered((await ping).stdout);
}

export const monitor: Workload = {
  name: 'monitor',
  summary: 'the monitor on a live guest: views agree with it, looking and stopping lose no packet',
  async run({ open, step, print }) {
    const scene = await open({ cpus: 1 });
    const { monitor: path } = scene.nic;
    if (path === undefined) throw new LabError('NO_MONITOR', 'this NIC has no monitor of ours');
    const peer = await connectPeer(path);
    try {
      await step("the guest's filters", () => filters(scene, peer));
      await step(`${pings} pings, while every subject of info is looked at`, async (report) => {
        let looks = 0;
        const count = await during(scene, async () => {
          for (const until = Date.now() + 2000; Date.now() < until; looks += 1) {
            const text = await peer.run(`info ${subjects[looks % subjects.length]}`);
            must(!text.startsWith('Error'), text);
          }
        });
        must(count === pings, `${pings - count} of ${pings} pings were not answered`);
        report(`${looks} looks`);
      });
      await step(`${pings} pings, while the device is stopped for ${stopMs} ms`, async () => {
        const count = await during(scene, async () => {
          await peer.run('stop');
          await sleep(stopMs);
          await peer.run('cont');
        });
        must(count === pings, `${pings - count} of ${pings} pings were not answered`);
      });
      await step('set_link', async () => {
        await peer.run('set_link pf off');
        await scene.waitForCarrier(false, 5000);
        await peer.run('set_link pf on');
        await scene.waitForCarrier(true, 10_000);
        await scene.mustPing(3);
      });
      print(await peer.run('info rings 0 6'));
      print(await peer.run('info irq'));
    } finally {
      peer.close();
    }
  },
};

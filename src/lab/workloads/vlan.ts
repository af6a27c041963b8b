import { LabError } from '../errors.ts';
import { vlanGuestAddress, vlanHostAddress } from '../external-host-protocol.ts';
import type { Scene } from '../scene.ts';
import type { Workload } from '../workload.ts';
import { download, upload } from './transfer.ts';

const ours = 100;
const strange = 200;
const bytes = 8 * 1024 * 1024;

/** Tagged frames that the guest's interface takes from the external host within a few seconds. */
async function framesSeen(scene: Scene, tag: number): Promise<number> {
  const watch = scene.machine.try(
    `timeout 6 tcpdump -p -n -c 3 -w /dev/null -i ${scene.interfaceName} vlan ${tag} and arp 2>&1`,
    20_000,
  );
  // Nobody answers in a VLAN that the guest has not: the requests for the address are what counts.
  await scene.host.try('ping', ['-n', '-c', '25', '-i', '0.2', '-W', '1', `10.82.${tag}.2`]);
  return Number(/(\d+) packets? captured/.exec((await watch).stdout)?.[1] ?? 0);
}

export const vlan: Workload = {
  name: 'vlan',
  summary: 'tagged traffic with the NIC and with the kernel handling tags, and the VLAN filter',
  async run({ open, step }) {
    const scene = await open({ cpus: 1 });
    const name = scene.interfaceName;
    const link = `${name}.${ours}`;
    await scene.host.addVlan(ours, `${vlanHostAddress}/24`);
    await scene.host.addVlan(strange, `10.82.${strange}.1/24`);
    try {
      await scene.machine.run(
        `modprobe 8021q && ip link add link ${name} name ${link} type vlan id ${ours} && ip address add ${vlanGuestAddress}/24 dev ${link} && ip link set ${link} up`,
      );
      for (const offload of ['on', 'off'])
        await step(
          `pings and 8 MiB each way in VLAN ${ours}, tags handled by the ${offload === 'on' ? 'NIC' : 'kernel'}`,
          async (report) => {
            await scene.machine.run(`ethtool -K ${name} txvlan ${offload} rxvlan ${offload}`);
            await scene.waitForCarrier(true, 10_000);
            for (const size of [56, 1472, 4000]) await scene.mustPing(10, `-s ${size}`, false, vlanHostAddress);
            report(
              `${await download(scene, bytes, [5], vlanHostAddress)} down, ${await upload(scene, bytes, 6, vlanHostAddress)} up`,
            );
          },
        );
      await scene.machine.run(`ethtool -K ${name} txvlan on rxvlan on`);
      await scene.waitForCarrier(true, 10_000);
      await step(`frames of VLAN ${strange} do not reach the guest`, async () => {
        const seen = await framesSeen(scene, strange);
        if (seen > 0) throw new LabError('VLAN_FILTER', `${seen} frames of VLAN ${strange} passed the filter`);
      });
    } finally {
      await scene.machine.try(`ip link delete ${link}`).catch(() => undefined);
      for (const tag of [ours, strange]) await scene.host.removeVlan(tag);
    }
    await step('untagged traffic goes on', () => scene.mustPing(5));
  },
};

import { hostAddress } from '../external-host-protocol.ts';
import { LabError } from '../errors.ts';
import type { Attachment } from '../qemu-args.ts';
import type { Scene } from '../scene.ts';
import type { Workload, WorkloadContext } from '../workload.ts';
import { igbInterfaces } from './igb-interfaces.ts';
import { fleetStations, hostStation } from './matrix/functions.ts';
import { hostFiles } from './matrix/workload.ts';
import { mustPing } from './sriov/vf-guest.ts';

/** VFs of a fleet from here on are those of port 1. */
const ofPort1 = 8;
/** Of port 1 in the guest; beside the addresses of the external host's network. */
const secondAddress = hostAddress.replace(/\d+$/, '77');

const counter = async (scene: Scene, name: string, which: 'rx' | 'tx'): Promise<number> =>
  Number(await scene.machine.run(`cat /sys/class/net/${name}/statistics/${which}_packets`));

function must(holds: boolean, complaint: string): void {
  if (!holds) throw new LabError('PORTS', complaint);
}

async function bothPorts({ open, step }: WorkloadContext, attachment: Attachment): Promise<void> {
  const scene = await open({ cpus: 1, capture: false, variant: { attachment, ports: 2 } }, true);
  const [zero, one] = await step(`${attachment}: igb drives both ports`, async (report) => {
    const found = await igbInterfaces(scene.machine);
    must(found.length === 2, `the guest has ${found.length} igb interfaces and not 2`);
    report(found.map(({ address, name }) => `${address} ${name}`).join(', '));
    if (attachment === 'hierarchy')
      must(found[0]!.address.endsWith('.0') && found[1]!.address.endsWith('.1'), 'they are not functions 0 and 1');
    return found;
  });
  await step('their addresses differ in the last bit', async (report) => {
    const text = await scene.machine.run(
      `cat /sys/class/net/${zero!.name}/address /sys/class/net/${one!.name}/address`,
    );
    const [first = '', second = ''] = text.trim().split('\n');
    const last = (mac: string): number => Number.parseInt(mac.slice(-2), 16);
    must(first.slice(0, 15) === second.slice(0, 15) && (last(first) ^ last(second)) === 1, `${first}, ${second}`);
    report(`${first}, ${second}`);
  });
  await step('the external host answers on each, by its own wire', async (report) => {
    await scene.mustPing(20);
    await scene.machine.run(
      `sysctl -q -w net.ipv4.conf.all.arp_ignore=1 || echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore; ip link set ${one!.name} up && ip address add ${secondAddress}/24 dev ${one!.name}; for i in $(seq 500); do [ "$(cat /sys/class/net/${one!.name}/carrier)" = 1 ] && exit 0; sleep 0.02; done; exit 1`,
      60_000,
    );
    const before = await counter(scene, one!.name, 'tx');
    const millis = await scene.mustPing(20, `-I ${one!.name}`);
    const sent = (await counter(scene, one!.name, 'tx')) - before;
    must(sent >= 20, `${one!.name} sent ${sent} packets for 20 pings`);
    report(`${millis} ms on port 1`);
  });
  await step('both NVMs read as one, with LAN1 beside LAN0', async () => {
    const dump = (name: string): Promise<string> => scene.machine.run(`ethtool -e ${name} raw on | md5sum`);
    must((await dump(zero!.name)) === (await dump(one!.name)), 'the ports show different NVMs');
  });
  await step('a reset of port 1 leaves port 0 alone', async () => {
    await scene.machine.run(`ethtool -r ${one!.name}; ip link set ${one!.name} down; ip link set ${one!.name} up`);
    await scene.mustPing(20);
  });
  if (attachment === 'hierarchy')
    await step('VFs of both ports interleave', async (report) => {
      const devices = '/sys/bus/pci/devices';
      for (const { address } of [zero!, one!]) {
        await scene.machine.run(
          `echo 0 > ${devices}/${address}/sriov_drivers_autoprobe; echo 2 > ${devices}/${address}/sriov_numvfs`,
          60_000,
        );
      }
      const list = await scene.machine.run(
        `for pf in ${zero!.address} ${one!.address}; do for vf in 0 1; do basename $(readlink ${devices}/$pf/virtfn$vf); done; done`,
      );
      const functions = list
        .trim()
        .split('\n')
        .map((address) => address.slice(-4));
      must(functions.join() === '10.0,10.2,10.1,10.3', `the VFs are ${functions.join(', ')}`);
      report(functions.join(', '));
    });
}

/** VFs of both ports in machines of their own, of which none has a PF. */
async function vfsOfBothPorts({ openFleet, host, folder, step }: WorkloadContext): Promise<void> {
  if (openFleet === undefined) return;
  const fleet = await openFleet([
    { name: 'A', vfs: [0] },
    { name: 'B', vfs: [ofPort1 + 0] },
  ]);
  const [a, b] = await fleetStations(fleet, [], step);
  await step('VF 0 of port 0 and VF 0 of port 1, each in a machine of its own', async () => {
    const outside = hostStation(host, hostFiles(folder));
    for (const station of [a!, b!]) await mustPing(station, outside, 20);
    await mustPing(a!, b!, 20);
  });
}

export const ports: Workload = {
  name: 'ports',
  summary:
    'a card of two ports, behind one root port and as two functions: two igb interfaces, each with its wire; VFs of both',
  async run(context) {
    for (const attachment of ['hierarchy', 'function'] as const) await bothPorts(context, attachment);
    await vfsOfBothPorts(context);
  },
};

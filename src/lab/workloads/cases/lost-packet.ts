import { hostAddress } from '../../external-host-protocol.ts';
import type { Workload } from '../../workload.ts';
import { VfGuest } from '../sriov/vf-guest.ts';
import { Terminal } from './terminal.ts';

const vfMac = '52:54:00:82:57:a0';
const containerMac = '02:00:00:00:00:0c';
const ping = `ip netns exec container ping -n -c 3 -W 2 ${hostAddress}`;

/** A VF whose address the host's administrator has set, and in its guest a container with an address of its own. */
async function containerOnVf(guest: VfGuest): Promise<void> {
  await guest.enable(1, false);
  await guest.set(0, `mac ${vfMac}`);
  await guest.bind(0);
  const { interfaceName } = await guest.station(0);
  const inside = 'ip -n container';
  await guest.run(
    [
      'ip netns add container',
      `ip -n vf0 link add link ${interfaceName} name container0 address ${containerMac} type macvlan mode bridge`,
      'ip -n vf0 link set container0 netns container',
      `${inside} address add 10.82.57.40/24 dev container0`,
      `${inside} link set container0 up`,
    ].join(' && '),
  );
}

export const lostPacket: Workload = {
  name: 'case-lost-packet',
  summary: 'a worked case of docs/debugging.md: what a container on a virtual function sends does not arrive',
  async run(context) {
    const terminal = await Terminal.open(context, 'case-lost-packet');
    const { trace } = terminal;
    const guest = await VfGuest.of(terminal.scene, context.host, context.folder);
    await context.step('a virtual function, and a container on it', () => containerOnVf(guest));
    await terminal.step('the container reaches nobody', () => terminal.guest(ping, /100% packet loss/));
    await terminal.step('what the NIC dropped, and why', async () => {
      await terminal.type(
        `outboard trace grep _drop ${trace} | tail -3`,
        /igb_switch_drop_spoof #\d+ .*source address/,
      );
    });
    await terminal.step('the whole story of one packet', async () => {
      await terminal.monitor(`trace-event 'igb_*' on`);
      await terminal.guest(ping, /100% packet loss/);
      const drops = await terminal.type(
        `outboard trace show ${trace} --event igb_tx_tail --event igb_switch_drop_spoof | tail -4`,
        /igb_tx_tail[\s\S]*igb_switch_drop_spoof/,
      );
      const packet = /igb_switch_drop_spoof #(\d+)/.exec(drops)![1];
      await terminal.type(
        `outboard trace follow ${packet} ${trace}`,
        /writes the tail/,
        /Dropped: what it says of its sender is not true .*source address/,
      );
    });
    await terminal.step('a capture of every point', async () => {
      await terminal.monitor('object_add filter-dump,id=c0,points=all,file=$PWD/lost.pcapng');
      await terminal.guest(ping, /100% packet loss/);
      await terminal.monitor('object_del c0');
      await terminal.type(
        `tshark -r lost.pcapng -Y 'eth.src == ${containerMac}' -T fields -e frame.interface_name -e _ws.col.Info -e frame.comment | sort | uniq -c`,
        /drops\s.*Who has.*igb_switch_drop_spoof/,
      );
    });
    await terminal.step('what the switch lets the function send', () =>
      terminal.monitor('info switch', new RegExp(`^ *0 .*${vfMac}.* mac `, 'im')),
    );
    await terminal.step('with trust, the container has its address, and arrives', async () => {
      await terminal.guest(
        `ip link set ${terminal.scene.interfaceName} vf 0 trust on; ip -n container link set container0 down; ip -n container link set container0 up`,
      );
      await terminal.guest(ping, / 0% packet loss/);
      await terminal.monitor('info switch', new RegExp(`^ *0 .*${containerMac}`, 'im'));
    });
  },
};

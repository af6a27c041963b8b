import { jumboMtu } from '../../external-host-protocol.ts';
import { HostPlace, mustRun } from './place.ts';
import type { Station } from './station.ts';

const tag = 100;
const guestLink = 'vlan100';
const ordinaryMtu = 1500;

/** Stations of guests: the external host takes jumbo frames always, and its VLANs are made otherwise. */
function guestStations(stations: readonly Station[]): Station[] {
  return stations.filter(({ place }) => !(place instanceof HostPlace));
}

async function addVlan(station: Station): Promise<void> {
  if (station.place instanceof HostPlace) {
    await station.place.host.addVlan(tag, `${station.vlanAddress(4)}/24`);
    await station.run(`ip -6 address add ${station.vlanAddress(6)}/64 dev vlan${tag} nodad`);
    return;
  }
  await mustRun(station.place, 'modprobe -q 8021q; true');
  await station.run(
    [
      `ip link add link ${station.interfaceName} name ${guestLink} type vlan id ${tag}`,
      `ip address add ${station.vlanAddress(4)}/24 dev ${guestLink}`,
      `ip -6 address add ${station.vlanAddress(6)}/64 dev ${guestLink} nodad`,
      `ip link set ${guestLink} up`,
    ].join('\n'),
  );
}

async function removeVlan(station: Station): Promise<void> {
  if (station.place instanceof HostPlace) await station.place.host.removeVlan(tag);
  else await station.try(`ip link delete ${guestLink}`);
}

/** Gives every station an interface in a VLAN while `work` runs. */
export async function withVlan(stations: readonly Station[], work: () => Promise<void>): Promise<void> {
  try {
    for (const station of stations) await addVlan(station);
    await work();
  } finally {
    for (const station of stations) await removeVlan(station).catch(() => undefined);
  }
}

/** Lets every station send frames of 9,000 bytes while `work` runs. */
export async function withJumboFrames(stations: readonly Station[], work: () => Promise<void>): Promise<void> {
  const set = async (mtu: number): Promise<void> => {
    for (const station of guestStations(stations)) await station.run(`ip link set ${station.interfaceName} mtu ${mtu}`);
    for (const station of guestStations(stations)) await station.waitForCarrier();
  };
  await set(jumboMtu);
  try {
    await work();
  } finally {
    await set(ordinaryMtu).catch(() => undefined);
  }
}

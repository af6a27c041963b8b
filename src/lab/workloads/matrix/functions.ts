import { LabError } from '../../errors.ts';
import type { ExternalHost } from '../../external-host.ts';
import { type Fleet, type FleetGuest, vfMac } from '../../fleet.ts';
import type { Reporter } from '../../reporter.ts';
import type { Scene } from '../../scene.ts';
import { GuestPlace, HostPlace, mustRun, type Place } from './place.ts';
import { Station } from './station.ts';

const hostNumber = 1;
const pfNumber = 2;
const firstVfNumber = 10;
/** As many as igb enables. */
const vfCount = 7;

/** The external host as a station. */
export function hostStation(host: ExternalHost, folder: string): Station {
  const place = new HostPlace(host, folder);
  return new Station({ label: 'host', place, interfaceName: 'host0', number: hostNumber });
}

/** Folder in sysfs of the PF behind an interface. */
export async function functionFolder(place: Place, interfaceName: string): Promise<string> {
  return (await mustRun(place, `readlink -f /sys/class/net/${interfaceName}/device`)).trim();
}

/** Loads drivers as udev would and waits for `count` interfaces of a driver; their names by address. */
async function bindInterfaces(place: Place, driver: string, count: number): Promise<Map<string, string>> {
  const list = `for net in /sys/class/net/*; do case "$(readlink $net/device/driver)" in */${driver}) echo "$(cat $net/address) \${net##*/}";; esac; done`;
  const script = `coldplug; modprobe ${driver}; for i in $(seq 100); do list=$(${list}); [ "$(echo "$list" | grep -c .)" -ge ${count} ] && break; sleep 0.1; done; echo "$list"`;
  const lines = (await mustRun(place, script, 60_000)).trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0]!, line.split(' ')[1] ?? '']));
}

/** Interface of a virtual function, waiting for it. */
export async function vfInterface(place: Place, folder: string, index: number): Promise<string> {
  const script = `for i in $(seq 100); do n=$(ls ${folder}/virtfn${index}/net 2>/dev/null) && [ -n "$n" ] && echo $n && exit 0; sleep 0.1; done; exit 1`;
  const result = await place.try(script);
  if (result.status !== 0) throw new LabError('NO_VF', `virtual function ${index} has no interface in ${place.name}`);
  return result.stdout.trim();
}

/** A virtual function in a network namespace of its own. */
export async function vfStation(label: string, place: Place, interfaceName: string, index: number): Promise<Station> {
  const namespace = `vf${index}`;
  await mustRun(
    place,
    `[ -e /run/netns/${namespace} ] || ip netns add ${namespace}; ip link set ${interfaceName} netns ${namespace}`,
  );
  const station = new Station({ label, place, namespace, interfaceName, number: firstVfNumber + index });
  await station.up();
  return station;
}

/**
 * The PF up in the guest that has it, with virtual functions enabled for all guests, and those that this guest uses itself as
 * stations.
 */
export async function pfStations(place: Place, guest: FleetGuest, inPfGuest: readonly number[]): Promise<Station[]> {
  const name = [...(await bindInterfaces(place, 'igb', 1)).values()][0]!;
  const pf = new Station({ label: `PF@${guest.name}`, place, interfaceName: name, number: pfNumber });
  await pf.up();
  await pf.waitForCarrier();
  const folder = await functionFolder(place, name);
  await mustRun(place, `echo 0 > ${folder}/sriov_drivers_autoprobe; echo ${vfCount} > ${folder}/sriov_numvfs`, 60_000);
  for (let index = 0; index < vfCount; index++)
    await mustRun(place, `ip link set ${name} vf ${index} mac ${vfMac(index)}`);
  // A virtual function made while autoprobe is off is bound by hand only after it is on again.
  await mustRun(place, `modprobe igbvf; echo 1 > ${folder}/sriov_drivers_autoprobe`);
  const stations = [pf];
  for (const index of inPfGuest) {
    const bind = `echo "$(basename $(readlink ${folder}/virtfn${index}))" > /sys/bus/pci/drivers/igbvf/bind`;
    await mustRun(place, bind, 60_000);
    stations.push(await vfStation(`VF${index}@${guest.name}`, place, await vfInterface(place, folder, index), index));
  }
  return stations;
}

/** The virtual functions of a guest that has their sockets, each in a namespace. */
export async function vfStations(place: Place, { name, vfs = [] }: FleetGuest): Promise<Station[]> {
  const found = await bindInterfaces(place, 'igbvf', vfs.length);
  const stations: Station[] = [];
  for (const index of vfs) {
    const interfaceName = found.get(vfMac(index));
    if (interfaceName === undefined)
      throw new LabError('NO_VF', `no interface of ${place.name} has the address of VF ${index}, ${vfMac(index)}`);
    stations.push(await vfStation(`VF${index}@${name}`, place, interfaceName, index));
  }
  return stations;
}

/**
 * Stations of a fleet whose guests are to be booted: the PF where a guest has it, and every virtual function in the
 * guest that has its socket. `inPfGuest` are those that the PF's guest uses itself.
 */
export async function fleetStations(
  fleet: Fleet,
  inPfGuest: readonly number[],
  step: Reporter['step'],
): Promise<Station[]> {
  const places = new Map<string, GuestPlace>();
  await step(`boot ${fleet.guests.length} guests`, async () => {
    await Promise.all(
      fleet.guests.map(async ({ name }) => places.set(name, new GuestPlace(`guest ${name}`, await fleet.boot(name)))),
    );
  });
  const stations: Station[] = [];
  const pfGuest = fleet.guests.find(({ pf }) => pf !== undefined);
  if (pfGuest !== undefined)
    await step('the PF, and virtual functions for all guests', async () => {
      stations.push(...(await pfStations(places.get(pfGuest.name)!, pfGuest, inPfGuest)));
    });
  for (const guest of fleet.guests)
    if (guest.vfs !== undefined)
      await step(`virtual functions ${guest.vfs.join(', ')} in guest ${guest.name}`, async () => {
        stations.push(...(await vfStations(places.get(guest.name)!, guest)));
      });
  for (const station of stations) await station.waitForCarrier();
  return stations;
}

/** PF and virtual functions of one guest as stations. */
export async function functionStations(scene: Scene, count: number, wanted: readonly number[]): Promise<Station[]> {
  const place = new GuestPlace('guest', scene.machine);
  const pf = new Station({ label: 'PF', place, interfaceName: scene.interfaceName, number: pfNumber });
  await pf.up();
  const folder = await functionFolder(place, pf.interfaceName);
  await mustRun(place, `modprobe igbvf; echo ${count} > ${folder}/sriov_numvfs`, 120_000);
  const stations = [pf];
  for (const index of wanted)
    stations.push(await vfStation(`VF${index}`, place, await vfInterface(place, folder, index), index));
  for (const station of stations) await station.waitForCarrier();
  return stations;
}

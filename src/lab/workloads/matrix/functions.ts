import { LabError } from '../../errors.ts';
import type { Scene } from '../../scene.ts';
import { GuestPlace, HostPlace, mustRun, type Place } from './place.ts';
import { Station } from './station.ts';

const hostNumber = 1;
const pfNumber = 2;
const firstVfNumber = 10;

/** The external host as a station. */
export function hostStation(scene: Scene, folder: string): Station {
  const place = new HostPlace(scene.host, folder);
  return new Station({ label: 'host', place, interfaceName: 'host0', number: hostNumber });
}

/** Folder in sysfs of the PF behind an interface. */
export async function functionFolder(place: Place, interfaceName: string): Promise<string> {
  return (await mustRun(place, `readlink -f /sys/class/net/${interfaceName}/device`)).trim();
}

/** Enables virtual functions and gives the interface names of those wanted, by index. */
export async function enableFunctions(
  place: Place,
  pf: string,
  count: number,
  wanted: readonly number[],
): Promise<Map<number, string>> {
  const folder = await functionFolder(place, pf);
  await mustRun(
    place,
    `modprobe igbvf; echo 0 > ${folder}/sriov_numvfs; echo ${count} > ${folder}/sriov_numvfs`,
    120_000,
  );
  const found = new Map<number, string>();
  for (const index of wanted) {
    const name = await mustRun(
      place,
      `for i in $(seq 100); do n=$(ls ${folder}/virtfn${index}/net 2>/dev/null) && [ -n "$n" ] && echo $n && exit 0; sleep 0.1; done; exit 1`,
    ).catch(() => {
      throw new LabError('NO_VF', `virtual function ${index} has no interface in ${place.name}`);
    });
    found.set(index, name.trim());
  }
  return found;
}

/** PF and virtual functions of one guest as stations, each virtual function in a network namespace of its own. */
export async function functionStations(scene: Scene, count: number, wanted: readonly number[]): Promise<Station[]> {
  const place = new GuestPlace('guest', scene.machine);
  const pf = new Station({ label: 'PF', place, interfaceName: scene.interfaceName, number: pfNumber });
  await pf.up();
  const names = await enableFunctions(place, scene.interfaceName, count, wanted);
  const stations = [...names].map(([index, interfaceName]) => {
    const label = `VF${index}`;
    return new Station({ label, place, namespace: label, interfaceName, number: firstVfNumber + index });
  });
  for (const { namespace, interfaceName } of stations)
    await mustRun(place, `ip netns add ${namespace} && ip link set ${interfaceName} netns ${namespace}`);
  await Promise.all(stations.map((station) => station.up()));
  for (const station of [pf, ...stations]) await station.waitForCarrier();
  return [pf, ...stations];
}

import { LabError } from '../../errors.ts';
import type { ExternalHost } from '../../external-host.ts';
import type { Scene } from '../../scene.ts';
import { functionFolder, hostStation, vfInterface, vfStation } from '../matrix/functions.ts';
import { pingWords } from '../matrix/checks.ts';
import { type Judgement, judgePing } from '../matrix/judge.ts';
import { GuestPlace, mustRun } from '../matrix/place.ts';
import { Station } from '../matrix/station.ts';
import { mustBe } from './effects.ts';

const enableMs = 120_000;
const trouble = /Tx Unit Hang|NETDEV WATCHDOG|BUG:|Oops|WARNING:|Call Trace|PCIe link lost|reset adapter/;

/** A guest with the PF, and what is done to its virtual functions. */
export class VfGuest {
  readonly place: GuestPlace;
  readonly pf: Station;
  readonly host: Station;
  /** The PF's folder in sysfs. */
  readonly folder: string;

  private constructor(place: GuestPlace, pf: Station, host: Station, folder: string) {
    this.place = place;
    this.pf = pf;
    this.host = host;
    this.folder = folder;
  }

  static async of(scene: Scene, host: ExternalHost, hostFolder: string): Promise<VfGuest> {
    const place = new GuestPlace('guest', scene.machine);
    const pf = new Station({ label: 'PF', place, interfaceName: scene.interfaceName, number: 2 });
    await pf.up();
    await pf.waitForCarrier();
    const folder = await functionFolder(place, pf.interfaceName);
    return new VfGuest(place, pf, hostStation(host, hostFolder), folder);
  }

  run(script: string, timeoutMs = 60_000): Promise<string> {
    return mustRun(this.place, script, timeoutMs);
  }

  /** Sets how many virtual functions there are; their driver binds by itself unless `probe` is false. */
  async enable(count: number, probe = true): Promise<void> {
    await this.run(
      `modprobe igbvf; cd ${this.folder}; [ $(cat sriov_numvfs) = 0 ] || echo 0 > sriov_numvfs; echo ${probe ? 1 : 0} > sriov_drivers_autoprobe; [ ${count} = 0 ] || echo ${count} > sriov_numvfs; echo 1 > sriov_drivers_autoprobe`,
      enableMs,
    );
    await this.pf.waitForCarrier();
  }

  /** Binds igbvf to a virtual function. */
  async bind(index: number): Promise<void> {
    await this.run(`basename $(readlink ${this.folder}/virtfn${index}) > /sys/bus/pci/drivers/igbvf/bind`);
  }

  /** Takes igbvf away from a virtual function. */
  async unbind(index: number): Promise<void> {
    await this.run(`basename $(readlink ${this.folder}/virtfn${index}) > /sys/bus/pci/drivers/igbvf/unbind`);
  }

  /** A virtual function up in a namespace of its own. */
  async station(index: number): Promise<Station> {
    const made = await vfStation(`VF${index}`, this.place, await vfInterface(this.place, this.folder, index), index);
    await made.waitForCarrier();
    return made;
  }

  /** Sets something of a virtual function with ip link set DEV vf N. */
  async set(index: number, words: string): Promise<void> {
    await this.run(`ip link set ${this.pf.interfaceName} vf ${index} ${words}`);
  }

  async address(station: Station): Promise<string> {
    return (await station.run(`cat /sys/class/net/${station.interfaceName}/address`)).trim();
  }

  /** Fails where the guest's kernel has complained. */
  async mustBeContent(): Promise<void> {
    const line = (await this.run('dmesg')).split('\n').find((text) => trouble.test(text));
    if (line !== undefined) throw new LabError('KERNEL_COMPLAINS', `the guest's kernel complains: ${line}`);
  }
}

/** Pings an address from a station and judges the answers. */
async function tryPings(from: Station, to: string, count: number, words: string): Promise<Judgement> {
  return judgePing((await from.try(`ping ${pingWords(count)} ${words} ${to} 2>&1`, 120_000)).stdout, count);
}

/** Whether pings from one station to an address are all answered. */
export async function pings(from: Station, to: string, count = 3, words = ''): Promise<boolean> {
  return (await tryPings(from, to, count, words)).ok;
}

/** Whether one ping is answered within a second. */
export async function onePing(from: Station, to: string): Promise<boolean> {
  return (await from.try(`ping -n -q -c 1 -W 1 ${to}`)).status === 0;
}

export async function mustPing(from: Station, to: Station, count = 3, words = ''): Promise<void> {
  const { ok, detail } = await tryPings(from, to.address(4), count, words);
  mustBe(ok, `pings from ${from.label} to ${to.label}: ${detail}`);
}

/** Pings once in a while until one is answered; milliseconds that it took. */
export async function pingsAgain(from: Station, to: Station, limitMs: number): Promise<number> {
  const begin = performance.now();
  while (!(await onePing(from, to.address(4))))
    mustBe(performance.now() - begin < limitMs, `${from.label} does not reach ${to.label} within ${limitMs / 1000} s`);
  return Math.round(performance.now() - begin);
}

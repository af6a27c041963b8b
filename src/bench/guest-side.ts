/** One guest with one NIC: its stations, and the processor time of all that works for it. */
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { ExternalHost } from '../lab/external-host.ts';
import type { Lab } from '../lab/lab.ts';
import type { NicUnderTest } from '../lab/nic-under-test.ts';
import { ProcessNic } from '../lab/process-nic.ts';
import type { Reporter } from '../lab/reporter.ts';
import { Scene } from '../lab/scene.ts';
import { introduce } from '../lab/workloads/matrix/flood.ts';
import { functionStations, hostStation } from '../lab/workloads/matrix/functions.ts';
import type { Station } from '../lab/workloads/matrix/station.ts';
import { processorNs } from './processor-time.ts';

/** USER_HZ, in which /proc/stat counts; 100 on every Linux that runs on x86-64. */
const TICKS_PER_SECOND = 100;
const VIRTUAL_FUNCTIONS = 2;
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
const SERVER_PORT = 7020;
const START_MS = 60_000;

const stationNames = ['host', 'pf', 'vf0', 'vf1'] as const;
export type StationName = (typeof stationNames)[number];

/** Seconds so far. Under TCG what the guest uses is part of what QEMU uses. */
export interface ProcessorSeconds {
  readonly guest: number;
  readonly qemu: number;
  /** 0 where the NIC is in QEMU. */
  readonly device: number;
}

export class GuestSide {
  readonly scene: Scene;
  readonly #host: ExternalHost;
  readonly #reporter: Reporter;
  #stations: readonly Station[];

  private constructor(scene: Scene, host: ExternalHost, stations: readonly Station[], reporter: Reporter) {
    this.scene = scene;
    this.#host = host;
    this.#stations = stations;
    this.#reporter = reporter;
  }

  /** Boots the guest, with an iperf3 server at the PF and the external host. `folder` gets its logs. */
  static async open(lab: Lab, nic: NicUnderTest, folder: string, reporter: Reporter): Promise<GuestSide> {
    const files = join(folder, 'host-files');
    mkdirSync(files, { recursive: true });
    const host = await ExternalHost.start(lab.tools, folder);
    const scene = await Scene.open(lab, nic, host, { cpus: 1, capture: false }, folder, '', reporter, {
      plug: () => host.plug(),
      plugged: () => Promise.resolve(),
      opened: () => undefined,
    });
    const stations = await reporter.step('servers', async () => {
      const both = [hostStation(host, files), ...(await functionStations(scene, 0, []))];
      const limits = ['rmem_max', 'wmem_max'].map((name) => `echo ${SOCKET_BUFFER_BYTES} > /proc/sys/net/core/${name}`);
      await scene.machine.run(limits.join('; '));
      for (const station of both) await serve(station);
      await introduce(both);
      return both;
    });
    return new GuestSide(scene, host, stations, reporter);
  }

  /** Enables two VFs, each in a namespace with an iperf3 server, if there are none. */
  async enableFunctions(): Promise<void> {
    const [external, pf] = this.#stations;
    if (this.#stations.length > 2) return;
    await this.#reporter.step('two virtual functions', async () => {
      const [, ...functions] = await functionStations(this.scene, VIRTUAL_FUNCTIONS, [0, 1]);
      for (const station of functions) await serve(station);
      this.#stations = [external!, pf!, ...functions];
      await introduce(this.#stations);
    });
  }

  /** A VF is one once they are enabled. */
  station(name: StationName): Station {
    const station = this.#stations[stationNames.indexOf(name)];
    if (station === undefined) throw new Error(`no virtual functions are enabled for ${name}`);
    return station;
  }

  async processorSeconds(): Promise<ProcessorSeconds> {
    const { nic, machine } = this.scene;
    const text = await machine.run('head -1 /proc/stat');
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = text.trim().split(/\s+/).slice(1).map(Number);
    return {
      guest: (user + nice + system + irq + softirq) / TICKS_PER_SECOND,
      qemu: processorNs(machine.pid) / 1e9,
      device: nic instanceof ProcessNic ? processorNs(nic.pid) / 1e9 : 0,
    };
  }

  async close(): Promise<void> {
    await this.scene.close(true);
    await this.#host.stop();
  }
}

/** Every iperf3 client of the bench connects to this one. */
export const serverPort = SERVER_PORT;

async function serve(station: Station): Promise<void> {
  await station.place.start(station.inside(`iperf3 -s -p ${SERVER_PORT}`));
  const listening = `grep -q ':${SERVER_PORT.toString(16).toUpperCase()} .* 0A ' /proc/net/tcp6`;
  await station.run(`i=0; until ${listening}; do i=$((i+1)); [ $i -gt 100 ] && exit 1; sleep 0.1; done`, START_MS);
}

import type { Report } from '../../cache.ts';
import { prepareDpdk } from '../../dpdk.ts';
import type { FleetGuest } from '../../fleet.ts';
import { vfMac } from '../../fleet.ts';
import type { GuestImage } from '../../guest-image.ts';
import { nicMac } from '../../nic-under-test.ts';
import type { Workload, WorkloadContext } from '../../workload.ts';
import { Effects, mustBe } from '../sriov/effects.ts';
import { forwardingModes } from './modes.ts';
import { receiveChecksums, segmentation, transmitChecksums } from './offloads.ts';
import { DpdkPort } from './port.ts';
import { flexRefused, flowRules, queueCount, rss } from './queues.ts';
import { allMulticast, gathered, jumbo, multicastList, promiscuous, secondAddress, statistics } from './receive.ts';
import { giveToProgram, Testpmd, type UserDriver } from './testpmd.ts';
import { qinq, vlanFilter, vlanInsert, vlanStrip } from './vlan.ts';

type Check = (port: DpdkPort, report: Report) => Promise<unknown>;
type Checks = readonly (readonly [string, Check])[];

/** A guest in which a program has a function of the NIC, with an IOMMU where vfio-pci is to guard it. */
interface Place {
  readonly title: string;
  readonly guest: FleetGuest;
  readonly device: string;
  readonly driver: UserDriver;
  readonly mac: string;
}

const places: Readonly<Record<'pf' | 'vf' | 'behindVmd', Place>> = {
  pf: { title: 'PF', guest: { name: 'PF', pf: 'function' }, device: '0x10c9', driver: 'vfio-pci', mac: nicMac },
  vf: {
    title: 'VF',
    guest: { name: 'VF', vfs: [0], vfSettings: { trust: true, spoofchk: false } },
    device: '0x10ca',
    driver: 'vfio-pci',
    mac: vfMac(0),
  },
  behindVmd: {
    title: 'PF behind VMD',
    guest: { name: 'VMD', pf: 'hierarchy' },
    device: '0x10c9',
    driver: 'uio_pci_generic',
    mac: nicMac,
  },
};
const iommu = ['-device', 'intel-iommu,caching-mode=on'];
const bootMs = 480_000;

async function restarts(port: DpdkPort): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await port.configure();
    await port.forward('macswap');
    const frames = [port.frame(), port.frame({ version: 6 })];
    const back = await port.back(frames);
    mustBe(back.length === 2, `${back.length} of 2 frames came back in round ${round}`);
  }
}

const offloads: Checks = [
  ['transmit checksums', transmitChecksums],
  ['receive checksums', receiveChecksums],
  ['TCP segmentation', segmentation],
];
const tags: Checks = [
  ['VLAN filter', vlanFilter],
  ['VLAN tags put in', vlanInsert],
];
const lengths: Checks = [
  ['jumbo frames, scattered', jumbo],
  ['packets gathered from several buffers', gathered],
];
const addresses: Checks = [
  ['promiscuous', promiscuous],
  ['all multicast', allMulticast],
  ['multicast list', multicastList],
];

/** Boots a guest and gives its function to testpmd, one session after another with queues as `words` say. */
class Session {
  readonly #context: WorkloadContext;
  readonly #place: Place;
  readonly #effects: Effects;
  readonly #start: (words: string) => Promise<Testpmd>;

  private constructor(
    context: WorkloadContext,
    place: Place,
    effects: Effects,
    start: (words: string) => Promise<Testpmd>,
  ) {
    this.#context = context;
    this.#place = place;
    this.#effects = effects;
    this.#start = start;
  }

  static async open(context: WorkloadContext, place: Place, image: GuestImage, effects: Effects): Promise<Session> {
    const { title, guest, device, driver } = place;
    const guarded = driver === 'vfio-pci';
    const [machine, address] = await context.step(`${title}: a guest gives it to ${driver}`, async (report) => {
      const fleet = await context.openFleet!([guest], true);
      const made = fleet.power(guest.name, {
        ...{ cpus: 2, memoryMegabytes: 1024, image },
        ...(guarded ? { platform: iommu, kernelWords: ['intel_iommu=on', 'iommu=pt'] } : {}),
      });
      await made.boot(bootMs);
      if (!guarded) await made.run('coldplug', 60_000);
      const found = await giveToProgram(made, device, driver);
      report(found);
      return [made, found] as const;
    });
    return new Session(context, place, effects, (words) => Testpmd.start(machine, address, words));
  }

  /** Runs checks on a testpmd with options of its own, which ends with them. */
  async run(words: string, checks: Checks | ((port: DpdkPort) => Promise<Checks>), queues = 1): Promise<void> {
    const { title, mac, guest } = this.#place;
    const { host, step } = this.#context;
    const options = `--rxq=${queues} --txq=${queues} ${words}`.trim();
    const port = await step(`${title}: testpmd ${options}`, async () => {
      const started = new DpdkPort(await this.#start(options), host, mac, guest.pf === undefined);
      await started.waitForLink(true);
      return started;
    });
    const list = typeof checks === 'function' ? await checks(port) : checks;
    for (const [name, check] of list) await this.#effects.try(`${title}: ${name}`, (report) => check(port, report));
    await step(`${title}: testpmd ends`, () => port.testpmd.quit());
  }
}

const modes = async (port: DpdkPort): Promise<Checks> =>
  (await forwardingModes(port)).map(([name, check]) => [`forwards ${name}`, check] as const);

export const dpdk: Workload = {
  name: 'dpdk',
  summary:
    "Debian's dpdk-testpmd drives PF and VF: every forwarding mode, checksums, TSO, VLAN, QinQ, RSS, flow rules, jumbo, statistics",
  async run(context) {
    if (context.openFleet === undefined)
      return context.step("skipped: this is for functions of Outboard's NIC", () => Promise.resolve());
    const image = await context.step("Debian's DPDK", (report) => prepareDpdk(context.lab, report));
    const effects = new Effects(context);
    const pf = await Session.open(context, places.pf, image, effects);
    await pf.run('', [['starts again and again', restarts]]);
    await pf.run('', modes);
    await pf.run('', [
      ...offloads,
      ['VLAN tags taken off', vlanStrip],
      ...tags,
      ['double VLAN tags', qinq],
      ...lengths,
      ...addresses,
      ['a second address', secondAddress],
      ['statistics', statistics],
    ]);
    await pf.run('', [['RSS', rss]], queueCount);
    await pf.run('--disable-rss', [...flowRules(), ['flexible flow rules are refused', flexRefused]], queueCount);
    const vf = await Session.open(context, places.vf, image, effects);
    await vf.run('', [['starts again and again', restarts]]);
    await vf.run('', modes);
    await vf.run('', [...offloads, ...tags, ...lengths, ...addresses, ['statistics', statistics]]);
    const behind = await Session.open(context, places.behindVmd, image, effects);
    // uio_pci_generic finds no INTx behind a VMD, so the link is asked for and not reported.
    await behind.run('--no-lsc-interrupt --disable-link-check', [
      ['starts again and again', restarts],
      ...offloads,
      ['statistics', statistics],
    ]);
    effects.finish();
  },
};

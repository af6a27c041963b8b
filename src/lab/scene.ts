import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import type { ExternalHost, WireEnd } from './external-host.ts';
import { guestAddress, guestAddress6, hostAddress, hostAddress6 } from './external-host-protocol.ts';
import type { Lab } from './lab.ts';
import type { NicUnderTest, NicVariant } from './nic-under-test.ts';
import type { Reporter } from './reporter.ts';
import { VirtualMachine } from './virtual-machine.ts';

const pingDeadlineSeconds = 5;

export interface SceneOptions {
  readonly cpus: number;
  /** The guest may reboot without ending the machine. */
  readonly reboots?: boolean;
  /** No capture, where it would weigh on a measurement. */
  readonly capture?: boolean;
  /** How our NIC differs from the usual one. */
  readonly variant?: NicVariant;
  /** More words for the kernel's command line. */
  readonly kernelWords?: readonly string[];
  /** The terminal becomes a console in the guest, which begins when /run/shell is made. */
  readonly terminal?: boolean;
}

/** Whether a guest that was made for `one` serves for `other`. */
export function sameMachine(one: SceneOptions, other: SceneOptions): boolean {
  const key = ({ cpus, reboots = false, variant = {}, kernelWords = [] }: SceneOptions): string =>
    JSON.stringify([cpus, reboots, variant, kernelWords]);
  return key(one) === key(other);
}

export interface SceneHooks {
  /** Gives the NIC's end of the wire. */
  readonly plug: () => Promise<WireEnd>;
  /** The wire is there, nothing has been sent. */
  readonly plugged: () => Promise<void>;
  /** From here on there is something to close. */
  readonly opened: (scene: Scene) => void;
}

/** A guest with the NIC on a wire to the external host. */
export class Scene {
  readonly machine: VirtualMachine;
  readonly nic: NicUnderTest;
  readonly host: ExternalHost;
  readonly options: SceneOptions;
  /** The interface in the guest; empty until its driver has made it. */
  interfaceName: string;
  readonly #folder: string;
  readonly #suffix: string;

  constructor(
    machine: VirtualMachine,
    nic: NicUnderTest,
    host: ExternalHost,
    options: SceneOptions,
    folder: string,
    suffix: string,
  ) {
    this.machine = machine;
    this.nic = nic;
    this.host = host;
    this.options = options;
    this.interfaceName = '';
    this.#folder = folder;
    this.#suffix = suffix;
  }

  /** Boots a guest with the NIC and brings the NIC up, each as a step. */
  static async open(
    lab: Lab,
    nic: NicUnderTest,
    host: ExternalHost,
    options: SceneOptions,
    folder: string,
    suffix: string,
    reporter: Reporter,
    hooks: SceneHooks,
  ): Promise<Scene> {
    const scene = await reporter.step(`boot a guest with ${nic.name} (${options.cpus} vCPU)`, async (report) => {
      await nic.start(await hooks.plug(), folder, suffix);
      await hooks.plugged();
      const machine = new VirtualMachine({
        qemu: lab.qemu,
        accelerator: lab.accelerator,
        image: lab.image,
        folder,
        name: suffix,
        cpus: options.cpus,
        nicArguments: nic.qemuArguments,
        descriptors: nic.descriptors,
        reboots: options.reboots ?? false,
        terminal: options.terminal ?? false,
        kernelWords: [...(options.kernelWords ?? []), ...(options.terminal === true ? ['outboard.shell'] : [])],
      });
      const made = new Scene(machine, nic, host, options, folder, suffix);
      hooks.opened(made);
      await machine.boot();
      report((await machine.run('uname -r')).trim());
      return made;
    });
    await reporter.step('the driver binds', async (report) => report(await scene.bind()));
    await reporter.step('the link comes up', async (report) => report(await scene.up()));
    return scene;
  }

  /** Loads the driver as udev would and finds its interface; says which function it is. */
  async bind(): Promise<string> {
    const found = (
      await this.machine.run(
        `coldplug; for net in /sys/class/net/*; do case "$(readlink $net/device/driver)" in */igb) echo "\${net##*/} $(basename $(readlink $net/device))"; exit 0;; esac; done; exit 1`,
        60_000,
      )
    ).trim();
    const [name = '', address = ''] = found.split(' ');
    this.interfaceName = name;
    return `igb drives ${address} as ${name}`;
  }

  /** Gives the interface its addresses and waits for its carrier; says speed and time. */
  async up(): Promise<string> {
    const name = this.interfaceName;
    await this.machine.run(
      `ip link set ${name} up && ip address replace ${guestAddress}/24 dev ${name} && ip -6 address replace ${guestAddress6}/64 dev ${name} nodad`,
    );
    const milliseconds = await this.waitForCarrier(true, 20_000);
    const speed = (await this.machine.run(`cat /sys/class/net/${name}/speed`)).trim();
    return `${speed} Mb/s after ${milliseconds} ms`;
  }

  /** Milliseconds until the guest sees the carrier as wanted. */
  async waitForCarrier(up: boolean, limitMs: number): Promise<number> {
    const begin = performance.now();
    const file = `/sys/class/net/${this.interfaceName}/carrier`;
    const result = await this.machine.try(
      `i=0; while [ "$(cat ${file})" != ${up ? 1 : 0} ]; do i=$((i+1)); [ $i -gt ${Math.ceil(limitMs / 20)} ] && exit 1; sleep 0.02; done`,
      limitMs * 3 + 5000,
    );
    const milliseconds = Math.round(performance.now() - begin);
    if (result.status !== 0)
      throw new LabError('NO_CARRIER', `the guest sees carrier ${up ? 'off' : 'on'} still after ${milliseconds} ms`);
    return milliseconds;
  }

  /** Pings the external host from the guest: packets lost, and the mean round trip in ms. */
  async ping(words: string, six = false): Promise<{ lost: number; meanMs: number }> {
    const result = await this.machine.try(`ping -n ${words} ${six ? hostAddress6 : hostAddress}`, 120_000);
    return pingSummary(result.stdout, result.stderr);
  }

  /** Fails unless `count` pings of the guest, a few ms apart, are all answered; gives their mean time in ms. */
  async mustPing(count: number, words = '', six = false, address = six ? hostAddress6 : hostAddress): Promise<number> {
    // Without a deadline ping waits for its last answers only twice as long as the slowest took, and has no times for
    // small packets; with one it sends on until it has `count` answers, so what counts is which numbers are missing.
    const result = await this.machine.try(
      `ping -n -c ${count} -i 0.02 -w ${pingDeadlineSeconds + Math.ceil(count / 10)} ${words} ${address}`,
      60_000,
    );
    const lost = missingAnswers(result.stdout, count);
    const { meanMs } = pingSummary(result.stdout, result.stderr);
    if (lost > 0) throw new LabError('PING_LOSS', `${lost} of ${count} pings (${words || 'plain'}) were not answered`);
    return meanMs;
  }

  /** Ends the guest and the NIC; the guest's own log is kept in the run folder. */
  async close(keepLog: boolean): Promise<void> {
    if (keepLog && this.machine.running)
      await this.machine
        .run('dmesg', 3000)
        .then((text) => writeFileSync(join(this.#folder, `dmesg${this.#suffix}.log`), text))
        .catch(() => undefined);
    await this.machine.stop();
    await this.nic.stop();
  }
}

/** How many of the first `count` packets ping shows no answer to. */
export function missingAnswers(stdout: string, count: number): number {
  const answered = new Set<number>();
  for (const [, sequence] of stdout.matchAll(/icmp_seq=(\d+) ttl=/g)) answered.add(Number(sequence));
  let missing = 0;
  for (let sequence = 1; sequence <= count; sequence++) if (!answered.has(sequence)) missing += 1;
  return missing;
}

/** Lost packets and mean time of ping's last lines. */
export function pingSummary(stdout: string, stderr = ''): { lost: number; meanMs: number } {
  const counts = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(stdout);
  if (counts === null)
    throw new LabError('PING', `ping says: ${(stderr || stdout).trim().split('\n').at(-1) ?? 'nothing'}`);
  const mean = /(?:rtt|round-trip) min\/avg\/max(?:\/mdev)? = [\d.]+\/([\d.]+)/.exec(stdout);
  return { lost: Number(counts[1]) - Number(counts[2]), meanMs: mean === null ? Infinity : Number(mean[1]) };
}

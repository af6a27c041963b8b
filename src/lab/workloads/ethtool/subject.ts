import { LabError } from '../../errors.ts';
import { hostAddress } from '../../external-host-protocol.ts';
import type { Scene } from '../../scene.ts';
import { mustBe } from '../sriov/effects.ts';

const selfTestMs = 60_000;
const udpPort = 7040;

/** An interface of the guest as ethtool sees it. */
export class Subject {
  readonly scene: Scene;
  readonly name: string;

  constructor(scene: Scene, name = scene.interfaceName) {
    this.scene = scene;
    this.name = name;
  }

  /** What `ethtool OPTION DEV WORDS` prints. */
  ethtool(option: string, words = '', timeoutMs?: number): Promise<string> {
    return this.scene.machine.run(`ethtool ${option} ${this.name} ${words}`, timeoutMs);
  }

  /** The same where it may be refused. */
  async refuses(option: string, words: string): Promise<boolean> {
    return (await this.scene.machine.try(`ethtool ${option} ${this.name} ${words}`)).status !== 0;
  }

  /** Changes something, and has the link and the address again. */
  async change(option: string, words: string): Promise<void> {
    await this.ethtool(option, words);
    await this.scene.up();
  }

  /** Value after a label in what an option prints; fails where it is not there. */
  async value(option: string, label: string | RegExp): Promise<string> {
    return valueIn(await this.ethtool(option), label);
  }

  /** What an option prints as set now, below the most that there may be. */
  async current(option: string, label: string): Promise<number> {
    const text = await this.ethtool(option);
    return Number(valueIn(text.slice(text.indexOf('Current hardware settings')), label));
  }

  /** Counters of `ethtool -S`. */
  async statistics(): Promise<Map<string, number>> {
    const text = await this.ethtool('-S');
    return new Map([...text.matchAll(/^\s+(\w+): (\d+)$/gm)].map(([, name, value]) => [name!, Number(value)]));
  }

  /** How much counters grew while something happened. */
  async grown(work: () => Promise<unknown>): Promise<(name: string) => number> {
    const before = await this.statistics();
    await work();
    const after = await this.statistics();
    return (name) => {
      const value = after.get(name);
      if (value === undefined) throw new LabError('ETHTOOL', `ethtool -S has no ${name}`);
      return value - (before.get(name) ?? 0);
    };
  }

  /** `ethtool -t`; fails where a test does. */
  async selfTest(words: string): Promise<string> {
    const result = await this.scene.machine.try(`ethtool -t ${this.name} ${words}`, selfTestMs);
    const failed = [...result.stdout.matchAll(/^(.*\S)\s+([1-9]\d*)$/gm)].map(([, test, code]) => `${test} ${code}`);
    mustBe(/The test result is PASS/.test(result.stdout) && failed.length === 0, failed.join(', ') || result.stderr);
    return 'PASS';
  }

  /** Interrupts that the driver has had of the function, summed over its vectors and processors. */
  async interrupts(): Promise<number> {
    const text = await this.scene.machine.run(`grep '${this.name}' /proc/interrupts`);
    return text
      .trim()
      .split('\n')
      .flatMap((line) =>
        line
          .replace(/^\s*\d+:/, '')
          .trim()
          .split(/\s+/)
          .slice(0, this.scene.options.cpus),
      )
      .reduce((sum, count) => sum + Number(count), 0);
  }

  /** The host sends a datagram from each of `ports` source ports. */
  async datagrams(ports: number): Promise<void> {
    const to = `UDP4-SENDTO:$TO:${udpPort}`;
    const address = await this.scene.machine.run(
      `ip -4 -o address show dev ${this.name} | sed 's/.*inet \\([0-9.]*\\).*/\\1/'`,
    );
    const script = `TO=${address.trim()}; for p in $(seq 20000 ${20000 + ports - 1}); do echo x | socat -u STDIN ${to},bind=${hostAddress}:$p; done`;
    const result = await this.scene.host.shell(script, 60_000);
    mustBe(result.status === 0, `the host cannot send: ${result.stderr.trim().split('\n').at(-1)}`);
  }
}

export function valueIn(text: string, label: string | RegExp): string {
  const source = typeof label === 'string' ? label.replaceAll(/[()]/g, '\\$&') : label.source;
  const found = new RegExp(`^\\s*${source}:?\\s*(\\S.*)$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new LabError('ETHTOOL', `ethtool does not say "${String(label)}"`);
  return found.trim();
}

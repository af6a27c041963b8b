import { LabError } from '../../errors.ts';
import type { VirtualMachine } from '../../virtual-machine.ts';

const carrierSeconds = 20;

/** Offsets that phc_ctl cmp tells, in seconds. */
const offsetsIn = (text: string): number[] =>
  [...text.matchAll(/offset from CLOCK_REALTIME is (-?\d+)ns/g)].map(([, offset]) => Number(offset) / 1e9);

/** A port of the guest in a place of its own, and its clock. */
export class PtpPort {
  readonly machine: VirtualMachine;
  readonly name: string;
  /** The network namespace that it is in: two ports of one guest would take each other's packets for their own. */
  readonly namespace: string;

  constructor(machine: VirtualMachine, name: string, namespace: string) {
    this.machine = machine;
    this.name = name;
    this.namespace = namespace;
  }

  /** A shell command where the port is. */
  within(command: string): string {
    return `ip netns exec ${this.namespace} sh -c '${command}'`;
  }

  /** Moves the port into its namespace, with an address, and waits for its link. */
  async up(address: string): Promise<void> {
    const carrier = `/sys/class/net/${this.name}/carrier`;
    await this.machine.run(
      `ip netns add ${this.namespace} && ip link set ${this.name} netns ${this.namespace} && ${this.within(
        `ip link set ${this.name} up && ip address add ${address}/24 dev ${this.name} && for i in $(seq ${carrierSeconds * 50}); do [ "$(cat ${carrier})" = 1 ] && exit 0; sleep 0.02; done; exit 1`,
      )}`,
      3 * carrierSeconds * 1000,
    );
  }

  /** Runs phc_ctl on the port's clock; what it said. */
  phc(commands: string): Promise<string> {
    return this.machine.run(this.within(`phc_ctl -q -- ${this.name} ${commands}`));
  }

  /** The clock's time in seconds. */
  async now(): Promise<number> {
    const text = await this.phc('get');
    const match = /clock time is (\d+\.\d+)/.exec(text);
    if (match === null) throw new LabError('PTP', `phc_ctl says: ${text.trim()}`);
    return Number(match[1]);
  }

  /** How far the guest's system clock is ahead of this one, in seconds. */
  async offset(): Promise<number> {
    const text = await this.phc('cmp');
    const [offset] = offsetsIn(text);
    if (offset === undefined) throw new LabError('PTP', `phc_ctl says: ${text.trim()}`);
    return offset;
  }

  /** How fast the clock runs beside the system's; what its offset gains in a while says it, however late a reading comes. */
  async rate(): Promise<number> {
    const once = `phc_ctl -q -- ${this.name} cmp; read uptime idle < /proc/uptime; echo $uptime;`;
    const text = await this.machine.run(this.within(`${once} sleep 4; ${once}`));
    const [first = 0, last = 0] = offsetsIn(text);
    const [begin = 0, end = 0] = [...text.matchAll(/^(\d+\.\d+)$/gm)].map(([, uptime]) => Number(uptime));
    return 1 - (last - first) / (end - begin);
  }

  /** Transmit stamps that Linux waited for in vain, and receive stamps that it found too old. */
  async lostStamps(): Promise<number> {
    const text = await this.machine.run(
      this.within(`ethtool -S ${this.name} | grep -E "tx_hwtstamp_(timeouts|skipped)|rx_hwtstamp_cleared"`),
    );
    return [...text.matchAll(/: (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  }
}

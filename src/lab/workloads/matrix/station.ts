import type { GuestResult } from '../../agent.ts';
import { LabError } from '../../errors.ts';
import { mustRun, type Place } from './place.ts';

/** A function of the NIC, or the external host, as one end of a conversation: where it is and what it is called there. */
export interface StationOptions {
  /** Short and without spaces: "PF", "VF0", "host". */
  readonly label: string;
  readonly place: Place;
  /** Network namespace of the place; undefined for its own. */
  readonly namespace?: string | undefined;
  readonly interfaceName: string;
  /** Last number of all its addresses. */
  readonly number: number;
}

export type Family = 4 | 6;

export class Station {
  readonly label: string;
  readonly place: Place;
  readonly namespace: string | undefined;
  readonly interfaceName: string;
  readonly number: number;

  constructor(options: StationOptions) {
    this.label = options.label;
    this.place = options.place;
    this.namespace = options.namespace;
    this.interfaceName = options.interfaceName;
    this.number = options.number;
  }

  address(family: Family): string {
    return family === 4 ? `10.82.57.${this.number}` : `fd82:5760::${this.number.toString(16)}`;
  }

  vlanAddress(family: Family): string {
    return family === 4 ? `10.82.58.${this.number}` : `fd82:5860::${this.number.toString(16)}`;
  }

  /** A command as it is run in the station's namespace. */
  inside(command: string): string {
    return this.namespace === undefined ? command : `ip netns exec ${this.namespace} ${command}`;
  }

  /** Runs a shell script in the station's namespace, whatever its exit status. */
  try(script: string, timeoutMs?: number): Promise<GuestResult> {
    if (this.namespace === undefined) return this.place.try(script, timeoutMs);
    return this.place.try(`${this.inside('sh -s')} <<'SCRIPT'\n${script}\nSCRIPT`, timeoutMs);
  }

  run(script: string, timeoutMs?: number): Promise<string> {
    if (this.namespace === undefined) return mustRun(this.place, script, timeoutMs);
    return mustRun(this.place, `${this.inside('sh -s -e')} <<'SCRIPT'\n${script}\nSCRIPT`, timeoutMs);
  }

  /** Gives the interface its addresses and brings it up. */
  async up(): Promise<void> {
    const name = this.interfaceName;
    await this.run(
      [
        'ip link set lo up',
        `ip link set ${name} up`,
        `ip address replace ${this.address(4)}/24 broadcast 10.82.57.255 dev ${name}`,
        `ip -6 address replace ${this.address(6)}/64 dev ${name} nodad`,
      ].join('\n'),
    );
  }

  async waitForCarrier(limitMs = 20_000): Promise<void> {
    const file = `/sys/class/net/${this.interfaceName}/carrier`;
    const result = await this.try(
      `i=0; while [ "$(cat ${file} 2>/dev/null)" != 1 ]; do i=$((i+1)); [ $i -gt ${Math.ceil(limitMs / 50)} ] && exit 1; sleep 0.05; done`,
      limitMs * 3,
    );
    if (result.status !== 0)
      throw new LabError(
        'NO_CARRIER',
        `${this.label} (${this.interfaceName}) has no carrier after ${limitMs / 1000} s`,
      );
  }
}

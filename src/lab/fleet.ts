import { appendFileSync, closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POOLS } from '../devices/igb/context.ts';
import type { LintReport } from '../lint/index.ts';
import { type Nic, startNic } from '../nic/nic.ts';
import { type ExternalHost, netdevOf } from './external-host.ts';
import { LabError } from './errors.ts';
import type { Lab } from './lab.ts';
import { hubOfPorts, nicMac } from './nic-under-test.ts';
import { openViews, type WebView } from './nic-views.ts';
import { vfioUserArguments } from './qemu-args.ts';
import { type MachineOptions, VirtualMachine } from './virtual-machine.ts';

/** Functions of one NIC that a guest of a fleet gets, each by a socket of its own. */
export interface FleetGuest {
  /** Tells logs and labels apart: "A". */
  readonly name: string;
  /** The hierarchy with the PF, or the PF alone. One guest of a fleet has it at most. */
  readonly pf?: 'hierarchy' | 'function';
  /** By number, and from 8 on those of port 1; such a one makes a card of two ports, both on a hub with the wire. */
  readonly vfs?: readonly number[];
  /** What the hosted PF lets those functions do, beside its defaults. */
  readonly vfSettings?: { readonly trust?: boolean; readonly spoofchk?: boolean };
}

/** Address that a virtual function of a fleet gets. */
export function vfMac(index: number): string {
  return `52:54:00:82:57:a${index.toString(16)}`;
}

/** What a workload may choose of a guest's machine. */
export type GuestMachine = Partial<
  Pick<MachineOptions, 'cpus' | 'memoryMegabytes' | 'image' | 'kernelWords' | 'boot' | 'platform' | 'reboots'>
>;

interface Files {
  readonly folder: string;
  readonly suffix: string;
  readonly descriptor: number;
  readonly sockets: string;
}

interface VfPlace {
  readonly port: 0 | 1;
  readonly index: number;
}

const vfPlace = (number: number): VfPlace => ({ port: number < POOLS ? 0 : 1, index: number % POOLS });

type FleetAttachment =
  | { readonly kind: 'hierarchy' | 'function'; readonly path: string }
  | (VfPlace & { readonly kind: 'vf'; readonly path: string });

/** Attachments of a guest, with names of sockets as their paths. */
function attachments(guest: FleetGuest): FleetAttachment[] {
  return [
    ...(guest.pf === undefined ? [] : [{ kind: guest.pf, path: 'pf.sock' }]),
    ...(guest.vfs ?? []).map((number) => ({ kind: 'vf' as const, ...vfPlace(number), path: `vf${number}.sock` })),
  ];
}

export interface FleetOptions {
  /** Gets logs and the sockets, `qmp.sock` for `outboard monitor` among them. */
  readonly folder: string;
  /** Tells this fleet's files from others'. */
  readonly suffix: string;
  readonly trace: readonly string[];
  readonly plainWire: boolean;
  readonly web: WebView | undefined;
}

/** One NIC of ours whose functions are in several guests, or in one by several sockets. */
export class Fleet {
  readonly guests: readonly FleetGuest[];
  readonly host: ExternalHost;
  readonly nic: Nic;
  readonly #lab: Lab;
  readonly #files: Files;
  readonly #machines: Map<string, VirtualMachine>;
  /** What drivers did wrong; known when it is closed. */
  lint: LintReport | undefined;
  #failure: Error | undefined;

  private constructor(lab: Lab, host: ExternalHost, nic: Nic, guests: readonly FleetGuest[], files: Files) {
    this.guests = guests;
    this.host = host;
    this.nic = nic;
    this.#lab = lab;
    this.#files = files;
    this.#machines = new Map();
    this.lint = undefined;
    this.#failure = undefined;
    nic.ended.catch((error: Error) => (this.#failure = error));
  }

  /** Starts the NIC with the sockets of all guests; boots none. */
  static async open(
    lab: Lab,
    host: ExternalHost,
    guests: readonly FleetGuest[],
    { folder, suffix, trace, plainWire, web }: FleetOptions,
  ): Promise<Fleet> {
    const wire = await host.plug(plainWire);
    const log = join(folder, `nic${suffix}.log`);
    const say = (line: string): void => appendFileSync(log, `${line}\n`);
    // A path through the descriptor of the folder is short enough for a socket wherever the clone is.
    const descriptor = openSync(folder, 'r');
    const sockets = `/proc/${process.pid}/fd/${descriptor}`;
    const ports = guests.some(({ vfs = [] }) => vfs.some((number) => number >= POOLS)) ? 2 : 1;
    const nic = await startNic(
      {
        attach: guests.flatMap((guest) =>
          attachments(guest).map((one) => ({ ...one, path: join(sockets, one.path + suffix) })),
        ),
        mac: nicMac,
        // With a PF in a guest, its own driver sets addresses.
        vfs: guests.some(({ pf }) => pf !== undefined)
          ? []
          : guests.flatMap(({ vfs = [], vfSettings }) =>
              vfs.map((number) => ({ ...vfPlace(number), mac: vfMac(number), ...vfSettings })),
            ),
        ports,
        netdev: [netdevOf(wire), ...(ports === 2 ? hubOfPorts : [])],
        lint: true,
        trace: [...trace],
        traceFile: join(folder, `trace${suffix}.obt`),
      },
      { log: say },
    );
    await openViews(nic, { qmp: join(sockets, `qmp${suffix}.sock`), web, log: say });
    return new Fleet(lab, host, nic, guests, { folder, suffix, descriptor, sockets });
  }

  /** Why the NIC has ended by itself, if it has. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get machines(): readonly VirtualMachine[] {
    return [...this.#machines.values()];
  }

  /** Boots a guest, again too after its machine has ended, and waits for its agent. */
  async boot(name: string, options: GuestMachine = {}): Promise<VirtualMachine> {
    const machine = this.power(name, options);
    await machine.boot();
    return machine;
  }

  /** Switches a guest's machine on. */
  power(name: string, options: GuestMachine = {}): VirtualMachine {
    const guest = this.guests.find((candidate) => candidate.name === name);
    if (guest === undefined) throw new LabError('NO_GUEST', `the fleet has no guest ${name}`);
    const { folder, suffix, sockets } = this.#files;
    const { qemu, accelerator, image } = this.#lab;
    const machine = new VirtualMachine({
      ...{ qemu, accelerator, image, folder, name: `${suffix}-${name}`, cpus: 1, ...options },
      nicArguments: attachments(guest).flatMap(({ path }) => vfioUserArguments(join(sockets, path + suffix))),
      descriptors: [],
    });
    this.#machines.set(name, machine);
    return machine;
  }

  /** Ends the guests and the NIC; the guests' own logs are kept in the run folder. */
  async close(keepLog: boolean): Promise<void> {
    await Promise.all(
      [...this.#machines].map(async ([name, machine]) => {
        if (keepLog && machine.running)
          await machine
            .run('dmesg', 3000)
            .then((text) => writeFileSync(join(this.#files.folder, `dmesg${this.#files.suffix}-${name}.log`), text))
            .catch(() => undefined);
        await machine.stop();
      }),
    );
    this.lint = await this.nic.request('lint').catch(() => undefined);
    await this.nic.close().catch((error: Error) => (this.#failure = error));
    closeSync(this.#files.descriptor);
  }

  /** Ends everything at once. */
  async kill(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.kill()));
    await this.nic.close().catch(() => undefined);
  }
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../../errors.ts';
import { guestAddress, hostAddress, hostInterface } from '../../external-host-protocol.ts';
import type { Scene } from '../../scene.ts';
import type { Workload, WorkloadContext } from '../../workload.ts';
import { igbInterfaces } from '../igb-interfaces.ts';
import {
  complaint,
  converged,
  type Daemon,
  daemonCommand,
  type Delay,
  type Interval,
  type Transport,
} from './daemon.ts';
import { PtpPort } from './port.ts';

const secondAddress = hostAddress.replace(/\d+$/, '77');
/** The server's clock runs so much fast, which the client has to find out. */
const serverPpb = 200_000;
/** So many intervals in a row within the limit are convergence. */
const steadyIntervals = 4;
const convergeMs = 120_000;
/**
 * Between two ports both ends are stamped within the device, one after the other in one thread: what jitters is what the
 * host's scheduler puts in between, and what the limit is for.
 */
const pairLimitNs = 100_000;
/** To the host one end is stamped by the kernel's network stack, a wake-up of the device thread away: that jitters more. */
const hostLimitNs = 500_000;

const ways: readonly { transport: Transport; delay: Delay }[] = [
  { transport: 'L2', delay: 'E2E' },
  { transport: 'L2', delay: 'P2P' },
  { transport: 'UDPv4', delay: 'E2E' },
  { transport: 'UDPv4', delay: 'P2P' },
];

/** What the transports and the mechanisms do has been seen by then: one of each is enough. */
const hostWays = [ways[0]!, ways[3]!];

function must(holds: boolean, complaint: string): void {
  if (!holds) throw new LabError('PTP', complaint);
}

/** A daemon that runs somewhere, until it is stopped. */
interface Running {
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** The words around a daemon that let it be stopped later. */
const stoppable = (daemon: Daemon): string => `echo $$ > ${daemon.log}.pid; exec ${daemonCommand(daemon)}`;
const stopCommand = (daemon: Daemon): string => `kill $(cat ${daemon.log}.pid)`;

async function startInGuest(port: PtpPort, daemon: Daemon): Promise<Running> {
  await port.machine.run(`: > ${daemon.log}`);
  await port.machine.agent.start(port.within(stoppable(daemon)));
  return {
    log: () => port.machine.run(`cat ${daemon.log}`),
    stop: async () => void (await port.machine.run(stopCommand(daemon))),
  };
}

async function startOnHost({ host, folder }: WorkloadContext, daemon: Daemon): Promise<Running> {
  writeFileSync(join(folder, daemon.log), '');
  await host.start(`sh -c '${stoppable(daemon)}'`);
  return {
    log: () => Promise.resolve(readFileSync(join(folder, daemon.log), 'utf8')),
    stop: async () => void (await host.shell(stopCommand(daemon))),
  };
}

interface Following {
  readonly limitNs: number;
  /** The client's rate at the end; any where not given. */
  readonly ppb?: number;
  /** Gets both logs. */
  readonly file: string;
}

/** Waits until the client's offset stays within the limit, at the right rate; says how it went. */
async function follow(server: Running, client: Running, { limitNs, ppb: wanted, file }: Following): Promise<string> {
  const begin = performance.now();
  for (;;) {
    const [said, heard] = [await server.log(), await client.log()];
    writeFileSync(file, `${said}\n${heard}`);
    const problem = complaint(said) || complaint(heard);
    must(problem === '', `ptp4l says: ${problem}`);
    const last = converged(heard, steadyIntervals, limitNs) ?? [];
    const mean = (of: (interval: Interval) => number): number =>
      last.reduce((sum, interval) => sum + of(interval), 0) / last.length;
    // The servo tells by how much the client would be fast, and sets the opposite.
    const ppb = -mean(({ frequencyPpb }) => frequencyPpb);
    if (last.length > 0 && (wanted === undefined || Math.abs(ppb - wanted) < wanted / 5)) {
      const rms = last.map(({ rmsNs }) => rmsNs).join(', ');
      const max = Math.max(...last.map(({ maxNs }) => maxNs));
      const delay = Math.round(mean(({ delayNs }) => delayNs));
      return `rms ${rms} ns, at most ${max}; path ${delay} ns; rate ${(ppb / 1000).toFixed(1)} ppm`;
    }
    const waited = performance.now() - begin;
    const still = `after ${Math.round(waited / 1000)} s the client does not follow within ${limitNs} ns`;
    must(waited < convergeMs, `${still}; ${heard.trim().split('\n').at(-1)}`);
    await sleep(1000);
  }
}

async function clocks(port: PtpPort): Promise<string> {
  await port.phc('set 1000000000.0');
  const set = await port.now();
  must(set >= 1e9 && set < 1e9 + 30, `after "set 1000000000" the clock says ${set}`);
  await port.phc('adj 5000.0');
  const forward = await port.now();
  must(forward >= set + 5000 && forward < set + 5030, `after "adj 5000" the clock says ${forward}`);
  await port.phc('adj -5000.0');
  const back = await port.now();
  must(back >= set && back < set + 60, `after "adj -5000" the clock says ${back}`);
  const rates: string[] = [];
  for (const ppb of [100_000_000, -100_000_000, 0]) {
    await port.phc(`freq ${ppb}`);
    const rate = await port.rate();
    must(
      Math.abs(rate - (1 + ppb / 1e9)) < 0.03,
      `after "freq ${ppb}" the clock runs ${rate.toFixed(3)} times as fast`,
    );
    rates.push(rate.toFixed(4));
  }
  return `set, adj; with +10 %, -10 % and 0 it runs ${rates.join(', ')} times as fast as the system's clock`;
}

async function pairs({ step, folder }: WorkloadContext, server: PtpPort, client: PtpPort): Promise<void> {
  for (const { transport, delay } of ways)
    await step(`two PFs, ${transport}, ${delay}: the client's clock follows`, async (report) => {
      await server.phc(`freq ${serverPpb} set 1700000000.0`);
      await client.phc('freq 0 set 1000.0');
      const common = { transport, delay, stamps: 'hardware' } as const;
      const name = `/tmp/ptp-${transport}-${delay}`;
      const first = await startInGuest(server, {
        ...common,
        interfaceName: server.name,
        role: 'server',
        log: `${name}-server.log`,
      });
      const second = await startInGuest(client, {
        ...common,
        interfaceName: client.name,
        role: 'client',
        log: `${name}-client.log`,
      });
      const text = await follow(first, second, {
        limitNs: pairLimitNs,
        ppb: serverPpb,
        file: join(folder, `ptp4l-pair-${transport}-${delay}.log`),
      });
      const apart = Math.abs((await server.offset()) - (await client.offset()));
      await second.stop();
      await first.stop();
      must(apart < 0.01, `read one after the other the clocks are ${apart} s apart`);
      const lost = (await server.lostStamps()) + (await client.lostStamps());
      must(lost === 0, `${lost} stamps were lost`);
      report(`${text}; read one after the other ${Math.round(apart * 1e6)} us apart`);
    });
}

async function toHost(context: WorkloadContext, port: PtpPort): Promise<void> {
  for (const { transport, delay } of hostWays)
    await context.step(`PF follows the external host (software stamps), ${transport}, ${delay}`, async (report) => {
      await port.phc('freq 0 set 1000.0');
      const name = `ptp-${transport}-${delay}`;
      const host = await startOnHost(context, {
        ...{ transport, delay, role: 'server', stamps: 'software', log: `${name}-host.log` },
        interfaceName: hostInterface,
      });
      const client = await startInGuest(port, {
        ...{ transport, delay, role: 'client', stamps: 'hardware', log: `/tmp/${name}-pf.log` },
        interfaceName: port.name,
      });
      const text = await follow(host, client, {
        limitNs: hostLimitNs,
        file: join(context.folder, `ptp4l-${name}-client.log`),
      });
      await client.stop();
      await host.stop();
      report(text);
    });
}

async function twoPorts(scene: Scene): Promise<[PtpPort, PtpPort]> {
  const found = await igbInterfaces(scene.machine);
  must(found.length === 2, `the guest has ${found.length} igb interfaces and not 2`);
  const [zero, one] = found.map(({ name }, number) => new PtpPort(scene.machine, name, `port${number}`));
  await zero!.up(guestAddress);
  await one!.up(secondAddress);
  return [zero!, one!];
}

export const ptp: Workload = {
  name: 'ptp',
  summary:
    'clocks by phc_ctl; ptp4l between two PFs and to the external host, over L2 and UDP, end to end and peer to peer',
  async run(context) {
    const { open, step } = context;
    const scene = await open({ cpus: 1, variant: { ports: 2 } }, true);
    const [zero, one] = await step('both ports up, each in a namespace of its own', () => twoPorts(scene));
    for (const port of [zero, one])
      await step(`phc_ctl on the clock of ${port.name}`, async (report) => report(await clocks(port)));
    await pairs(context, zero, one);
    await toHost(context, zero);
  },
};

import { join } from 'node:path';
import { guestAddress, hostAddress, hostInterface } from '../../external-host-protocol.ts';
import type { Scene } from '../../scene.ts';
import type { Workload, WorkloadContext } from '../../workload.ts';
import { igbInterfaces } from '../igb-interfaces.ts';
import type { Delay, Transport } from './daemon.ts';
import { PtpPort } from './port.ts';
import { farLimitNs, follow, measures, must, serverPpb, startInGuest, startOnHost } from './running.ts';

const secondAddress = hostAddress.replace(/\d+$/, '77');
/** Between two ports of a card a frame takes no time: what is left is the servo's. */
const pairLimitNs = 20_000;

const ways: readonly { transport: Transport; delay: Delay }[] = [
  { transport: 'L2', delay: 'E2E' },
  { transport: 'L2', delay: 'P2P' },
  { transport: 'UDPv4', delay: 'E2E' },
  { transport: 'UDPv4', delay: 'P2P' },
];

/** What the transports and the mechanisms do has been seen by then: one of each is enough. */
const hostWays = [ways[0]!, ways[3]!];

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

interface Pair {
  readonly what: string;
  readonly ways: readonly (typeof ways)[number][];
  readonly limitNs: number;
}

async function follows(
  { step, folder }: WorkloadContext,
  { what, ways: chosen, limitNs }: Pair,
  server: PtpPort,
  client: PtpPort,
): Promise<void> {
  for (const { transport, delay } of chosen)
    await step(`${what}, ${transport}, ${delay}: the client's clock follows`, async (report) => {
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
        limitNs,
        ppb: serverPpb,
        file: join(folder, `ptp4l-${what.replaceAll(' ', '-')}-${transport}-${delay}.log`),
      });
      const apart = await clocksApart(server, client);
      await second.stop();
      await first.stop();
      must(apart < 0.01, `read one after the other the clocks are ${apart} s apart`);
      const lost = (await server.lostStamps()) + (await client.lostStamps());
      must(lost === 0, `${lost} stamps were lost`);
      report(apart === 0 ? text : `${text}; read one after the other ${Math.round(apart * 1e6)} us apart`);
    });
}

/** By one system's clock, in seconds; 0 where they are in two systems. */
async function clocksApart(server: PtpPort, client: PtpPort): Promise<number> {
  if (server.machine !== client.machine) return 0;
  return Math.abs((await server.offset()) - (await client.offset()));
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
        limitNs: farLimitNs,
        file: join(context.folder, `ptp4l-${name}-client.log`),
      });
      await client.stop();
      await host.stop();
      report(text);
    });
}

/** The other way round. The host's clock is not the lab's to set: its ptp4l only measures, and must find the PF's rate. */
async function fromPf(context: WorkloadContext, port: PtpPort): Promise<void> {
  for (const { transport, delay } of hostWays)
    await context.step(
      `the external host follows a PF, its own clock left alone, ${transport}, ${delay}`,
      async (report) => {
        await port.phc(`freq ${serverPpb} set 1700000000.0`);
        const name = `ptp-${transport}-${delay}-from-pf`;
        const server = await startInGuest(port, {
          ...{ transport, delay, role: 'server', stamps: 'hardware', log: `/tmp/${name}.log` },
          interfaceName: port.name,
        });
        const client = await startOnHost(context, {
          ...{ transport, delay, role: 'client', stamps: 'software', freeRunning: true, log: `${name}-host.log` },
          interfaceName: hostInterface,
        });
        const text = await measures(client);
        await client.stop();
        await server.stop();
        report(text);
      },
    );
}

/** Two NICs, each in a guest of its own, with a cable between them. */
async function twoMachines(context: WorkloadContext): Promise<void> {
  const { openPair, step } = context;
  if (openPair === undefined) return;
  const scenes = await openPair();
  const [server, client] = await step('both up, with addresses of their own', () =>
    Promise.all(
      scenes.map(async ({ machine, interfaceName }, number) => {
        const port = new PtpPort(machine, interfaceName, 'alone');
        await port.up(number === 0 ? guestAddress : secondAddress);
        return port;
      }),
    ),
  );
  await follows(context, { what: 'two NICs in two guests', ways: hostWays, limitNs: farLimitNs }, server!, client!);
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
    'clocks by phc_ctl; ptp4l between two PFs, two NICs in two guests, from and to the external host, over L2 and UDP',
  async run(context) {
    const { open, step } = context;
    const scene = await open({ cpus: 1, variant: { ports: 2 } }, true);
    const [zero, one] = await step('both ports up, each in a namespace of its own', () => twoPorts(scene));
    for (const port of [zero, one])
      await step(`phc_ctl on the clock of ${port.name}`, async (report) => report(await clocks(port)));
    await follows(context, { what: 'two PFs', ways, limitNs: pairLimitNs }, zero, one);
    await toHost(context, zero);
    await fromPf(context, zero);
    await twoMachines(context);
  },
};

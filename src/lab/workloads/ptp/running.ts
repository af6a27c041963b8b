/** ptp4l running somewhere, and waiting until what it says is as it should be. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../../errors.ts';
import type { WorkloadContext } from '../../workload.ts';
import { complaint, type Daemon, daemonCommand } from './daemon.ts';
import { following, lineOf } from './measurements.ts';
import type { PtpPort } from './port.ts';

/** So many offsets, four a second, are convergence where half of them are within the limit. */
const steadyOffsets = 24;
const convergeMs = 120_000;
/** So many offsets, two seconds apart, tell a rate. */
const rateOffsets = 6;
/** The server's clock runs so much fast, which the client has to find out. */
export const serverPpb = 200_000;
/** To the host, and to another NIC, the other end is a wake-up of a thread away: that jitters more. */
export const farLimitNs = 500_000;

export function must(holds: boolean, complaint: string): void {
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

export async function startInGuest(port: PtpPort, daemon: Daemon): Promise<Running> {
  await port.machine.run(`: > ${daemon.log}`);
  await port.machine.agent.start(port.within(stoppable(daemon)));
  return {
    log: () => port.machine.run(`cat ${daemon.log}`),
    stop: async () => void (await port.machine.run(stopCommand(daemon))),
  };
}

export async function startOnHost({ host, folder }: WorkloadContext, daemon: Daemon): Promise<Running> {
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

/** Waits until the client's offsets are within the limit, at the right rate; says how it went. */
export async function follow(
  server: Running,
  client: Running,
  { limitNs, ppb: wanted, file }: Following,
): Promise<string> {
  const begin = performance.now();
  for (;;) {
    const [said, heard] = [await server.log(), await client.log()];
    writeFileSync(file, `${said}\n${heard}`);
    const problem = complaint(said) || complaint(heard);
    must(problem === '', `ptp4l says: ${problem}`);
    const how = following(heard, steadyOffsets);
    const atRate = how !== undefined && (wanted === undefined || Math.abs(how.ppb - wanted) < wanted / 5);
    if (atRate && how.medianNs <= limitNs) {
      const { medianNs, rmsNs, delayNs, ppb } = how;
      return `offsets ${Math.round(medianNs)} ns in the middle, rms ${Math.round(rmsNs)}; path ${Math.round(delayNs)} ns; rate ${(ppb / 1000).toFixed(1)} ppm`;
    }
    const waited = performance.now() - begin;
    const still = `after ${Math.round(waited / 1000)} s the client does not follow within ${limitNs} ns`;
    must(waited < convergeMs, `${still}; ${heard.trim().split('\n').at(-1)}`);
    await sleep(1000);
  }
}

/** Waits until the offsets that a free-running client measures lie on a line of the server's rate. */
export async function measures(client: Running): Promise<string> {
  const begin = performance.now();
  for (;;) {
    const log = await client.log();
    const problem = complaint(log);
    must(problem === '', `ptp4l says: ${problem}`);
    const line = lineOf(log, rateOffsets);
    const near = line !== undefined && Math.abs(line.ppb - serverPpb) < serverPpb / 5;
    if (near && line.rmsNs <= farLimitNs)
      return `its rate is ${(line.ppb / 1000).toFixed(1)} ppm; offsets rms ${Math.round(line.rmsNs)} ns beside that; path ${Math.round(line.delayNs)} ns`;
    const waited = performance.now() - begin;
    must(
      waited < convergeMs,
      `after ${Math.round(waited / 1000)} s the host has not found the rate; ${log.trim().split('\n').at(-1)}`,
    );
    await sleep(1000);
  }
}

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostAddress } from './external-host-protocol.ts';
import { type NicUnderTest, QemuNic } from './nic-under-test.ts';
import { ProcessNic } from './process-nic.ts';
import { Reporter } from './reporter.ts';
import { type Run, type RunOptions, withRun } from './run.ts';
import type { Scene } from './scene.ts';
import { table } from './table.ts';

export interface MeasureOptions extends RunOptions {
  readonly json?: boolean | undefined;
  /** Length of each TCP measurement. */
  readonly seconds?: number | undefined;
}

/** Figures of one NIC; undefined where they cannot be taken. */
interface Figures {
  readonly nic: string;
  /** From the start of QEMU to the first answered ping. */
  readonly firstPingSeconds: number;
  readonly pingMeanMs: number;
  readonly floodMeanMs: number;
  readonly tcpToGuestMbps: number;
  readonly tcpFromGuestMbps: number;
  /** Of the NIC's own process, after the traffic. */
  readonly residentMegabytes?: number;
  /** Share of one processor while the guest is idle. */
  readonly idlePercent?: number;
  readonly qemuIdlePercent: number;
}

const idleMs = 10_000;
/** USER_HZ, in which /proc/PID/stat counts; 100 on every Linux that runs on x86-64. */
const ticksPerSecond = 100;

/** Our NIC and QEMU's own igb with the same guest in the same run; prints a table and gives the figures. */
export async function measureLab(options: MeasureOptions = {}): Promise<Figures[]> {
  const reporter = new Reporter();
  return withRun('measure', options, reporter, async (run) => {
    const figures = [
      await measure(run, new ProcessNic(), options.seconds ?? 10),
      await measure(run, new QemuNic(), options.seconds ?? 10),
    ];
    if (options.json === true) console.log(JSON.stringify(figures, undefined, 2));
    else console.log(table(['', ...figures.map(({ nic }) => nic)], rows(figures)));
    return figures;
  });
}

async function measure(run: Run, nic: NicUnderTest, secondsEach: number): Promise<Figures> {
  const { reporter } = run;
  reporter.group(nic.name);
  const begin = performance.now();
  const scene = await run.open({ cpus: 1, capture: false }, true, nic);
  await reporter.step('first ping', () => scene.mustPing(1));
  const firstPingSeconds = (performance.now() - begin) / 1000;
  const pingMeanMs = await reporter.step('ping, 200 of them', () => scene.mustPing(200));
  const flood = await reporter.step('ping, a flood of 2,000', () => scene.ping('-f -q -c 2000'));
  await run.host.iperf();
  const rate = (title: string, words: string): Promise<number> =>
    reporter.step(title, async (report) => {
      const mbps = await iperf(scene, secondsEach, words);
      report(`${mbps} Mb/s`);
      return mbps;
    });
  const tcpToGuestMbps = await rate('TCP to the guest', '-R');
  const tcpFromGuestMbps = await rate('TCP from the guest', '');
  const idle = await reporter.step('idle', () => idleShares(scene, nic));
  await run.closeScene(true);
  return {
    nic: nic.name,
    firstPingSeconds,
    pingMeanMs,
    floodMeanMs: flood.meanMs,
    tcpToGuestMbps,
    tcpFromGuestMbps,
    ...idle,
  };
}

/** Mb/s that arrived, in iperf3's own count. */
async function iperf(scene: Scene, secondsEach: number, words: string): Promise<number> {
  const text = await scene.machine.run(
    `iperf3 --json -c ${hostAddress} -t ${secondsEach} ${words}`,
    (secondsEach + 30) * 1000,
  );
  const { end } = JSON.parse(text) as { end: { sum_received: { bits_per_second: number } } };
  return Math.round(end.sum_received.bits_per_second / 1e6);
}

async function idleShares(
  scene: Scene,
  nic: NicUnderTest,
): Promise<Pick<Figures, 'residentMegabytes' | 'idlePercent' | 'qemuIdlePercent'>> {
  await sleep(2000);
  const own = nic instanceof ProcessNic ? nic.pid : undefined;
  const before = [cpuSeconds(scene.machine.pid), own === undefined ? 0 : cpuSeconds(own)] as const;
  await sleep(idleMs);
  const share = (pid: number, earlier: number): number => ((cpuSeconds(pid) - earlier) / (idleMs / 1000)) * 100;
  return {
    qemuIdlePercent: share(scene.machine.pid, before[0]),
    ...(own === undefined ? {} : { idlePercent: share(own, before[1]), residentMegabytes: residentMegabytes(own) }),
  };
}

/** Processor time that a process has used so far. */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; utime and stime are the 12th and 13th fields behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

function rows(figures: readonly Figures[]): string[][] {
  const row = (name: string, value: (figure: Figures) => string): string[] => [name, ...figures.map(value)];
  return [
    row('QEMU started to first ping', ({ firstPingSeconds }) => `${firstPingSeconds.toFixed(1)} s`),
    row('ping, 20 ms apart', ({ pingMeanMs }) => `${pingMeanMs} ms`),
    row('ping, flood', ({ floodMeanMs }) => `${floodMeanMs} ms`),
    row('TCP to the guest', ({ tcpToGuestMbps }) => `${tcpToGuestMbps} Mb/s`),
    row('TCP from the guest', ({ tcpFromGuestMbps }) => `${tcpFromGuestMbps} Mb/s`),
    row("NIC's process, resident", ({ residentMegabytes: size }) => (size === undefined ? 'in QEMU' : `${size} MB`)),
    row("NIC's process, idle", ({ idlePercent }) =>
      idlePercent === undefined ? 'in QEMU' : `${idlePercent.toFixed(1)} % of a CPU`,
    ),
    row('QEMU, idle', ({ qemuIdlePercent }) => `${qemuIdlePercent.toFixed(1)} % of a CPU`),
  ];
}

import colors from 'picocolors';
import { LabError } from './errors.ts';
import { jumboMtu } from './external-host-protocol.ts';
import { Reporter, seconds } from './reporter.ts';
import { type Run, type RunOptions, withRun } from './run.ts';
import { explain, failureLines } from './runner.ts';
import type { Scene } from './scene.ts';
import { table } from './table.ts';
import { matrixInOneGuest, mustBeGreen } from './workloads/matrix/workload.ts';
import { download, upload } from './workloads/transfer.ts';

export interface StartOptions extends RunOptions {
  readonly reporter?: Reporter | undefined;
}

const transferBytes = 16 * 1024 * 1024;
const onward = `Where to go on:
  npm test                       the tests, one guest included
  bin/outboard lab list          what can be run on a guest
  bin/outboard lab run all       all of it
  bin/outboard lab shell         a console in a guest with the NIC
  bin/outboard lab qemu-args     the line for a QEMU of your own
  docs/architecture.md           how it works`;

/** The time of each finding, for the table at the end. */
interface Finding {
  readonly what: string;
  readonly result: string;
  readonly milliseconds: number;
}

/** What `npm start` shows: a stock guest boots on the NIC, its own driver binds, and it talks to a host outside. True where all went well. */
export async function startDemo(options: StartOptions = {}): Promise<boolean> {
  const reporter = options.reporter ?? new Reporter();
  return withRun('start', options, reporter, async (run) => {
    try {
      reporter.group('guest');
      const scene = await run.open({ cpus: 2 });
      const findings = await demonstrate(run, scene);
      const peers = await showPeers(run, scene);
      reporter.line('');
      console.log(
        table(
          ['', 'result', 'time'],
          findings.map(({ what, result, milliseconds }) => [what, result, seconds(milliseconds)]),
        ),
      );
      console.log(
        `\nEach function with each other and with the external host, IPv4 and IPv6: ping, UDP, TCP, multicast.\n${peers}`,
      );
      console.log(`\n${onward}`);
      return true;
    } catch (error) {
      if (run.cancelled) return run.never();
      const failure = explain(run, error);
      reporter.line(colors.red('The demonstration failed.'));
      for (const line of failureLines(failure, run.folder)) reporter.line(line);
      return false;
    }
  });
}

/** The guest enables virtual functions; the table shows who reaches whom. */
async function showPeers(run: Run, scene: Scene): Promise<string> {
  const { reporter, folder } = run;
  reporter.group('virtual functions');
  const step: Reporter['step'] = (title, work) => reporter.step(title, work);
  let text = '';
  const result = await matrixInOneGuest(
    { open: () => Promise.resolve(scene), step, folder, print: (shown) => (text = shown), keep: () => undefined },
    'quick',
  );
  if (!result.ok) reporter.line(text);
  mustBeGreen([result]);
  return text;
}

async function demonstrate(run: Run, scene: Scene): Promise<Finding[]> {
  const { reporter } = run;
  const findings: Finding[] = reporter.steps
    .filter(({ group }) => group === 'guest')
    .map(({ title, detail, milliseconds }) => ({ what: title, result: detail, milliseconds }));
  reporter.group('traffic');
  for (const { what, work } of measures) {
    const begin = performance.now();
    const result = await reporter.step(what, async (report) => {
      const found = await work(scene);
      report(found);
      return found;
    });
    findings.push({ what, result, milliseconds: Math.round(performance.now() - begin) });
  }
  await reporter.step('the kernel of the guest is content', async (report) => {
    const log = await scene.machine.run('dmesg');
    const trouble = log.split('\n').find((line) => /Tx Unit Hang|NETDEV WATCHDOG|BUG:|Oops/.test(line));
    if (trouble !== undefined) throw new LabError('KERNEL_COMPLAINS', `the guest's kernel complains: ${trouble}`);
    report('no hang, no watchdog');
  });
  return findings;
}

const measures: readonly { what: string; work: (scene: Scene) => Promise<string> }[] = [
  {
    what: 'first ping',
    work: async (scene) => {
      await scene.mustPing(1);
      return `answered ${process.uptime().toFixed(1)} s after the start`;
    },
  },
  { what: '50 pings, IPv4', work: async (scene) => `mean round trip ${await scene.mustPing(50)} ms` },
  { what: '50 pings, IPv6', work: async (scene) => `mean round trip ${await scene.mustPing(50, '', true)} ms` },
  {
    what: '20 pings of 8,000 bytes, MTU 9000',
    work: async (scene) => {
      await scene.machine.run(`ip link set ${scene.interfaceName} mtu ${jumboMtu}`);
      await scene.waitForCarrier(true, 10_000);
      const mean = await scene.mustPing(20, '-s 8000');
      await scene.machine.run(`ip link set ${scene.interfaceName} mtu 1500`);
      await scene.waitForCarrier(true, 10_000);
      return `mean round trip ${mean} ms`;
    },
  },
  {
    what: '16 MiB from the external host by HTTP',
    work: async (scene) => `${await download(scene, transferBytes, [1])}, SHA-256 equal`,
  },
  {
    what: '16 MiB to the external host by HTTP',
    work: async (scene) => `${await upload(scene, transferBytes, 2)}, SHA-256 equal`,
  },
];

import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { hostAddress, hostAddress6 } from './external-host-protocol.ts';
import { Reporter } from './reporter.ts';
import { type RunOptions, withRun } from './run.ts';

export interface ShellOptions extends RunOptions {
  readonly cpus?: number | undefined;
}

/** A console in a guest with the NIC, until the guest powers off ("exit" does). */
export async function labShell(options: ShellOptions = {}): Promise<void> {
  const reporter = new Reporter();
  await withRun('shell', options, reporter, async (run) => {
    reporter.group('guest');
    await run.host.serve();
    await run.host.iperf();
    const scene = await run.open({
      cpus: options.cpus ?? 2,
      terminal: true,
      reboots: false,
      // Breakpoints stop the machine too.
      ...(run.ours ? { variant: { debug: true } } : {}),
    });
    const { machine, interfaceName } = scene;
    if (process.stdout.isTTY)
      await machine.try(`stty -F /dev/ttyS1 rows ${process.stdout.rows} cols ${process.stdout.columns}`);
    reporter.line(
      `${interfaceName} is up. The external host is ${hostAddress} and ${hostAddress6}: ping it, "iperf3 -c ${hostAddress}", "curl http://${hostAddress}:8080/file/1000000/1". "exit" ends the guest.`,
    );
    if (scene.nic.monitor !== undefined)
      reporter.line(
        `From another terminal: bin/outboard monitor ${relative(process.cwd(), join(run.folder, 'qmp.sock'))}; "break" there stops the guest too.`,
      );
    await machine.run('touch /run/shell');
    await machine.ended;
    // A QEMU that was killed leaves the terminal raw.
    if (process.stdin.isTTY) spawnSync('stty', ['sane'], { stdio: 'inherit' });
  });
}

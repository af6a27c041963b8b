import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { LabError } from '../errors.ts';
import { hostAddress } from '../external-host-protocol.ts';
import { nicMac } from '../nic-under-test.ts';
import { prepareNetworkBoot, serveBoot } from '../network-boot.ts';
import type { VirtualMachine } from '../virtual-machine.ts';
import type { Workload } from '../workload.ts';

const firstWordMs = 60_000;
const downloadMs = 300_000;
const kernelMs = 120_000;

/** What the machine has written on its serial port, without a terminal's control sequences. */
function written(machine: VirtualMachine): string {
  const text = existsSync(machine.serialLog) ? readFileSync(machine.serialLog, 'latin1') : '';
  return stripVTControlCharacters(text).replace(/\r+\n?/g, '\n');
}

/** The first match of what the machine writes on its serial port, and the time that it took. */
async function writes(machine: VirtualMachine, pattern: RegExp, limitMs: number): Promise<[RegExpExecArray, string]> {
  const begin = performance.now();
  for (;;) {
    const text = written(machine);
    const found = pattern.exec(text);
    const seconds = (performance.now() - begin) / 1000;
    if (found !== null) return [found, `${seconds.toFixed(1)} s`];
    if (!machine.running || seconds * 1000 > limitMs) {
      const last = text.trim().split('\n').slice(-2).join(' / ');
      throw new LabError('NETWORK_BOOT', `the machine has not written ${String(pattern)} but: ${last.slice(-300)}`);
    }
    await sleep(50);
  }
}

export const pxe: Workload = {
  name: 'pxe',
  summary: "Debian's iPXE with its own driver boots a guest over the NIC, a plain function here: DHCP, TFTP, HTTP",
  async run({ host, lab, folder, step, openFleet }) {
    if (openFleet === undefined) return step("skipped: this boots from Outboard's NIC only", () => Promise.resolve());
    const boot = await step("Debian's iPXE, and a server for the external host", prepareNetworkBoot);
    const fleet = await openFleet([{ name: 'A', pf: 'function' }]);
    await host.capture(join(folder, 'host-pxe.pcap'));
    await serveBoot(host, boot, lab, folder);
    const machine = fleet.power('A', { boot: ['-kernel', boot.ipxe, '-machine', 'graphics=off'] });
    await step('iPXE finds the NIC', async (report) => {
      const [found, time] = await writes(machine, /net0: (\S+) using (.*?)\s*\[(\w+)\]/, firstWordMs);
      if (found[1] !== nicMac) throw new LabError('NETWORK_BOOT', `iPXE has the address ${found[1]}`);
      report(`${found[1]} using ${found[2]}, after ${time}`);
    });
    await step('it gets an address by DHCP', async (report) => {
      const [found, time] = await writes(machine, /net0: (10\.82\.57\.\d+)\/255\.255\.255\.0/, firstWordMs);
      report(`${found[1]} after ${time}`);
    });
    await step('the kernel comes by TFTP', async (report) => {
      const [, time] = await writes(machine, /vmlinuz\.*.*? ok/s, downloadMs);
      report(time);
    });
    await step('the initrd comes by HTTP', async (report) => {
      const [, time] = await writes(machine, /\/initrd\.*.*? ok/s, downloadMs);
      report(time);
    });
    await step('the kernel starts', async (report) => {
      const [found, time] = await writes(machine, /Linux version (\S+)/, kernelMs);
      report(`${found[1]} after ${time}`);
    });
    await step('the guest comes up, its igb takes the NIC over, and pings', async (report) => {
      await machine.boot();
      const name = (await machine.run('coldplug; ls -d /sys/bus/pci/drivers/igb/*/net/*', 60_000)).trim();
      const device = name.split('/').at(-1)!;
      await machine.run(
        `ip link set ${device} up && ip address add 10.82.57.2/24 dev ${device}; ping -n -c 5 -i 0.1 -w 30 ${hostAddress}`,
        60_000,
      );
      report(`as ${device}`);
    });
    rmSync(join(folder, 'boot'), { recursive: true });
  },
};

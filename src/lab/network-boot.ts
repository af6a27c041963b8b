/** What a machine needs that boots over the network: iPXE for itself, and a server for the external host. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateApt } from './apt.ts';
import { Cache, type Report } from './cache.ts';
import type { ExternalHost } from './external-host.ts';
import { hostAddress, hostInterface } from './external-host-protocol.ts';
import type { Lab } from './lab.ts';
import { quoted } from './qemu-args.ts';
import { programOfRoot } from './qemu.ts';
import { kernelWords } from './virtual-machine.ts';

const packages = ['ipxe', 'dnsmasq-base'];
const httpPort = 8067;

export interface NetworkBoot {
  /** iPXE in the shape of a Linux kernel, with drivers of its own. */
  readonly ipxe: string;
  readonly dnsmasq: { readonly command: string; readonly args: readonly string[] };
}

/** Fetches Debian's iPXE, and its dnsmasq for DHCP and TFTP. */
export async function prepareNetworkBoot(report: Report): Promise<NetworkBoot> {
  const cache = new Cache();
  const apt = new PrivateApt(cache, report);
  const root = await cache.step('netboot', `trixie ${packages.join(' ')} 1`, report, (folder) =>
    apt.unpackWithDependencies('trixie', packages, folder),
  );
  return { ipxe: join(root, 'usr/lib/ipxe/ipxe.lkrn'), dnsmasq: programOfRoot(root, 'usr/sbin/dnsmasq') };
}

/** iPXE's script: the kernel by TFTP, which waits for each block; the larger initrd by HTTP, which does not. */
function script(): string {
  return `#!ipxe
ifstat
kernel tftp://${hostAddress}/vmlinuz initrd=initrd ${kernelWords.join(' ')} loglevel=7
initrd http://${hostAddress}:${httpPort}/initrd
ifstat
boot
`;
}

/** Has the external host answer DHCP, TFTP and HTTP until the wire is plugged anew; its log is boot.log in the folder. */
export async function serveBoot(host: ExternalHost, { dnsmasq }: NetworkBoot, lab: Lab, folder: string): Promise<void> {
  const files = join(folder, 'boot');
  mkdirSync(files);
  writeFileSync(join(files, 'boot.ipxe'), script());
  copyFileSync(lab.image.kernel.image, join(files, 'vmlinuz'));
  copyFileSync(lab.image.initrd, join(files, 'initrd'));
  const range = hostAddress.replace(/\d+$/, '');
  const flags = [
    ...['--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--port=0', '--log-dhcp'],
    ...[`--interface=${hostInterface}`, '--bind-interfaces', '--leasefile-ro', '--pid-file'],
    ...[`--dhcp-range=${range}100,${range}110,255.255.255.0,1h`, '--dhcp-boot=boot.ipxe'],
    ...['--enable-tftp', `--tftp-root=${files}`, `--log-facility=${join(folder, 'boot.log')}`],
  ];
  const busybox = lab.tools.cachedProgram('busybox').command;
  const commands = [
    [dnsmasq.command, ...dnsmasq.args, ...flags],
    [busybox, 'httpd', '-f', '-p', `${hostAddress}:${httpPort}`, '-h', files],
  ];
  for (const words of commands) await host.start(words.map(quoted).join(' '));
}

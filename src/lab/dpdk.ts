/** Debian's DPDK for a guest: dpdk-testpmd with the drivers of this NIC. */
import { copyFileSync, existsSync, readdirSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateApt } from './apt.ts';
import { Cache, type Report } from './cache.ts';
import { packCpio } from './cpio.ts';
import { LabError } from './errors.ts';
import type { GuestImage } from './guest-image.ts';
import { withLibraries } from './guest-programs.ts';
import type { Lab } from './lab.ts';

const testpmd = 'usr/bin/dpdk-testpmd';
/** Drivers that testpmd loads from DPDK's folder as it starts: the NIC's, and the rings that hold its buffers. */
const drivers = ['net_e1000', 'mempool_ring'];
/** The package of testpmd wants header files and tools of developers too. */
const developers = /^(libdpdk-dev|python3)$/;
const recipe = '3';

/** testpmd's package by itself, and what it needs to run with the packages of the drivers, all of one release of DPDK. */
async function unpack(apt: PrivateApt, folder: string): Promise<void> {
  const needed = (await apt.dependencies('trixie', 'dpdk-dev')).filter((name) => !developers.test(name));
  const release = needed.map((name) => /^librte-eal(\d+)$/.exec(name)?.[1]).find((found) => found !== undefined);
  if (release === undefined) throw new LabError('NO_DPDK', 'dpdk-dev of trixie does not say which DPDK it is for');
  const own = drivers.map((name) => `librte-${name.replace('_', '-')}${/\d$/.test(name) ? '-' : ''}${release}`);
  await apt.unpackWithDependencies('trixie', [...own, ...needed], folder);
  await apt.unpack('trixie', ['dpdk-dev'], folder);
}

/** The folder of drivers, as the guest has it: usr/lib/x86_64-linux-gnu/dpdk/pmds-25.0. */
function driverFolder(root: string): string {
  const parent = 'usr/lib/x86_64-linux-gnu/dpdk';
  const name = existsSync(join(root, parent))
    ? readdirSync(join(root, parent)).find((found) => found.startsWith('pmds-'))
    : undefined;
  if (name === undefined) throw new LabError('NO_DPDK', "Debian's packages bring no folder of DPDK's drivers");
  return `${parent}/${name}`;
}

function pack(root: string, lab: Lab): Buffer {
  const folder = driverFolder(root);
  const own = drivers.map((name) => {
    const file = readdirSync(join(root, folder)).find((found) =>
      new RegExp(`^librte_${name}\\.so\\.\\d+\\.\\d+$`).test(found),
    );
    if (file === undefined) throw new LabError('NO_DPDK', `Debian's packages bring no DPDK driver ${name}`);
    return `${folder}/${file}`;
  });
  const known = new Set(lab.tools.entries().map(({ path }) => path));
  return packCpio(withLibraries(root, [testpmd, ...own], known));
}

/** The lab's guest with DPDK, made once. */
export async function prepareDpdk(lab: Lab, report: Report): Promise<GuestImage> {
  const cache = new Cache();
  const apt = new PrivateApt(cache, report);
  const root = await cache.step('dpdk', `trixie ${drivers.join(' ')} ${recipe}`, report, (folder) =>
    unpack(apt, folder),
  );
  const inputs = [recipe, root, lab.image.initrd].join('\n');
  const folder = await cache.step('initrd-dpdk', inputs, report, (partial) => {
    report('packing the guest');
    const file = join(partial, 'initrd.cpio');
    copyFileSync(lab.image.initrd, file);
    appendFileSync(file, pack(root, lab));
  });
  return { kernel: lab.image.kernel, initrd: join(folder, 'initrd.cpio') };
}

/** Debian's chromium, for tests of what browsers show: from PATH, else unpacked in the cache. It runs on the system's C library. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PrivateApt } from './apt.ts';
import { Cache, type Report } from './cache.ts';

export interface Chromium {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** chromium starts itself again, as /proc/self/exe: it cannot run under a loader of its own, as other programs of the cache do. */
const systemLibraries =
  /^(ld-linux|lib(c|m|mvec|dl|pthread|rt|resolv|util|anl|thread_db|nsl|nss_\w+|BrokenLocale|memusage|pcprofile|c_malloc_debug))[.-]/;
/** The oldest release: its programs run on the C library of any later one. */
const SUITE = 'bookworm';
const recipe = `${SUITE} chromium fonts-dejavu-core 1`;

function libraryFolders(root: string): string[] {
  const folders = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((name) => join(root, name));
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [
      folder,
      ...readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(folder, entry.name)),
    ]);
}

function leaveSystemLibraries(root: string): void {
  for (const folder of libraryFolders(root)) {
    for (const name of readdirSync(folder)) if (systemLibraries.test(name)) rmSync(join(folder, name), { force: true });
  }
}

/** How to run it; fetches some 200 MB where the machine has none. Throws LabError where that fails. */
export async function findChromium(report: Report): Promise<Chromium> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const command = join(folder, 'chromium');
    if (folder !== '' && existsSync(command)) return { command, env: {} };
  }
  const cache = new Cache();
  const root = await cache.step('chromium', recipe, report, async (folder) => {
    await new PrivateApt(cache, report).unpackWithDependencies(SUITE, ['chromium', 'fonts-dejavu-core'], folder);
    leaveSystemLibraries(folder);
  });
  const fonts = join(root, 'fonts.conf');
  if (!existsSync(fonts)) {
    const dirs = `<dir>${join(root, 'usr/share/fonts')}</dir><cachedir>${join(root, 'font-cache')}</cachedir>`;
    mkdirSync(join(root, 'font-cache'), { recursive: true });
    writeFileSync(fonts, `<?xml version="1.0"?><fontconfig>${dirs}</fontconfig>\n`);
  }
  return {
    command: join(root, 'usr/lib/chromium/chromium'),
    env: { LD_LIBRARY_PATH: libraryFolders(root).join(':'), FONTCONFIG_FILE: fonts },
  };
}

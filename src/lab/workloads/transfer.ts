import { LabError } from '../errors.ts';
import { hostAddress, httpPort } from '../external-host-protocol.ts';
import type { Scene } from '../scene.ts';

const limitMs = 300_000;

/** Mbit/s of a transfer. */
function rate(bytes: number, secondsTaken: number): string {
  return `${Math.round((bytes * 8) / secondsTaken / 1e6)} Mb/s`;
}

function mustEqual(what: string, got: string | undefined, wanted: string): void {
  if (got !== wanted) throw new LabError('WRONG_DATA', `${what}: SHA-256 is ${got ?? 'missing'}, should be ${wanted}`);
}

/** Downloads files of the external host at once, each with its own seed, and compares hashes; gives the rate in all. */
export async function download(
  scene: Scene,
  bytes: number,
  seeds: readonly number[],
  address = hostAddress,
): Promise<string> {
  const url = `http://${address}:${httpPort}`;
  await scene.host.serve();
  const hashes = await Promise.all(seeds.map((seed) => scene.host.file(bytes, seed)));
  const files = seeds.map((seed) => `/tmp/file${seed}`);
  const each = seeds.map(
    (seed, index) => `curl -sS -f -o ${files[index]} -w '%{time_total}\\n' ${url}/file/${bytes}/${seed} &`,
  );
  try {
    // `wait` alone forgets exit statuses; a broken download shows in its hash.
    const times = await scene.machine.run(`${each.join(' ')} wait`, limitMs);
    const sums = await scene.machine.run(`sha256sum ${files.join(' ')}`, limitMs);
    for (const [index, line] of sums.trim().split('\n').entries())
      mustEqual(`download ${index + 1}`, line.split(' ')[0], hashes[index]!);
    return rate(bytes * seeds.length, Math.max(...times.trim().split('\n').map(Number)));
  } finally {
    await scene.machine.try(`rm -f ${files.join(' ')}`).catch(() => undefined);
  }
}

/** Sends a file that came from the external host back to it and compares hashes; gives the rate. */
export async function upload(scene: Scene, bytes: number, seed: number, address = hostAddress): Promise<string> {
  const url = `http://${address}:${httpPort}`;
  await scene.host.serve();
  const wanted = await scene.host.file(bytes, seed);
  const name = `upload-${seed}-${Date.now()}`;
  try {
    await scene.machine.run(`curl -sS -f -o /tmp/source ${url}/file/${bytes}/${seed}`, limitMs);
    const time = await scene.machine.run(
      `curl -sS -f -o /dev/null -T /tmp/source -w '%{time_total}' ${url}/upload/${name}`,
      limitMs,
    );
    mustEqual('upload', (await scene.host.uploaded(name))?.sha256, wanted);
    return rate(bytes, Number(time));
  } finally {
    await scene.machine.try('rm -f /tmp/source').catch(() => undefined);
  }
}

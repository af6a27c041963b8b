/** For tests against the kernel: they run in a network namespace that goes with a second run of their file. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const INSIDE = 'OUTBOARD_TEST_NAMESPACE';

/** Runs the host's `ip`. Throws where it fails. */
export function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Has `declare` declare the tests of the file at `url`, in a namespace with /dev/net/tun; where there is none, `name` is skipped. */
export function testInNamespace(name: string, url: string, declare: () => void): void {
  if (process.env[INSIDE] !== undefined) {
    declare();
    return;
  }
  test(name, (t) => {
    const flags = process.getuid?.() === 0 ? ['-n'] : ['-r', '-n'];
    const probe = spawnSync('unshare', [...flags, 'sh', '-c', 'ip link show lo && test -w /dev/net/tun'], {
      encoding: 'utf8',
    });
    if (probe.status !== 0) {
      t.skip(
        `needs unshare, ip, a writable /dev/net/tun and the right to make a namespace: ${probe.stderr ?? probe.error}`,
      );
      return;
    }
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const run = spawnSync(
      'unshare',
      [...flags, process.execPath, '--enable-source-maps', '--test-reporter=tap', fileURLToPath(url)],
      { encoding: 'utf8', env: { ...environment, [INSIDE]: '1' }, timeout: 60_000 },
    );
    assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
    assert.match(run.stdout, /# pass \d\d?\n# fail 0/);
  });
}

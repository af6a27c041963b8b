/** The lab's external host, without a guest: what it started ends with it, however the lab ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WAIT_MS = 20_000;

/** Processes whose command line has a word. */
function processesWith(word: string): number {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  }).length;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + WAIT_MS; !condition(); await new Promise((resolve) => setTimeout(resolve, 20)))
    assert.ok(Date.now() < end, `waited ${WAIT_MS} ms until ${what}`);
}

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
  test(`what the host's shells have started ends with a lab that gets ${signal}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outboard-host-'));
    // A time that nobody else sleeps.
    const seconds = `60.${process.pid}${signal === 'SIGKILL' ? 1 : 2}`;
    const lab = `
      const { ExternalHost } = await import(${JSON.stringify(new URL('../../src/lab/external-host.js', import.meta.url).href)});
      const { GuestTools } = await import(${JSON.stringify(new URL('../../src/lab/guest-tools.js', import.meta.url).href)});
      const host = await ExternalHost.start(new GuestTools('/nowhere'), ${JSON.stringify(folder)});
      void host.shell('sleep ${seconds} & (sleep ${seconds} & sleep ${seconds})', 60_000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', lab], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    try {
      await until(() => processesWith(seconds) >= 3, 'the host has started them');
      child.kill(signal);
      await until(() => processesWith(seconds) === 0, 'they have ended');
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** What the main thread asks of a device thread that runs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNic, type Nic } from '../../src/nic/nic.ts';

let folder: string;
let nic: Nic;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outboard-requests-'));
  nic = await startNic(
    { attach: [{ kind: 'vf', index: 0, path: join(folder, 'vf0.sock') }], netdev: ['hubport,id=n0,hubid=0'] },
    { log: () => undefined },
  );
});

after(async () => {
  await nic.close();
  rmSync(folder, { recursive: true });
});

async function linkSpeed(): Promise<number | undefined> {
  const counters = await nic.request('statistics');
  assert.equal(counters['n0.packetsSent'], 0);
  return counters['linkSpeed'];
}

test('answers come back in order, with what the commands before them did', async () => {
  for (const until = Date.now() + 5000; (await linkSpeed()) !== 1000; await sleep(5)) assert.ok(Date.now() < until);
  const [, speed] = await Promise.all([nic.request('setLink', { up: false }), linkSpeed()]);
  assert.equal(speed, 0);
});

test('a command that fails rejects with its code; the thread lives on', async () => {
  await assert.rejects(nic.request('nothing' as 'statistics'), { code: 'INTERNAL' });
  assert.equal(typeof (await nic.request('statistics')), 'object');
});

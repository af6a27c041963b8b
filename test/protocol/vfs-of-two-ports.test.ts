/** VFs of both ports of a card on sockets of their own, against a whole NIC in its thread. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { formatMac } from '../../src/packet/index.ts';
import { Machine } from './machine.ts';

let nic: Nic;
let folder: string;
const path = (name: string): string => join(folder, `${name}.sock`);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outboard-two-'));
  nic = await startNic(
    {
      ports: 2,
      attach: [
        { kind: 'vf', index: 0, path: path('vf0') },
        { kind: 'vf', index: 7, path: path('vf7') },
        { kind: 'vf', port: 1, index: 0, path: path('pf1vf0') },
      ],
      vfs: [{ port: 1, index: 0, mac: '52:54:00:00:01:00' }],
      netdev: ['hubport,id=p0,hubid=0', 'hubport,id=p1,hubid=0'],
    },
    { log: () => undefined },
  );
});

after(async () => {
  await nic.close();
  rmSync(folder, { recursive: true, force: true });
});

async function untilLink(): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const status = await Promise.all([0, 1].map((port) => nic.request('vfsStatus', { port })));
    if (status.every(({ hosted }) => hosted?.linkMbps === 1000)) return;
    await sleep(20);
  }
  assert.fail('no link on both ports');
}

test('each port has its VFs and its hosted PF; between the ports frames go by their wires', async () => {
  const machines = ['vf0', 'vf7', 'pf1vf0'].map((name) => new Machine(path(name)));
  const [first, neighbour, other] = machines as [Machine, Machine, Machine];
  assert.deepEqual(
    machines.map(({ port }) => formatMac(port.mac)),
    ['52:54:00:82:57:62', '52:54:00:82:57:69', '52:54:00:00:01:00'],
  );
  await untilLink();
  const attached = async (port: number): Promise<number[]> => {
    const { vfs } = await nic.request('vfsStatus', { port });
    return vfs.flatMap((vf, index) => (vf.attached && vf.live ? [index] : []));
  };
  assert.deepEqual([await attached(0), await attached(1)], [[0, 7], [0]]);

  const wire = async (): Promise<unknown> => (await nic.request('statistics'))['port1.GPRC'];
  const before = await wire();
  first.sendTo(neighbour, 1);
  assert.equal(neighbour.taken(1), 1);
  assert.equal(await wire(), before, 'what stays within port 0 is not seen by port 1');
  first.sendTo(other, 2);
  assert.equal(other.taken(1), 1);
  other.sendTo(first, 3);
  other.sendTo(neighbour, 4);
  assert.equal(first.taken(1), 1);
  assert.equal(neighbour.taken(1), 1);

  other.crash();
  first.sendTo(neighbour, 5);
  assert.equal(neighbour.taken(1), 1);
  for (let tries = 0; tries < 100 && (await attached(1)).length > 0; tries += 1) await sleep(10);
  assert.deepEqual([await attached(0), await attached(1)], [[0, 7], []]);
  first.crash();
  neighbour.crash();
});

test('VFs of port 1 come and go, and are set, by name', async () => {
  const names = async (): Promise<string[]> => (await nic.request('listAttachments')).map(({ id }) => id).sort();
  await nic.request('addAttachment', { kind: 'vf', port: 1, index: 3, path: path('late') });
  assert.deepEqual(await names(), ['pf1vf0', 'pf1vf3', 'vf0', 'vf7']);
  const domains = await nic.request('pciDomains');
  assert.deepEqual(
    domains.map(({ id, functions }) => [id, functions.map((fn) => fn.id)]),
    domains.map(({ id }) => [id, [id]]),
  );
  await nic.request('setVf', { port: 1, vf: 3, change: { vlan: 9 } });
  const vlans = await Promise.all(
    [0, 1].map(async (port) => (await nic.request('vfsStatus', { port })).hosted?.vfs[3]?.vlan),
  );
  assert.deepEqual(vlans, [0, 9]);
  await nic.request('removeAttachment', { id: 'pf1vf3' });
  assert.deepEqual(await names(), ['pf1vf0', 'vf0', 'vf7']);
});

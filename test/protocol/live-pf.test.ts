/** The socket of the PF made and taken away while machines with VFs talk. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { Monitor } from '../../src/monitor/monitor.ts';
import type { NicConfigInput } from '../../src/nic/config.ts';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { QmpClient } from '../../src/qmp/index.ts';
import { Client, pack, u16 } from './client.ts';
import { Machine } from './machine.ts';

interface Scene {
  readonly nic: Nic;
  readonly qmp: QmpClient;
  readonly machines: readonly [Machine, Machine];
  readonly path: (name: string) => string;
}

async function scene(context: TestContext, more: Partial<NicConfigInput>): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-pf-'));
  const path = (name: string): string => join(folder, `${name}.sock`);
  const attach = [0, 1].map((index) => ({ kind: 'vf' as const, index, path: path(`vf${index}`) }));
  const nic = await startNic({ attach, netdev: ['hubport,id=n0,hubid=0'], ...more }, { log: () => undefined });
  const log = (line: string): void => assert.fail(line);
  void new Monitor({ nic, qmp: [`unix:${path('qmp')},server=on,wait=off`], hmp: [], log, quit: () => undefined });
  const machines = [new Machine(path('vf0')), new Machine(path('vf1'))] as const;
  const qmp = new QmpClient(connect(path('qmp')), {
    gone: () => new Error('gone'),
    refused: (errorClass, description) => Object.assign(new Error(description), { errorClass }),
  });
  await qmp.ready;
  context.after(async () => {
    for (const machine of machines) machine.crash();
    qmp.close();
    await nic.close();
    rmSync(folder, { recursive: true });
  });
  return { nic, qmp, machines, path };
}

const client = (path: string): Client => new Client(path, () => false).version();

function talk([a, b]: readonly [Machine, Machine], mark: number): void {
  a.sendTo(b, mark);
  assert.equal(b.taken(1), 1);
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await what()); await sleep(5)) assert.ok(Date.now() < end);
}

const hosted = async ({ nic }: Scene): Promise<boolean> =>
  (await nic.request('vfsStatus', { port: 0 })).hosted !== undefined;

test('the PF by itself: VFs go on until its driver comes, and have their hosted PF again when it is gone', async (context) => {
  const live = await scene(context, { pf: 'function' });
  const { qmp, machines, path } = live;
  await assert.rejects(
    qmp.execute('device_add', { driver: 'hierarchy', path: path('pf') }),
    /a function for as long as it runs: add it as function, or start the NIC with --pf hierarchy/,
  );
  await qmp.execute('device_add', { driver: 'function', path: path('pf') });
  talk(machines, 1);
  const pf = client(path('pf'));
  assert.equal(pf.read(7, 0, 4).length, 4, 'its configuration is read');
  talk(machines, 2);
  assert.equal(await hosted(live), true);
  pf.write(7, 4, pack(u16(6)));
  await until(async () => !(await hosted(live)));
  await assert.rejects(qmp.execute('device_add', { driver: 'function', path: path('x') }), /already/);
  await qmp.execute('device_del', { id: 'pf' });
  assert.equal(existsSync(path('pf')), false);
  await until(() => hosted(live));
  for (const machine of machines) assert.equal(machine.port.reset(), true);
  await assert.rejects(qmp.execute('device_del', { id: 'pf' }), { errorClass: 'DeviceNotFound' });
  const fresh = [0, 1].map((index) => {
    machines[index]!.client.close();
    return new Machine(path(`vf${index}`));
  }) as unknown as [Machine, Machine];
  talk(fresh, 3);
  for (const machine of fresh) machine.crash();
});

test('the PF behind a VMD comes and goes, and comes again', async (context) => {
  const live = await scene(context, {});
  const { qmp, machines, path } = live;
  for (let round = 0; round < 3; round += 1) {
    await qmp.execute('device_add', { driver: 'hierarchy', path: path('pf') });
    const pf = client(path('pf'));
    assert.deepEqual([...pf.read(7, 0, 4)], [0x86, 0x80, 0xc0, 0x28]);
    talk(machines, round);
    if (round === 1) pf.close();
    await qmp.execute('device_del', { id: 'pf' });
    talk(machines, round);
  }
  await assert.rejects(qmp.execute('device_add', { driver: 'function', path: path('pf') }), /a hierarchy for as long/);
});

test('a machine that comes with its QMP socket stops at breakpoints; one that goes is forgotten', async (context) => {
  const { qmp, path } = await scene(context, {});
  const told: string[] = [];
  const vm = createServer((socket) => {
    socket.write('{"QMP": {}}\n');
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) {
        const { execute, id } = JSON.parse(line) as { execute: string; id: string };
        told.push(execute);
        socket.write(`${JSON.stringify({ return: {}, id })}\n`);
      }
    });
    socket.on('error', () => undefined);
  }).listen(path('vm'));
  context.after(() => vm.close());
  type Status = { machines: { id: string; qmp?: string; state: string }[] };
  const machineOf = async (id: string): Promise<string | undefined> =>
    ((await qmp.execute('query-break')) as Status).machines.find((one) => one.id === id)?.state;
  await qmp.execute('break-add', { expression: 'reg:CTRL write' });
  await qmp.execute('device_add', { driver: 'hierarchy', path: path('pf'), qmp: path('vm') });
  await until(async () => (await machineOf('pf')) === 'running');
  assert.deepEqual(told, ['qmp_capabilities']);
  await qmp.execute('device_del', { id: 'pf' });
  assert.equal(await machineOf('pf'), undefined);
});

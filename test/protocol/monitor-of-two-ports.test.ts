/** What a monitor tells and does of a card of two ports: port 0 under its usual names, port 1 with those of `pf1`. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Monitor } from '../../src/monitor/monitor.ts';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { QmpClient } from '../../src/qmp/index.ts';
import { Machine } from './machine.ts';

let folder: string;
let nic: Nic;
let qmp: QmpClient;
let machines: readonly [Machine, Machine];
const events: { event: string; data: unknown }[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outboard-ports-'));
  const path = (name: string): string => join(folder, name);
  nic = await startNic(
    {
      ports: 2,
      attach: [
        ...[0, 1].map((index) => ({ kind: 'vf' as const, port: 1 as const, index, path: path(`vf${index}.sock`) })),
        // Of port 0 too the PF is hosted then, and brings its link up.
        { kind: 'vf', index: 7, path: path('vf7.sock') },
      ],
      netdev: ['hubport,id=n0,hubid=0', 'hubport,id=n1,hubid=1'],
      traceFile: path('trace.txt'),
    },
    { log: () => undefined },
  );
  void new Monitor({
    nic,
    qmp: [`unix:${path('qmp.sock')},server=on,wait=off`],
    hmp: [],
    log: assert.fail,
    quit: () => undefined,
  });
  machines = [new Machine(path('vf0.sock')), new Machine(path('vf1.sock'))];
  qmp = new QmpClient(connect(path('qmp.sock')), {
    gone: () => new Error('gone'),
    refused: (errorClass, description) => Object.assign(new Error(description), { errorClass }),
  });
  await qmp.ready;
  qmp.onEvent((event, data) => events.push({ event, data }));
  for (const until = Date.now() + 10_000; !(await linksUp()); await sleep(10)) assert.ok(Date.now() < until);
});

after(async () => {
  for (const machine of machines) machine.crash();
  qmp.close();
  await nic.close();
  rmSync(folder, { recursive: true });
});

type Members = Record<string, unknown>;
const query = async <T = Members[]>(name: string, given: Members = {}): Promise<T> =>
  (await qmp.execute(`query-${name}`, given)) as T;
const hmp = (line: string): Promise<string> =>
  qmp.execute('human-monitor-command', { 'command-line': line }) as Promise<string>;

interface Port {
  readonly name: string;
  readonly netdev: string;
  readonly link: { readonly up: boolean };
}

const ports = async (): Promise<Port[]> => (await query<{ ports: Port[] }>('network')).ports;
const linksUp = async (): Promise<boolean> => (await ports()).every(({ link }) => link.up);

test('each port has its line, its netdev and its cable', async () => {
  assert.deepEqual(
    (await ports()).map(({ name, netdev }) => [name, netdev]),
    [
      ['pf', 'n0'],
      ['pf1', 'n1'],
    ],
  );
  assert.match(await hmp('info network'), /^pf: index=0.*\r?\n \\ n0: .*\r?\npf1: index=1.*\r?\n \\ n1: /);
  const link = async (name: string, up: boolean): Promise<unknown> => {
    events.length = 0;
    await qmp.execute('set_link', { name, up });
    for (const until = Date.now() + 10_000; Date.now() < until; await sleep(5)) {
      const found = events.find(({ event }) => event === 'NIC_LINK_CHANGED');
      if (found !== undefined) return found.data;
    }
    return undefined;
  };
  assert.deepEqual(await link('pf1', false), { name: 'pf1', up: false, speed: 0 });
  assert.deepEqual(
    (await ports()).map(({ link: { up } }) => up),
    [true, false],
  );
  assert.deepEqual(await link('n1', true), { name: 'pf1', up: true, speed: 1000 });
  assert.deepEqual(await link('n0', false), { name: 'pf', up: false, speed: 0 });
  assert.deepEqual(await link('pf', true), { name: 'pf', up: true, speed: 1000 });
  await assert.rejects(qmp.execute('set_link', { name: 'pf2', up: true }), { errorClass: 'DeviceNotFound' });
});

test('registers, rings, switch, mailboxes, interrupts, filters and memory are those of the port that is asked for', async () => {
  const [a, b] = machines;
  a.sendTo(b, 1);
  await sleep(50);
  const [tail] = await query('registers', { function: 'pf1', names: ['RDT[1]'] });
  assert.ok((tail!['value'] as number) > 0);
  assert.equal((await query('registers', { function: 'pf', names: ['RDT[1]'] }))[0]!['value'], 0);
  assert.match(await hmp('info registers pf1vf1 VTCTRL STATUS'), /STATUS/);

  assert.deepEqual(await query('rings'), []);
  const rings = await query('rings', { port: 1, queue: 1 });
  assert.deepEqual(
    rings.map(({ direction, function: owner }) => [direction, owner]),
    [
      ['rx', 'pf1vf1'],
      ['tx', 'pf1vf1'],
    ],
  );
  assert.match(await hmp('info rings pf1 1'), /^rx1 of pf1vf1: enabled[^]*DD EOP .*length 1\d\d/);

  const receiving = ({ pools }: { pools: { receives: boolean }[] }): number[] =>
    pools.flatMap(({ receives }, pool) => (receives ? [pool] : []));
  assert.deepEqual(receiving(await query('switch')), []);
  assert.deepEqual(receiving(await query('switch', { port: 1 })), [0, 1]);
  assert.match(await hmp('info mailbox pf1'), /RESET|CTS/);
  assert.doesNotMatch(await hmp('info mailbox'), /RESET|CTS/);
  assert.match(await hmp('info irq pf1'), /^pf1 uses/);
  assert.match(await hmp('info irq'), /^pf uses/);
  assert.deepEqual(
    (await query('rx-filter')).map(({ name }) => name),
    ['pf1vf0', 'pf1vf1'],
  );
  assert.equal((await query('rx-filter', { name: 'pf1vf1' })).length, 1);
  const frames = async (port: number): Promise<unknown> =>
    (await query<{ vfs: Members[] }>('stats', { port })).vfs[1]!['PVFGPRLBC'];
  assert.deepEqual([await frames(0), await frames(1)], [0, 1]);
  const bytes = [...a.memory.readBytes(64, 2)].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  assert.match(await hmp('xp /2xb 64 pf1vf0'), new RegExp(`: ${bytes}`));
  assert.match(await hmp('xp /1xw 0 vf0'), /no machine is attached to vf0/);
  assert.match(await hmp('info vf pf1'), /0 {2}own machine {2}yes/);
  assert.equal(b.taken(1), 1);
});

test('captures: of the second wire, of its functions and queues, and of everything', async () => {
  const [a, b] = machines;
  const file = (name: string): string => join(folder, `${name}.pcapng`);
  for (const [id, point] of Object.entries({
    fn: { function: 'pf1vf1' },
    queue: { queue: 'pf1tx0' },
    other: { function: 'vf1' },
    wire: { netdev: 'n1' },
    all: { points: 'all' },
  }))
    await qmp.execute('object-add', { 'qom-type': 'filter-dump', id, file: file(id), ...point });
  for (let n = 0; n < 3; n += 1) a.sendTo(b, n);
  assert.equal(b.taken(3), 3);
  const captures = await query<{ id: string; points: { name: string; seen: number }[] }[]>('capture');
  const seen = Object.fromEntries(
    captures.map(({ id, points }) => [
      id,
      points.flatMap(({ name, seen: frames }) => (frames > 0 ? [`${name} ${frames}`] : [])).join(', '),
    ]),
  );
  assert.deepEqual(seen, {
    fn: 'pf1vf1 3',
    queue: 'pf1tx0 3',
    other: '',
    wire: '',
    all: 'pf1vf0 3, pf1vf1 3, pf1pool0 3, pf1pool1 3, pf1rx1 3, pf1tx0 3',
  });
  for (const { id } of captures) await qmp.execute('object-del', { id });
  assert.ok(readFileSync(file('fn')).length > 3 * 154);
});

test('a NIC of one port says so', async () => {
  const single = await startNic(
    { attach: [{ kind: 'vf', index: 0, path: join(folder, 'single.sock') }] },
    { log: () => undefined },
  );
  await assert.rejects(single.request('setLink', { up: true, port: 1 }), { code: 'NO_PORT', message: /one port/ });
  await single.close();
});

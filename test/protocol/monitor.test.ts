/** The monitors of a whole NIC in its thread, with machines that have VFs, over real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pfPlan } from '../../src/devices/igb/tables/index.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import { connectPeer, type Peer } from '../../src/monitor/peer.ts';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { QmpClient } from '../../src/qmp/index.ts';
import { registerName } from '../../src/registers/index.ts';
import { pack, u32 } from './client.ts';
import { Machine } from './machine.ts';

let folder: string;
let nic: Nic;
let monitor: Monitor;
let machines: [Machine, Machine];
const logged: string[] = [];
const path = (name: string): string => join(folder, name);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outboard-monitor-'));
  const attach = [0, 1].map((index) => ({ kind: 'vf' as const, index, path: path(`vf${index}.sock`) }));
  nic = await startNic({ attach, netdev: ['hubport,id=n0,hubid=0'] }, { log: () => undefined });
  monitor = new Monitor({
    nic,
    qmp: [`unix:${path('qmp.sock')},server=on,wait=off`],
    hmp: [`unix:${path('hmp.sock')},server=on,wait=off`],
    log: (line) => logged.push(line),
    quit: () => void nic.close(),
  });
  machines = [new Machine(path('vf0.sock')), new Machine(path('vf1.sock'))];
  const isUp = async (): Promise<boolean> => (await nic.request('statistics'))['linkSpeed'] === 1000;
  for (const until = Date.now() + 10_000; !(await isUp()); await sleep(10)) assert.ok(Date.now() < until);
});

after(async () => {
  for (const machine of machines) machine.crash();
  monitor.close();
  await nic.close();
  rmSync(folder, { recursive: true });
});

interface TestClient {
  readonly qmp: QmpClient;
  /** Events so far. */
  readonly events: { event: string; data: Record<string, unknown> }[];
  eventNamed(name: string): Promise<Record<string, unknown>>;
}

async function qmpClient(): Promise<TestClient> {
  const qmp = new QmpClient(connect(path('qmp.sock')), {
    gone: () => new Error('gone'),
    refused: (errorClass, description) => Object.assign(new Error(description), { errorClass }),
  });
  await qmp.ready;
  const events: TestClient['events'] = [];
  qmp.onEvent((event, data) => events.push({ event, data }));
  const eventNamed = async (name: string): Promise<Record<string, unknown>> => {
    for (const until = Date.now() + 5000; Date.now() < until; await sleep(5)) {
      const found = events.find(({ event }) => event === name);
      if (found !== undefined) return found.data;
    }
    return assert.fail(`no ${name} among ${events.map(({ event }) => event).join(' ')}`);
  };
  return { qmp, events, eventNamed };
}

/** What a monitor could have changed: all registers but clocks, and counters of refused accesses. */
async function everything(): Promise<Map<string, number>> {
  const clocks = /^(FRTIMER|SYSTIM)/;
  const found = new Map<string, number>();
  for (let number = 0; number <= 8; number += 1) {
    const values = await nic.request('peekRegisters', { number });
    values.forEach((value, dword) => {
      const name = number === 0 ? registerName(pfPlan, dword << 2) : `vf${number - 1} ${dword << 2}`;
      if (!clocks.test(name) && !(number > 0 && dword << 2 === 0x1048)) found.set(`${name} ${dword}`, value);
    });
  }
  for (const { number, msix, intx } of await nic.request('interruptStatus', { port: 0 })) {
    found.set(
      `interrupts ${number}`,
      msix.reduce((sum, count) => sum + count, intx),
    );
  }
  return found;
}

const exchange = ([a, b]: readonly [Machine, Machine], frames: number): void => {
  for (let n = 0; n < frames; n += 1) a.sendTo(b, n);
};

test('only the owner may connect; who does is greeted, and must negotiate', async () => {
  for (const name of ['qmp.sock', 'hmp.sock']) assert.equal(statSync(path(name)).mode & 0o777, 0o600, name);
  const lines = await talk('qmp.sock', '{"execute":"query-status","id":1}{"execute":"qmp_capabilities","id":2}', 3);
  const [greeting, refused, negotiated] = lines.map((line) => JSON.parse(line) as Record<string, never>);
  assert.ok('QMP' in greeting!);
  assert.equal((refused!['error'] as unknown as { class: string }).class, 'CommandNotFound');
  assert.deepEqual(negotiated, { return: {}, id: 2 });
});

/** Sends text and gives that many lines of what comes back. */
async function talk(name: string, text: string, lines: number): Promise<string[]> {
  const socket = connect(path(name));
  let heard = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (heard += piece));
  socket.write(text);
  for (const until = Date.now() + 5000; heard.split('\n').length <= lines; await sleep(2)) {
    assert.ok(Date.now() < until, heard);
  }
  socket.destroy();
  return heard.split('\r\n').slice(0, lines);
}

test('looking changes nothing, with every subject of info, while rings are in use', async () => {
  exchange(machines, 5);
  assert.equal(machines[1].taken(5), 5);
  exchange(machines, 3);
  await sleep(50);
  const peer = await connectPeer(path('qmp.sock'));
  const beforehand = await everything();
  const subjects = [...monitor.registry.queries.keys()];
  assert.ok(subjects.length > 12);
  for (const subject of subjects) {
    const text = await peer.run(`info ${subject}${subject === 'registers' ? ' -a' : ''}`);
    assert.doesNotMatch(text, /^Error/, subject);
    assert.notEqual(text, '', subject);
    await peer.execute(`query-${subject}`, {});
  }
  for (const vf of [0, 1, 7]) await peer.run(`info registers -a vf${vf}`);
  await peer.run('info rings all 4096');
  await peer.run('xp /1024xw 0 vf0');
  const afterwards = await everything();
  for (const [name, value] of beforehand) assert.equal(afterwards.get(name), value, name);
  assert.ok(
    [...beforehand].some(([name, value]) => name.startsWith('PVFGPRLBC') && value > 0),
    'there was something to lose',
  );
  peer.close();
  assert.equal(machines[1].taken(3), 3);
});

test("rings are decoded, and memory is the machine's", async () => {
  exchange(machines, 2);
  await sleep(50);
  const peer = await connectPeer(path('qmp.sock'));
  const rings = (await peer.execute('query-rings', { queue: 1 })) as Record<string, never>[];
  const receive = rings.find(({ direction }) => direction === 'rx')!;
  assert.equal(receive['function'], 'vf1');
  const descriptors = receive['descriptors'] as unknown as { index: number; marks: string; meaning: string }[];
  const head = descriptors.findIndex(({ marks }) => marks.includes('head'));
  assert.match(descriptors[head - 1]!.meaning, /^DD EOP .*length 1\d\d/, 'what was received last');
  assert.match(descriptors[head]!.meaning, /^buffer 0x/, 'what is offered next');
  assert.equal(machines[1].taken(2), 2);
  const bytes = machines[0].memory.readBytes(64, 4);
  const shown = await peer.run('xp /4xb 64 vf0');
  assert.equal(
    shown,
    `0000000000000040: ${[...bytes].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ')}`,
  );
  assert.match(await peer.run('xp /1xw 0x7fffffff0000 vf0'), /^Error: Cannot access memory at 0x7fffffff0000/);
  assert.match(await peer.run('xp /1xw 0 pf'), /^Error: no machine is attached to pf/);
  peer.close();
});

test('stopped, the device answers accesses and moves nothing; it goes on where it was, and loses no frame', async () => {
  const { qmp, eventNamed } = await qmpClient();
  await qmp.execute('stop');
  await eventNamed('STOP');
  assert.deepEqual(await qmp.execute('query-status'), { status: 'paused', running: false });
  exchange(machines, 4);
  await sleep(100);
  assert.equal(machines[1].receive.take().length, 0);
  assert.notEqual(machines[0].client.read(0, 8, 4).length, 0, 'STATUS is answered');
  await qmp.execute('cont');
  await eventNamed('RESUME');
  assert.equal(machines[1].taken(4), 4);
  qmp.close();
});

test('VFs come and go while others talk, who lose nothing', async () => {
  const { qmp, eventNamed } = await qmpClient();
  exchange(machines, 3);
  await qmp.execute('device_add', { driver: 'vf', index: 5, path: path('vf5.sock') });
  await assert.rejects(qmp.execute('device_add', { driver: 'vf', index: 5, path: path('x.sock') }), /already/);
  const guest = new Machine(path('vf5.sock'));
  assert.deepEqual(await eventNamed('VFIO_USER_CLIENT_ATTACHED'), { device: 'vf5' });
  machines[0].sendTo(guest, 1);
  assert.equal(guest.taken(1), 1);
  exchange(machines, 3);
  await qmp.execute('device_del', { id: 'vf5' });
  assert.deepEqual(await eventNamed('VFIO_USER_CLIENT_DETACHED'), { device: 'vf5' });
  assert.deepEqual(await eventNamed('DEVICE_DELETED'), { device: 'vf5', path: '/machine/peripheral/vf5' });
  guest.crash();
  assert.equal(machines[1].taken(6), 6);
  await assert.rejects(qmp.execute('device_del', { id: 'vf5' }), { errorClass: 'DeviceNotFound' });
  await qmp.execute('device_add', { driver: 'vf', index: 5, path: path('vf5.sock') });
  new Machine(path('vf5.sock')).crash();
  await qmp.execute('device_del', { id: 'vf5' });
  qmp.close();
});

test('the wire is changed and the cable pulled; events tell', async () => {
  const { qmp, events, eventNamed } = await qmpClient();
  await qmp.execute('netdev_add', { type: 'hubport', id: 'n1', hubid: 3 });
  await qmp.execute('netdev_del', { id: 'n0' });
  const { netdevs } = (await qmp.execute('query-network')) as { netdevs: { own: boolean; options: { id: string } }[] };
  assert.deepEqual(
    netdevs.map(({ own, options }) => [options.id, own]),
    [['n1', true]],
  );
  await assert.rejects(qmp.execute('netdev_del', { id: 'n0' }), { errorClass: 'DeviceNotFound' });
  await assert.rejects(qmp.execute('netdev_add', { type: 'hubport', hubid: 3 }), /'id' is missing/);
  events.length = 0;
  await qmp.execute('set_link', { name: 'n1', up: false });
  assert.deepEqual(await eventNamed('NIC_LINK_CHANGED'), { name: 'pf', up: false, speed: 0 });
  await assert.rejects(qmp.execute('set_link', { name: 'n0', up: true }), { errorClass: 'DeviceNotFound' });
  await qmp.execute('set_link', { name: 'pf', up: true });
  qmp.close();
});

test("what a VF receives is told in QEMU's schema, and a change of it once until somebody looks", async () => {
  const { qmp, events, eventNamed } = await qmpClient();
  const filters = (await qmp.execute('query-rx-filter')) as Record<string, unknown>[];
  assert.deepEqual(
    filters.map(({ name }) => name),
    ['vf0', 'vf1'],
  );
  const members = 'broadcast-allowed main-mac multicast multicast-overflow multicast-table name promiscuous unicast';
  assert.equal(Object.keys(filters[0]!).sort().join(' '), `${members} unicast-overflow unicast-table vlan vlan-table`);
  await qmp.execute('set-vf', { index: 1, vlan: 77, 'max-tx-rate': 100 });
  assert.deepEqual(await eventNamed('NIC_RX_FILTER_CHANGED'), { name: 'vf1', path: '/machine/peripheral/vf1' });
  await qmp.execute('set-vf', { index: 1, vlan: 78 });
  await sleep(500);
  const told = (): number => events.filter(({ event }) => event === 'NIC_RX_FILTER_CHANGED').length;
  assert.equal(told(), 1);
  const [now] = (await qmp.execute('query-rx-filter', { name: 'vf1' })) as Record<string, unknown>[];
  assert.deepEqual(now!['vlan-table'], [78]);
  await qmp.execute('set-vf', { index: 1, vlan: 0 });
  for (const until = Date.now() + 5000; told() < 2; await sleep(10)) assert.ok(Date.now() < until);
  await assert.rejects(qmp.execute('set-vf', { index: 1, vlan: 4095 }), /vlan/);
  await assert.rejects(qmp.execute('query-rx-filter', { name: 'x' }), { errorClass: 'DeviceNotFound' });
  qmp.close();
});

test('HMP: a prompt, answers, one line for a mistake', async () => {
  const peer = await connectPeer(path('hmp.sock'));
  assert.equal(await peer.run('info status'), 'Device status: running');
  assert.equal(await peer.run(''), '');
  assert.match(await peer.run('inof status'), /^Error: unknown command: 'inof'; did you mean "info"\?$/);
  assert.match(await peer.run('info registers NOTHING'), /^Error: no register/);
  assert.match(await peer.run(`info ${'x'.repeat(10_000)}`), /^Error: the line has more than/);
  assert.match(await peer.run('trace-event [[[ on'), /^Error: /);
  assert.equal(await peer.run("trace-event 'igb_irq_*' on"), '');
  assert.match(await peer.run('info trace-events igb_irq_msix'), /igb_irq_msix : state 1/);
  assert.equal(await peer.run("trace-event 'igb_irq_*' off"), '');
  assert.equal(await peer.run('complete "vf 1 trust o"'), 'off\non');
  await assert.rejects(peer.execute('query-status', {}), { code: 'NO_QMP' });
  peer.close();
});

/** Writes until the other side takes no more for a while, and reads nothing. */
async function flood(name: string, text: string): Promise<{ socket: Socket; sent: number }> {
  const socket = connect(path(name));
  socket.on('error', () => undefined);
  socket.pause();
  const piece = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
  let sent = 0;
  for (let rounds = 0; rounds < 400 && !socket.destroyed; rounds += 1) {
    if (socket.writableLength > 1 << 20) break;
    socket.write(piece);
    sent += piece.length;
    await sleep(1);
  }
  return { socket, sent };
}

test('who floods, never reads, or sends nonsense harms nobody else', async () => {
  const rss = process.memoryUsage().rss;
  const floods = await Promise.all([
    flood('qmp.sock', '{"execute":"qmp_capabilities"}{"execute":"query-commands"}'),
    flood('qmp.sock', '}{nonsense['),
    flood('qmp.sock', `{"a":"${'x'.repeat(60_000)}`),
    flood('hmp.sock', 'info registers -a\n'),
    flood('hmp.sock', 'y'.repeat(60_000)),
  ]);
  exchange(machines, 5);
  assert.equal(machines[1].taken(5), 5);
  const peer: Peer = await connectPeer(path('qmp.sock'));
  const start = Date.now();
  assert.match(await peer.run('info status'), /running/);
  assert.ok(Date.now() - start < 2000);
  const grown = process.memoryUsage().rss - rss;
  assert.ok(grown < 300 << 20, `${grown >> 20} MiB more`);
  for (const { socket } of floods) socket.destroy();
  await sleep(50);
  assert.match(await peer.run('info status'), /running/);
  peer.close();
  assert.deepEqual(
    logged.filter((line) => line.includes('bug')),
    [],
  );
});

test('lint: drivers that do nothing wrong, one that does, and the monitor shows it', async () => {
  const { qmp } = await qmpClient();
  await qmp.execute('set-lint', { on: true });
  const machine = machines[0];
  assert.equal(machine.port.reset(), true);
  exchange(machines, 3);
  type Report = { on: boolean; findings: { rule: string; count: number; function: string; register: string }[] };
  const seen = async (): Promise<Report> => (await qmp.execute('query-lint')) as Report;
  assert.deepEqual(await seen(), { on: true, findings: [], unlisted: 0 });
  for (const value of [1, 2]) machine.client.write(0, 0x3ff0, pack(u32(value)));
  machine.client.read(0, 8, 1);
  const { findings } = await seen();
  assert.deepEqual(
    findings.map(({ rule, count, function: owner }) => [rule, count, owner]),
    [
      ['vf-register-unknown', 2, 'VF0'],
      ['access-partial', 1, 'VF0'],
    ],
  );
  const text = (await qmp.execute('human-monitor-command', { 'command-line': 'info lint' })) as string;
  assert.match(text, /2 +vf-register-unknown +VF0 +uses a register that a VF does not have +§1\.4/);
  await qmp.execute('set-lint', { on: false });
  assert.deepEqual({ ...(await seen()), findings: [] }, { on: false, findings: [], unlisted: 0 });
  qmp.close();
});

test('quit tells SHUTDOWN, and ends the NIC', async () => {
  const { qmp, eventNamed } = await qmpClient();
  await qmp.execute('quit').catch(() => undefined);
  assert.deepEqual(await eventNamed('SHUTDOWN'), { guest: false, reason: 'host-qmp-quit' });
  await nic.ended;
  assert.equal(statSync(path('qmp.sock'), { throwIfNoEntry: false }), undefined);
});

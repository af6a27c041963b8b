/** Captures of a running NIC: its VFs' traffic, to files, fifos and readers that go away. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseFilterDump } from '../../src/nic/filter-dump-options.ts';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { ethernet } from '../../src/devices/igb/switch/testing.ts';
import { formatMac } from '../../src/packet/index.ts';
import { Machine } from './machine.ts';
import { fieldsOf, tool } from './tshark.ts';

const program = fileURLToPath(new URL('../../../bin/outboard', import.meta.url));

interface Scene {
  readonly nic: Nic;
  readonly log: string[];
  readonly machines: readonly [Machine, Machine];
  readonly file: (name: string) => string;
}

async function scene(
  context: TestContext,
  objects: (file: (name: string) => string) => string[] = () => [],
): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-capture-'));
  const file = (name: string): string => join(folder, name);
  const log: string[] = [];
  const nic = await startNic(
    {
      attach: [0, 1].map((index) => ({ kind: 'vf', index, path: file(`vf${index}.sock`) })),
      netdev: [`stream,id=n0,server=on,addr.type=unix,addr.path=${file('wire.sock')}`],
      object: objects(file),
    },
    { log: (line) => void log.push(line) },
  );
  const machines = [new Machine(file('vf0.sock')), new Machine(file('vf1.sock'))] as const;
  context.after(async () => {
    for (const machine of machines) machine.crash();
    await nic.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { nic, log, machines, file };
}

test('captures come and go while frames flow, and lose none of what passes in between', async (context) => {
  const tshark = await tool(context, 'tshark');
  if (tshark === undefined) return;
  const { nic, log, machines, file } = await scene(context);
  const [a, b] = machines;
  a.sendTo(b, 1);
  assert.equal(b.taken(1), 1);
  await nic.captures.add(parseFilterDump(`filter-dump,id=all,points=all,file=${file('all.pcapng')}`));
  await nic.captures.add(parseFilterDump(`filter-dump,id=to,function=vf1,queue=rx,format=pcapng,file=${file('to')}`));
  await nic.captures.add(parseFilterDump(`filter-dump,id=off,function=vf1,status=off,file=${file('off')}`));
  a.sendTo(b, 2);
  b.sendTo(a, 3);
  assert.deepEqual([a.taken(1), b.taken(1)], [1, 1]);
  await nic.captures.setStatus('to', false);
  a.sendTo(b, 4);
  assert.equal(b.taken(1), 1);
  await nic.captures.setStatus('to', true);
  a.transmit.send(ethernet('02:99:00:00:00:01', { from: '02:66:00:00:00:66' }));
  a.sendTo(b, 5);
  assert.equal(b.taken(1), 1);
  const states = nic.captures.list();
  await nic.captures.remove('all');
  await nic.captures.remove('to');
  a.sendTo(b, 6);
  assert.equal(b.taken(1), 1);

  const fields = ['frame.interface_name', 'frame.packet_flags_direction', 'eth.src', 'eth.dst'];
  const [macA, macB] = machines.map(({ port }) => formatMac(port.mac));
  assert.deepEqual(fieldsOf(tshark, file('to'), fields), [
    ['vf1', '0x00000001', macA, macB],
    ['vf1', '0x00000001', macA, macB],
  ]);
  const rows = fieldsOf(tshark, file('all.pcapng'), ['frame.interface_name', 'frame.packet_id', 'frame.comment']);
  const names = rows.map(([name]) => name);
  assert.equal(names.filter((name) => name === 'vf1').length, 4);
  const spoofed = rows.filter(([, , comment]) => comment!.startsWith('dropped: igb_switch_drop_spoof'));
  assert.deepEqual(
    spoofed.map(([name]) => name),
    ['vf0', 'pool0', 'tx0', 'drops'],
  );
  assert.equal(new Set(rows.map(([, packet]) => packet)).size, 5);
  assert.deepEqual(
    states.map(({ id, status }) => [id, status]),
    [
      ['all', 'on'],
      ['to', 'on'],
      ['off', 'off'],
    ],
  );
  assert.deepEqual(states[1]!.points, [{ name: 'vf1', seen: 2, lost: 0 }]);
  assert.equal(
    log.some((line) => line.includes('missing')),
    false,
  );
  await assert.rejects(nic.captures.remove('all'), { code: 'NOT_FOUND', message: 'there is no object "all"' });
});

test('a full disk ends the capture with one line, and nothing else', async (context) => {
  const { nic, log, machines } = await scene(context, () => ['filter-dump,id=f0,function=vf0,file=/dev/full']);
  const [a, b] = machines;
  for (let n = 0; n < 3; n += 1) {
    a.sendTo(b, n);
    assert.equal(b.taken(1), 1);
    await pause(50);
  }
  assert.deepEqual(
    log.filter((line) => line.includes('filter-dump')),
    ['filter-dump f0: the disk is full, so the capture ends here'],
  );
  const [state] = nic.captures.list();
  assert.deepEqual([state!.status, state!.failure], ['off', 'the disk is full']);
});

test('a fifo waits for its reader, is read as frames come, and its reader may go', async (context) => {
  const { nic, log, machines, file } = await scene(context);
  const [a, b] = machines;
  const fifo = file('fifo');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  await nic.captures.add(parseFilterDump(`filter-dump,id=f0,function=vf1,format=pcapng,file=${fifo}`));
  a.sendTo(b, 1);
  assert.equal(b.taken(1), 1);
  const reader = spawn('cat', [fifo]);
  let bytes = 0;
  reader.stdout.on('data', (part: Buffer) => (bytes += part.length));
  const until = async (enough: () => boolean): Promise<void> => {
    for (let n = 0; n < 200 && !enough(); n += 1) await pause(10);
    assert.ok(enough());
  };
  await until(() => bytes > 300);
  const before = bytes;
  a.sendTo(b, 2);
  await until(() => bytes > before);
  reader.kill('SIGKILL');
  await once(reader, 'close');
  a.sendTo(b, 3);
  assert.equal(b.taken(2), 2);
  await until(() => log.includes('filter-dump f0: its reader is gone, so the capture ends here'));
  a.sendTo(b, 4);
  assert.equal(b.taken(1), 1, 'the NIC goes on');
});

test('a reader that never reads holds up nothing; what it misses is counted', async (context) => {
  const { nic, machines, file } = await scene(context);
  const [a, b] = machines;
  const fifo = file('fifo');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  const reader = spawn('sh', ['-c', `exec 3<"${fifo}"; exec sleep 60`]);
  context.after(() => reader.kill('SIGKILL'));
  await nic.captures.add(parseFilterDump(`filter-dump,id=f0,points=all,file=${fifo}`));
  for (let n = 0; n < 500; n += 1) {
    a.sendTo(b, n);
    assert.equal(b.taken(1), 1);
    if (n % 100 === 0) await pause(30);
  }
  const begin = performance.now();
  await nic.captures.remove('f0');
  assert.ok(performance.now() - begin < 1000);
});

test('what cannot be captured, or written, is said in one line', async (context) => {
  const { nic, file } = await scene(context);
  const add = (text: string): Promise<void> => nic.captures.add(parseFilterDump(text));
  await assert.rejects(add('filter-dump,id=x,netdev=n1,file=x'), {
    code: 'CONFIG',
    message: 'filter-dump netdev=n1: a capture is of the NIC\'s own netdev, "n0"',
  });
  await assert.rejects(add('filter-dump,id=x,netdev=n0,file=/nowhere/x'), { code: 'OUTPUT', message: /ENOENT/ });
  await add(`filter-dump,id=x,netdev=n0,file=${file('x')}`);
  await assert.rejects(add(`filter-dump,id=x,netdev=n0,file=${file('y')}`), {
    code: 'CONFIG',
    message: 'there is an object "x" already',
  });
  assert.equal(existsSync(file('y')), false);
});

test('standard output: nothing but the capture is there, for tshark to read live', async (context) => {
  const tshark = await tool(context, 'tshark');
  if (tshark === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'outboard-capture-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const command = ['nic', '--attach', 'vf,index=0,path=vf0.sock', '--attach', 'vf,index=1,path=vf1.sock'];
  const object = 'filter-dump,id=f0,points=all,file=-';
  const quoted = [tshark.command, ...tshark.args].map((word) => `'${word}'`).join(' ');
  const line = `"${program}" ${command.join(' ')} --object ${object} 2>nic.log | ${quoted} -n -l -i - -T fields -e frame.interface_name`;
  const shell = spawn('sh', ['-c', line], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  context.after(() => void process.kill(-shell.pid!, 'SIGKILL'));
  let text = '';
  shell.stdout.on('data', (part: Buffer) => (text += part.toString()));
  const until = async (enough: () => boolean): Promise<void> => {
    for (let n = 0; n < 3000 && !enough(); n += 1) await pause(10);
    assert.ok(enough(), text);
  };
  const log = join(folder, 'nic.log');
  await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('Ctrl-C'));
  const [a, b] = [0, 1].map((index) => new Machine(join(folder, `vf${index}.sock`))) as [Machine, Machine];
  context.after(() => [a, b].forEach((machine) => machine.crash()));
  a.sendTo(b, 1);
  assert.equal(b.taken(1), 1);
  await until(() => text.includes('rx1'));
  assert.deepEqual(text.trim().split('\n').slice(-6), ['vf0', 'pool0', 'tx0', 'vf1', 'pool1', 'rx1']);
});

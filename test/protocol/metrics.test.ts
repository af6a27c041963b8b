/** Metrics of a running NIC, as a scraper finds them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ethernet } from '../../src/devices/igb/switch/testing.ts';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { Machine } from './machine.ts';
import { tool } from './tshark.ts';

interface Scene {
  readonly nic: Nic;
  readonly url: string;
  readonly machines: readonly [Machine, Machine];
}

async function scene(context: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-metrics-'));
  const lines: string[] = [];
  const nic = await startNic(
    {
      attach: [0, 1].map((index) => ({ kind: 'vf', index, path: join(folder, `vf${index}.sock`) })),
      netdev: [`stream,id=n0,server=on,addr.type=unix,addr.path=${join(folder, 'wire.sock')}`],
      object: [`filter-dump,id=f0,points=all,file=${join(folder, 'x.pcapng')}`],
      metrics: '127.0.0.1:0',
    },
    { log: (line) => void lines.push(line) },
  );
  const machines = [new Machine(join(folder, 'vf0.sock')), new Machine(join(folder, 'vf1.sock'))] as const;
  context.after(async () => {
    for (const machine of machines) machine.crash();
    await nic.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = lines.map((line) => /^metrics: (.*)$/.exec(line)?.[1]).find((found) => found !== undefined);
  return { nic, url: url!, machines };
}

/** Values by name and labels as they stand in the text. */
function valuesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

test('traffic, losses, interrupts, rings, sessions and captures have their numbers', async (context) => {
  const { url, machines } = await scene(context);
  const [a, b] = machines;
  for (let n = 0; n < 5; n += 1) a.sendTo(b, n);
  assert.equal(b.taken(5), 5);
  a.transmit.send(ethernet('02:99:00:00:00:01', { from: '02:66:00:00:00:66' }));
  a.sendTo(b, 6);
  assert.equal(b.taken(1), 1);
  const response = await fetch(url);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const values = valuesOf(await response.text());
  const expected: readonly (readonly [string, number])[] = [
    ['outboard_function_transmit_packets_total{port="0",function="vf0",to="pool"}', 6],
    ['outboard_function_receive_packets_total{port="0",function="vf1",from="pool"}', 6],
    ['outboard_function_receive_packets_total{port="0",function="pf",from="pool"}', 0],
    ['outboard_pool_receive_bytes_total{port="0",pool="1",from="pool"}', 6 * 154],
    ['outboard_queue_transmit_packets_total{port="0",queue="0",to="pool"}', 6],
    ['outboard_queue_transmit_packets_total{port="0",queue="0",to="wire"}', 0],
    ['outboard_dropped_packets_total{port="0",reason="igb_switch_drop_spoof"}', 1],
    ['outboard_dropped_packets_total{port="0",reason="igb_rx_drop_vlan"}', 0],
    ['outboard_function_dropped_packets_total{port="0",function="vf0",reason="igb_switch_drop_spoof"}', 1],
    ['outboard_pool_dropped_packets_total{port="0",pool="0",reason="igb_switch_drop_spoof"}', 1],
    ['outboard_queue_dropped_packets_total{port="0",queue="0",reason="igb_switch_drop_spoof"}', 1],
    ['outboard_ring_size_descriptors{port="0",queue="1",direction="receive"}', 32],
    ['outboard_ring_device_descriptors{port="0",queue="1",direction="transmit"}', 0],
    ['outboard_vfio_user_attached{function="vf1",kind="vf"}', 1],
    ['outboard_vfio_user_sessions_total{function="vf1",kind="vf"}', 1],
    ['outboard_vf_refused_accesses_total{port="0",function="vf0"}', 0],
    ['outboard_capture_packets_total{capture="f0",point="vf1"}', 6],
    ['outboard_capture_lost_packets_total{capture="f0",point="vf1"}', 0],
    ['outboard_trace_lost_records_total', 0],
    ['outboard_netdev_transmit_packets_total{netdev="n0"}', 0],
  ];
  for (const [name, value] of expected) assert.equal(values.get(name), value, name);
  const turns = values.get('outboard_turn_duration_seconds_count')!;
  assert.ok(turns > 20);
  assert.equal(values.get('outboard_turn_duration_seconds_bucket{le="+Inf"}'), turns);
  assert.ok(values.get('outboard_turn_duration_seconds_bucket{le="0.001048576"}')! <= turns);
  assert.ok(values.get('process_resident_memory_bytes')! > 10e6);
  assert.ok(values.get('process_cpu_seconds_total')! > 0);

  const again = valuesOf(await (await fetch(url)).text());
  assert.deepEqual([...again.keys()], [...values.keys()], 'the order stays');
});

test('a parser that is not ours accepts the text', async (context) => {
  const promtool = await tool(context, 'promtool');
  if (promtool === undefined) return;
  const { url, machines } = await scene(context);
  machines[0].sendTo(machines[1], 1);
  assert.equal(machines[1].taken(1), 1);
  const input = await (await fetch(url)).text();
  const { command, args } = promtool;
  const result = spawnSync(command, [...args, 'check', 'metrics'], { input, encoding: 'utf8' });
  assert.deepEqual([result.stdout, result.stderr, result.status], ['', '', 0]);
  const wrong = spawnSync(command, [...args, 'check', 'metrics'], { input: `${input}no_such_thing{ 1\n` });
  assert.notEqual(wrong.status, 0, 'it does judge');
});

test('only GET /metrics is answered', async (context) => {
  const { url } = await scene(context);
  assert.equal((await fetch(new URL('/', url))).status, 404);
  assert.equal((await fetch(new URL('/metrics/x', url))).status, 404);
  const post = await fetch(url, { method: 'POST', body: 'x' });
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
});

test('clients that ask and never read, or never ask, harm nothing', async (context) => {
  const { url, machines } = await scene(context);
  const [a, b] = machines;
  const { port } = new URL(url);
  const silent = Array.from({ length: 8 }, () => connect(Number(port), '127.0.0.1'));
  context.after(() => silent.forEach((socket) => socket.destroy()));
  for (const [index, socket] of silent.entries()) {
    socket.pause();
    socket.on('error', () => undefined);
    if (index % 2 === 0) socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
  }
  for (let n = 0; n < 20; n += 1) {
    a.sendTo(b, n);
    assert.equal(b.taken(1), 1);
  }
  assert.equal((await fetch(url)).status, 200);
});

test('a port that is taken is said in one line', async (context) => {
  const { url } = await scene(context);
  const { host } = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), 'outboard-metrics-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const attach = [{ kind: 'vf' as const, index: 0, path: join(folder, 'vf0.sock') }];
  await assert.rejects(startNic({ attach, metrics: host }, { log: () => undefined }), {
    code: 'METRICS',
    message: `cannot serve metrics on ${host}: listen EADDRINUSE: address already in use ${host}`,
  });
});

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { close, datagramPair, DatagramSocket, EventLoop, SystemError } from '../linux/index.ts';
import { DgramWire } from './dgram-wire.ts';
import { openWire } from './open.ts';
import { parseNetdev } from './parse.ts';
import { makeFrame, pump, RecordingPort } from './recording-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'outboard-dgram-'));
after(() => rmSync(folder, { recursive: true }));
const openFds = (): number => readdirSync('/proc/self/fd').length;

function open(loop: EventLoop, text: string): { wire: DgramWire; port: RecordingPort } {
  const wire = openWire(parseNetdev(text), { loop }) as DgramWire;
  const port = new RecordingPort();
  wire.plug(port);
  return { wire, port };
}

test('frames of a turn are one run, which ends however the turn does', async () => {
  const loop = new EventLoop();
  const [ours, theirs] = datagramPair();
  const lines: string[] = [];
  const wire = openWire({ type: 'socket-fd', id: '', fd: ours }, { loop, log: (line) => lines.push(line) });
  const steps: string[] = [];
  wire.plug({
    canReceive: () => true,
    receive(bytes, offset) {
      steps.push(`frame ${bytes[offset]}`);
      if (bytes[offset] === 9) throw new Error('a mistake');
    },
    beginRun: (frames) => void steps.push(`about ${frames}`),
    endRun: () => void steps.push('end'),
    carrierChanged: () => void steps.push('carrier'),
  });
  const peer = new DatagramSocket(theirs);
  const send = (...firsts: readonly number[]): void => {
    for (const first of firsts) peer.write(new Uint8Array(60).fill(first), 0, 60);
  };
  send(1, 2, 3);
  await pump(loop, () => steps.includes('end'));
  assert.deepEqual(steps.splice(0), ['about 1', 'frame 1', 'frame 2', 'frame 3', 'end']);
  send(4, 9);
  await pump(loop, () => !wire.carrier);
  assert.deepEqual(steps, ['about 3', 'frame 4', 'frame 9', 'end', 'carrier']);
  assert.match(lines.join(), /wire lost.*a mistake/);
  close(theirs);
  loop.close();
});

test('UDP: one datagram is one frame with nothing around it', async () => {
  const loop = new EventLoop();
  const peer = createSocket('udp4');
  const received: Buffer[] = [];
  peer.on('message', (message) => received.push(message));
  await new Promise<void>((resolve) => peer.bind(0, '127.0.0.1', resolve));
  const { wire, port } = open(
    loop,
    `dgram,id=n0,local.type=inet,local.host=127.0.0.1,local.port=0,remote.type=inet,remote.host=127.0.0.1,remote.port=${peer.address().port}`,
  );
  assert.equal(wire.carrier, true);
  const bytes = makeFrame(3000, 1);
  wire.send(bytes, 10, 1514);
  await pump(loop, () => received.length === 1);
  assert.deepEqual(new Uint8Array(received[0]!), bytes.slice(10, 1524));
  peer.send(makeFrame(9000, 2), wire.localPort, '127.0.0.1');
  peer.send(Buffer.alloc(0), wire.localPort, '127.0.0.1');
  peer.send(makeFrame(60, 3), wire.localPort, '127.0.0.1');
  await pump(loop, () => port.frames.length === 2);
  assert.deepEqual(port.frames, [makeFrame(9000, 2), makeFrame(60, 3)]);
  assert.equal(wire.counters.malformed, 1, 'the empty one');
  const { port: gone } = peer.address();
  peer.close();
  assert.ok(gone > 0);
  for (let i = 0; i < 3; i++) {
    wire.send(bytes, 0, 60);
    loop.runOnce(1);
  }
  assert.equal(wire.carrier, true, 'a peer that is away is not an error');
  wire.close();
  loop.close();
});

test('socket,udp= with localaddr= is the same', async () => {
  const loop = new EventLoop();
  const a = open(loop, 'socket,id=a,udp=127.0.0.1:9,localaddr=127.0.0.1:0');
  const b = open(loop, `socket,id=b,udp=127.0.0.1:${a.wire.localPort},localaddr=127.0.0.1:0`);
  b.wire.send(makeFrame(64, 1), 0, 64);
  await pump(loop, () => a.port.frames.length === 1);
  a.wire.close();
  b.wire.close();
  loop.close();
});

test('unix datagrams go both ways; a frame to nobody is dropped and counted', async () => {
  const before = openFds();
  const loop = new EventLoop();
  const [left, right] = [join(folder, 'left'), join(folder, 'right')];
  const a = open(loop, `dgram,id=a,local.type=unix,local.path=${left},remote.type=unix,remote.path=${right}`);
  a.wire.send(makeFrame(64, 1), 0, 64);
  assert.equal(a.wire.counters.dropped, 1);
  const b = open(loop, `dgram,id=b,local.type=unix,local.path=${right},remote.type=unix,remote.path=${left}`);
  a.wire.send(makeFrame(65_000, 2), 0, 65_000);
  b.wire.send(makeFrame(66, 3), 0, 66);
  await pump(loop, () => a.port.frames.length === 1 && b.port.frames.length === 1);
  assert.deepEqual(b.port.frames, [makeFrame(65_000, 2)]);
  a.wire.close();
  b.wire.close();
  loop.close();
  assert.equal(existsSync(left), false);
  assert.equal(openFds(), before);
});

test('the older spelling socket,mcast= and dgram meet in one group, and nobody hears itself', async (t) => {
  const loop = new EventLoop();
  const group = '239.192.76.82';
  const udpPort = 20000 + (process.pid % 20000);
  let a: ReturnType<typeof open>;
  try {
    a = open(loop, `socket,id=a,mcast=${group}:${udpPort},localaddr=127.0.0.1`);
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== 'ENODEV') throw error;
    t.skip('this host has no interface for multicast');
    return;
  }
  const b = open(
    loop,
    `dgram,id=b,local.type=inet,local.host=127.0.0.1,remote.type=inet,remote.host=${group},remote.port=${udpPort}`,
  );
  a.wire.send(makeFrame(64, 1), 0, 64);
  b.wire.send(makeFrame(65, 2), 0, 65);
  await pump(loop, () => a.port.frames.length === 1 && b.port.frames.length === 1);
  loop.runOnce(2);
  assert.deepEqual(a.port.frames, [makeFrame(65, 2)]);
  assert.deepEqual(b.port.frames, [makeFrame(64, 1)]);
  a.wire.close();
  b.wire.close();
  loop.close();
});

test('socket,fd= with a datagram socket; reading stops while the port cannot receive', async () => {
  const loop = new EventLoop();
  const [ours, theirs] = datagramPair();
  const { wire, port } = open(loop, `socket,id=n0,fd=${ours}`);
  const peer = new DatagramSocket(theirs);
  port.room = 2;
  for (let seed = 0; seed < 5; seed++) assert.equal(peer.write(makeFrame(64, seed), 0, 64), 0);
  await pump(loop, () => port.frames.length === 2);
  while (loop.runOnce(0));
  assert.equal(loop.runOnce(2), false, 'no turn is spent on what cannot be taken');
  port.room = Infinity;
  wire.resume();
  await pump(loop, () => port.frames.length === 5);
  assert.deepEqual(
    port.frames,
    [0, 1, 2, 3, 4].map((seed) => makeFrame(64, seed)),
  );
  for (let seed = 0; seed < 150; seed++) peer.write(makeFrame(64, seed), 0, 64);
  const before = port.frames.length;
  loop.runOnce(0);
  assert.ok(port.frames.length - before <= 64, 'one wire leaves others their turn');
  wire.close();
  close(theirs);
  loop.close();
});

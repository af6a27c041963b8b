/** Our stream and dgram wires against QEMU's own: a QEMU without a guest repeats frames between its two netdevs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache } from '../../src/lab/cache.ts';
import { findQemu, type Qemu } from '../../src/lab/qemu.ts';
import { EventLoop } from '../../src/linux/index.ts';
import { openWire, parseNetdev, type OpenWire } from '../../src/wires/index.ts';
import { makeFrame, RecordingPort } from '../../src/wires/recording-port.ts';

const WAIT_MS = 10_000;
let qemu: Qemu;
let folder: string;
let loop: EventLoop;

before(async () => {
  const cache = new Cache();
  const report = (): void => undefined;
  qemu = await findQemu(undefined, cache, new PrivateApt(cache, report), report);
  folder = mkdtempSync(join(tmpdir(), 'outboard-wires-'));
  loop = new EventLoop();
});

after(() => {
  loop.close();
  rmSync(folder, { recursive: true, force: true });
});

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!condition()) {
    assert.ok(Date.now() < end, `waited ${WAIT_MS} ms for ${what}`);
    loop.runOnce(5);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A repeater between QEMU's netdevs `a` and `b`; ends with the returned function. */
function repeater(a: string, b: string): () => Promise<void> {
  const hub = ['hubport,id=ha,hubid=0,netdev=a', 'hubport,id=hb,hubid=0,netdev=b'];
  const netdevs = [a, b, ...hub].flatMap((text) => ['-netdev', text]);
  const args = ['-machine', 'none', '-nodefaults', '-display', 'none', ...netdevs];
  const child = spawn(qemu.command, [...qemu.args, ...args], {
    cwd: folder,
    env: { ...process.env, ...qemu.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}

const wire = (text: string): OpenWire => openWire(parseNetdev(text), { loop });

/**
 * Sends frames of all sizes from one wire to the other through QEMU and expects each, whole. Others may come in between: QEMU hears
 * what it sends to a multicast group itself, and repeats it.
 */
async function exchange(from: OpenWire, to: RecordingPort, label: string): Promise<void> {
  for (const [seed, length] of [60, 61, 1514, 9014, 60].entries()) {
    const sent = makeFrame(length, seed);
    to.frames.length = 0;
    from.send(sent, 0, sent.length, undefined);
    const arrived = (): boolean => to.frames.some((frame) => Buffer.from(frame).equals(sent));
    await until(arrived, `a frame of ${length} bytes, ${label}`);
  }
}

test('stream over a unix socket, our side the server, and dgram over UDP', async () => {
  const stream = wire('stream,id=s,server=on,addr.type=unix,addr.path=' + join(folder, 'a.sock'));
  const dgram = wire(
    'dgram,id=d,local.type=inet,local.host=127.0.0.1,local.port=40711,remote.type=inet,remote.host=127.0.0.1,remote.port=40712',
  );
  const fromStream = new RecordingPort();
  const fromDgram = new RecordingPort();
  stream.plug(fromStream);
  dgram.plug(fromDgram);
  const stop = repeater(
    'stream,id=a,server=off,addr.type=unix,addr.path=a.sock',
    'dgram,id=b,local.type=inet,local.host=127.0.0.1,local.port=40712,remote.type=inet,remote.host=127.0.0.1,remote.port=40711',
  );
  try {
    await until(() => stream.carrier, 'QEMU to connect');
    await exchange(stream, fromDgram, 'stream to dgram');
    await exchange(dgram, fromStream, 'dgram to stream');
  } finally {
    await stop();
    stream.close();
    dgram.close();
  }
});

test('stream over TCP, our side a client that reconnects, and dgram over unix sockets', async () => {
  const stream = wire('stream,id=s,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=40713,reconnect-ms=100');
  const dgram = wire(
    `dgram,id=d,local.type=unix,local.path=${join(folder, 'ours')},remote.type=unix,remote.path=${join(folder, 'theirs')}`,
  );
  const fromStream = new RecordingPort();
  const fromDgram = new RecordingPort();
  stream.plug(fromStream);
  dgram.plug(fromDgram);
  const start = (): (() => Promise<void>) =>
    repeater(
      'stream,id=a,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=40713',
      'dgram,id=b,local.type=unix,local.path=theirs,remote.type=unix,remote.path=ours',
    );
  let stop = start();
  try {
    await until(() => stream.carrier, 'the connection to QEMU');
    await exchange(stream, fromDgram, 'stream to dgram');
    await exchange(dgram, fromStream, 'dgram to stream');
    await stop();
    await until(() => !stream.carrier, 'the loss of QEMU to be seen');
    rmSync(join(folder, 'theirs'), { force: true });
    stop = start();
    await until(() => stream.carrier, 'the connection to the second QEMU');
    await exchange(stream, fromDgram, 'stream to dgram, again');
  } finally {
    await stop();
    stream.close();
    dgram.close();
  }
});

test('the older socket netdev: listen and connect, multicast', async () => {
  const stream = wire('socket,id=s,listen=127.0.0.1:40714');
  const group = wire('socket,id=m,mcast=230.7.11.1:40715,localaddr=127.0.0.1');
  const fromStream = new RecordingPort();
  const fromGroup = new RecordingPort();
  stream.plug(fromStream);
  group.plug(fromGroup);
  const stop = repeater(
    'socket,id=a,connect=127.0.0.1:40714',
    'socket,id=b,mcast=230.7.11.1:40715,localaddr=127.0.0.1',
  );
  try {
    await until(() => stream.carrier, 'QEMU to connect');
    await exchange(stream, fromGroup, 'stream to multicast');
    await exchange(group, fromStream, 'multicast to stream');
  } finally {
    await stop();
    stream.close();
    group.close();
  }
});

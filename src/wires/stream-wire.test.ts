import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { close, EventLoop, streamPair, SystemError, write } from '../linux/index.ts';
import { openWire } from './open.ts';
import { parseNetdev } from './parse.ts';
import { descriptorsBackTo, framed, makeFrame, openDescriptors, pump, RecordingPort } from './recording-port.ts';
import { StreamWire } from './stream-wire.ts';
import { LONGEST_FRAME, RECEIVE_BUFFER_LENGTH } from './wire.ts';

const folder = mkdtempSync(join(tmpdir(), 'outboard-stream-'));
after(() => rmSync(folder, { recursive: true }));
let paths = 0;
const newPath = (): string => join(folder, `s${++paths}`);
const listening = (server: Server): Promise<void> => new Promise((resolve) => server.once('listening', resolve));

/** Collects what arrives at a plain socket. */
function collect(socket: Socket): { bytes: Buffer; ended: boolean } {
  const state = { bytes: Buffer.alloc(0), ended: false };
  socket.on('data', (data) => (state.bytes = Buffer.concat([state.bytes, data])));
  socket.on('close', () => (state.ended = true));
  socket.on('error', () => undefined);
  return state;
}

async function withServer(
  body: (parts: { loop: EventLoop; wire: StreamWire; port: RecordingPort; path: string }) => Promise<void>,
  room?: number,
): Promise<void> {
  const before = openDescriptors();
  const loop = new EventLoop();
  const path = newPath();
  const wire = new StreamWire({ loop }, { address: { type: 'unix', path }, server: true, reconnectMs: 0 });
  const port = new RecordingPort(room);
  wire.plug(port);
  try {
    await body({ loop, wire, port, path });
  } finally {
    wire.close();
    wire.close();
    loop.close();
  }
  assert.equal(existsSync(path), false, 'the socket file is gone');
  await descriptorsBackTo(before);
}

test('frames in one piece, in pieces and byte by byte are the same frames', async () => {
  await withServer(async ({ loop, wire, port, path }) => {
    assert.equal(wire.carrier, false);
    const client = connect(path);
    await pump(loop, () => wire.carrier);
    assert.equal(port.carrierChanges, 1);
    const frames = [makeFrame(60, 1), makeFrame(1514, 2), makeFrame(LONGEST_FRAME, 3), makeFrame(1, 4)];
    client.write(Buffer.concat(frames.map((frame) => framed(frame))));
    await pump(loop, () => port.frames.length === 4);
    for (const byte of framed(makeFrame(20, 5))) {
      client.write(Buffer.of(byte));
      await pump(loop, () => client.writableLength === 0);
    }
    await pump(loop, () => port.frames.length === 5);
    assert.deepEqual(port.frames, [...frames, makeFrame(20, 5)]);
    assert.equal(wire.counters.packetsReceived, 5);
    assert.equal(wire.counters.bytesReceived, 60 + 1514 + LONGEST_FRAME + 1 + 20);
    client.destroy();
    await pump(loop, () => !wire.carrier);
    assert.equal(port.carrierChanges, 2);
  });
});

test('a sent frame stands behind its length in network order', async () => {
  await withServer(async ({ loop, wire, path }) => {
    wire.send(makeFrame(60, 1), 0, 60);
    assert.equal(wire.counters.dropped, 1, 'nobody is there');
    const client = connect(path);
    const received = collect(client);
    await pump(loop, () => wire.carrier);
    const bytes = makeFrame(2000, 9);
    wire.send(bytes, 100, 300);
    await pump(loop, () => received.bytes.length === 304);
    assert.equal(received.bytes.readUInt32BE(), 300);
    assert.deepEqual(new Uint8Array(received.bytes.subarray(4)), bytes.slice(100, 400));
    client.destroy();
    await pump(loop, () => !wire.carrier);
  });
});

for (const length of [0, LONGEST_FRAME + 1, 0xffffffff]) {
  test(`a frame of ${length} bytes closes the connection, and the next peer is served`, async () => {
    await withServer(async ({ loop, wire, port, path }) => {
      const bad = connect(path);
      const end = collect(bad);
      await pump(loop, () => wire.carrier);
      bad.write(Buffer.concat([framed(makeFrame(64, 1)), framed(makeFrame(64, 2), length)]));
      await pump(loop, () => end.ended);
      assert.deepEqual(port.frames, [makeFrame(64, 1)], 'what came before it arrived');
      assert.equal(wire.counters.malformed, 1);
      const good = connect(path);
      await pump(loop, () => wire.carrier);
      good.write(framed(makeFrame(64, 3)));
      await pump(loop, () => port.frames.length === 2);
      good.destroy();
      await pump(loop, () => !wire.carrier);
    });
  });
}

test('a port that cannot receive gets the rest, in order, after resume', async () => {
  await withServer(async ({ loop, wire, port, path }) => {
    const client = connect(path);
    await pump(loop, () => wire.carrier);
    const frames = Array.from({ length: 500 }, (_, seed) => makeFrame(1000, seed));
    client.write(Buffer.concat(frames.map((frame) => framed(frame))));
    await pump(loop, () => port.frames.length === 3);
    for (let i = 0; i < 50; i++) loop.runOnce(0);
    assert.equal(port.frames.length, 3);
    assert.equal(loop.runOnce(2), false, 'and nothing is to be done meanwhile');
    port.room = 100;
    wire.resume();
    assert.equal(port.frames.length, 3, 'resume itself delivers nothing');
    await pump(loop, () => port.frames.length === 103);
    port.room = Infinity;
    wire.resume();
    await pump(loop, () => port.frames.length === 500);
    assert.deepEqual(port.frames, frames);
    client.destroy();
    await pump(loop, () => !wire.carrier);
  }, 3);
});

test('a peer that reads slowly gets whole frames in order; what does not fit into 1 MiB is dropped and counted', async () => {
  await withServer(async ({ loop, wire, path }) => {
    const client = connect(path);
    client.pause();
    await pump(loop, () => wire.carrier);
    for (let seed = 0; seed < 100; seed++) wire.send(makeFrame(60_000, seed), 0, 60_000);
    assert.ok(wire.counters.dropped > 50, `${wire.counters.dropped} dropped`);
    assert.equal(wire.counters.dropped + wire.counters.packetsSent, 100);
    const received = collect(client);
    client.resume();
    await pump(loop, () => received.bytes.length === wire.counters.packetsSent * 60_004);
    for (let seed = 0; seed < wire.counters.packetsSent; seed++) {
      assert.ok(
        received.bytes
          .subarray(seed * 60_004)
          .subarray(0, 60_004)
          .equals(framed(makeFrame(60_000, seed))),
      );
    }
    wire.send(makeFrame(64, 1), 0, 64);
    await pump(loop, () => received.bytes.length % 60_004 === 68);
    client.destroy();
    await pump(loop, () => !wire.carrier);
  });
});

test('a server takes one peer at a time', async () => {
  await withServer(async ({ loop, wire, port, path }) => {
    const first = connect(path);
    await pump(loop, () => wire.carrier);
    const second = connect(path);
    second.write(framed(makeFrame(64, 2)));
    for (let i = 0; i < 20; i++) await pump(loop, () => true);
    assert.equal(port.frames.length, 0);
    first.destroy();
    await pump(loop, () => port.frames.length === 1);
    second.destroy();
    await pump(loop, () => !wire.carrier);
  });
});

test('a peer that vanishes while we send is noticed later in the turn, not inside send', () => {
  const loop = new EventLoop();
  const [ours, theirs] = streamPair();
  const wire = new StreamWire({ loop }, { address: { type: 'fd', fd: ours }, server: false, reconnectMs: 0 });
  const port = new RecordingPort(0);
  wire.plug(port);
  close(theirs);
  wire.send(makeFrame(64, 1), 0, 64);
  assert.equal(wire.carrier, true);
  assert.equal(wire.counters.dropped, 1);
  loop.runOnce(0);
  assert.equal(wire.carrier, false);
  assert.equal(port.carrierChanges, 1);
  wire.close();
  loop.close();
});

test('a client reconnects over TCP, and says each trouble once', async () => {
  const loop = new EventLoop();
  const lines: string[] = [];
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await listening(server);
  const { port: number } = server.address() as { port: number };
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  const options = parseNetdev(
    `stream,id=n0,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=${number},reconnect-ms=5`,
  );
  const wire = openWire(options, { loop, log: (line) => lines.push(line) });
  const port = new RecordingPort();
  wire.plug(port);
  await pump(loop, () => wire.carrier && sockets.length === 1);
  const received = collect(sockets[0]!);
  wire.send(makeFrame(64, 1), 0, 64, undefined);
  await pump(loop, () => received.bytes.length === 68);
  sockets[0]!.destroy();
  server.close();
  await pump(loop, () => !wire.carrier);
  const begin = performance.now();
  await pump(loop, () => performance.now() > begin + 40);
  assert.equal(wire.carrier, false);
  assert.equal(lines.filter((line) => line.includes('ECONNREFUSED')).length, 1, lines.join('\n'));
  server.listen(number, '127.0.0.1');
  await pump(loop, () => wire.carrier && sockets.length === 2);
  assert.equal(lines.at(-1), 'connected');
  sockets[1]!.write(framed(makeFrame(70, 5)));
  await pump(loop, () => port.frames.length === 1);
  wire.close();
  sockets[1]!.destroy();
  server.close();
  loop.close();
});

test('a client without reconnect fails at once where nobody listens', () => {
  const loop = new EventLoop();
  const text = `stream,id=n0,addr.type=unix,addr.path=${folder}/nobody`;
  assert.throws(
    () => openWire(parseNetdev(text), { loop }),
    (error: unknown) => error instanceof SystemError && error.code === 'ENOENT',
  );
  const patient = openWire(parseNetdev(`${text},reconnect-ms=1000`), { loop });
  assert.equal(patient.carrier, false);
  patient.close();
  loop.close();
});

test('socket,listen= and socket,connect= speak the same framing', async () => {
  const loop = new EventLoop();
  const server = openWire(parseNetdev('socket,id=a,listen=127.0.0.1:0'), { loop }) as StreamWire;
  const client = openWire(parseNetdev(`socket,id=b,connect=127.0.0.1:${server.localPort}`), { loop });
  const ports = [new RecordingPort(), new RecordingPort()] as const;
  server.plug(ports[0]);
  client.plug(ports[1]);
  await pump(loop, () => server.carrier && client.carrier);
  client.send(makeFrame(64, 1), 0, 64, undefined);
  server.send(makeFrame(65, 2), 0, 65);
  await pump(loop, () => ports[0].frames.length === 1 && ports[1].frames.length === 1);
  assert.deepEqual(ports[0].frames, [makeFrame(64, 1)]);
  assert.deepEqual(ports[1].frames, [makeFrame(65, 2)]);
  client.close();
  server.close();
  loop.close();
});

test("two wires that are offered one buffer do not spoil each other's unfinished frames", async () => {
  const loop = new EventLoop();
  const buffer = { bytes: new Uint8Array(1 << 18), offset: 64, length: RECEIVE_BUFFER_LENGTH };
  const pairs = [1, 2].map((seed) => {
    const [ours, theirs] = streamPair();
    const wire = openWire({ type: 'socket-fd', id: '', fd: ours }, { loop, buffer });
    const port = new RecordingPort();
    wire.plug(port);
    return { wire, port, theirs, bytes: framed(makeFrame(1000, seed)), expected: makeFrame(1000, seed) };
  });
  for (const { theirs, bytes } of pairs) assert.equal(write(theirs, bytes, 0, 500), 500);
  while (loop.runOnce(0));
  for (const { theirs, bytes } of pairs) assert.equal(write(theirs, bytes, 500, 504), 504);
  await pump(loop, () => pairs.every(({ port }) => port.frames.length === 1));
  for (const { wire, port, theirs, expected } of pairs) {
    assert.deepEqual(port.frames, [expected]);
    wire.close();
    close(theirs);
  }
  loop.close();
});

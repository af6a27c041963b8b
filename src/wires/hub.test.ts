import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, datagramPair, DatagramSocket, EventLoop, makeOffload } from '../linux/index.ts';
import type { Wire, WirePort } from '../ports/index.ts';
import { DgramWire } from './dgram-wire.ts';
import { Hub } from './hub.ts';
import { openWire } from './open.ts';
import { parseNetdev } from './parse.ts';
import { makeFrame, pump, RecordingPort } from './recording-port.ts';

test('a frame goes to all other ports of the same hub', () => {
  const loop = new EventLoop();
  const hubs = new Map<number, Hub>();
  const wires = ['hubid=0', 'hubid=0', 'hubid=0', 'hubid=1'].map((hubid, index) =>
    openWire(parseNetdev(`hubport,id=h${index},${hubid}`), { loop, hubs }),
  );
  const ports = wires.map((wire) => {
    const port = new RecordingPort();
    wire.plug(port);
    return port;
  });
  wires[0]!.send(makeFrame(64, 1), 0, 64, undefined);
  assert.deepEqual(
    ports.map((port) => port.frames.length),
    [0, 1, 1, 0],
  );
  wires[2]!.close();
  wires[1]!.send(makeFrame(64, 2), 0, 64, undefined);
  assert.deepEqual(
    ports.map((port) => port.frames.length),
    [1, 1, 1, 0],
  );
  assert.equal(hubs.get(0)!.size, 2);
  loop.close();
});

test('a port that cannot receive gets what waited, in order, and no more than 256 KiB of it', async () => {
  const loop = new EventLoop();
  const hub = new Hub(loop);
  const [from, to] = [hub.addPort(), hub.addPort()];
  const port = new RecordingPort(1);
  to.plug(port);
  for (let seed = 0; seed < 300; seed++) from.send(makeFrame(1000, seed), 0, 1000);
  assert.equal(port.frames.length, 1);
  assert.ok(to.counters.dropped > 30, `${to.counters.dropped}`);
  port.room = 1;
  to.resume();
  await pump(loop, () => port.frames.length === 2);
  port.room = Infinity;
  to.resume();
  from.send(makeFrame(1000, 7), 0, 1000);
  const expected = 300 - to.counters.dropped + 1;
  await pump(loop, () => port.frames.length === expected);
  assert.deepEqual(port.frames[100], makeFrame(1000, 100));
  assert.deepEqual(port.frames.at(-1), makeFrame(1000, 7));
  loop.close();
});

test('a wire can be one of the ports', async () => {
  const loop = new EventLoop();
  const hub = new Hub(loop);
  const [ours, theirs] = datagramPair();
  const wire = new DgramWire({ loop }, { local: { type: 'fd', fd: ours } });
  hub.connect(wire);
  const inside = hub.addPort();
  const port = new RecordingPort();
  inside.plug(port);
  const peer = new DatagramSocket(theirs);
  peer.write(makeFrame(64, 1), 0, 64);
  await pump(loop, () => port.frames.length === 1);
  inside.send(makeFrame(65, 2), 0, 65);
  const bytes = new Uint8Array(100);
  assert.equal(peer.read(bytes, 0, 100), 65);
  wire.close();
  close(theirs);
  loop.close();
});

test('what a wire leaves unfinished is finished before it enters a hub', () => {
  const loop = new EventLoop();
  const hub = new Hub(loop);
  const port = new RecordingPort();
  hub.addPort().plug(port);
  let outside: WirePort | undefined;
  const wire: Wire = {
    acceptsOffload: true,
    carrier: true,
    send: () => undefined,
    plug: (plugged) => (outside = plugged),
    resume: () => undefined,
  };
  hub.connect(wire);
  // IPv4 and UDP to port 9, four bytes of payload, the pseudo-header's sum in the checksum field.
  const frame = Uint8Array.from(
    Buffer.from('02000000000202000000000108004500002000000000401100000a0000010a00000204d200090000000061626364', 'hex'),
  );
  frame.set([0, 12], 38);
  const pseudo = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17 + 12;
  frame.set([pseudo >> 8, pseudo & 255], 40);
  const offload = { ...makeOffload(), needsChecksum: true, checksumStart: 34, checksumOffset: 6 };
  outside!.receive(frame, 0, frame.length, offload);
  const [seen] = port.frames;
  let total = pseudo;
  for (let at = 34; at < 46; at += 2) total += (seen![at]! << 8) | seen![at + 1]!;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  assert.equal(total, 0xffff, 'the checksum holds (RFC 768)');
  loop.close();
});

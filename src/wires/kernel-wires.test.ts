/**
 * tap and packet wires against the kernel's own network stack, in a network namespace that goes with this file's own
 * second run of itself.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { mock, test } from 'node:test';
import { close, EINVAL, EventLoop, FrameWriter, makeOffload, openTap, SystemError } from '../linux/index.ts';
import { buildFrame } from '../packet/testing.ts';
import type { Wire } from '../ports/index.ts';
import { openWire, type OpenWire } from './open.ts';
import { parseNetdev } from './parse.ts';
import { makeFrame, pump, RecordingPort } from './recording-port.ts';
import { ip, testInNamespace } from './testing-namespace.ts';
import { TinyHost } from './tiny-host.ts';

const HOST_MAC = '02:00:00:00:00:02';

/** The kernel's side of the wire gets 10.9.0.1 and knows our 10.9.0.2. */
function setUp(name: string): void {
  ip('addr', 'add', '10.9.0.1/24', 'dev', name);
  ip('link', 'set', name, 'up');
  ip('neigh', 'replace', '10.9.0.2', 'lladdr', HOST_MAC, 'dev', name);
}

async function sendUdp(loop: EventLoop, host: TinyHost, address: string, port: number): Promise<number> {
  const socket = createSocket('udp4');
  const isOurs = ({ bytes }: { bytes: Uint8Array }): boolean => Buffer.from(bytes).includes('payload of a datagram');
  const before = host.frames.filter(isOurs).length;
  socket.send('payload of a datagram', port, address);
  await pump(loop, () => host.frames.filter(isOurs).length > before);
  socket.close();
  return host.frames.findLastIndex(isOurs);
}

async function exchange(loop: EventLoop, wire: Wire, offloads: boolean): Promise<void> {
  const host = new TinyHost(wire);
  const { bytes, offload } = host.frames[await sendUdp(loop, host, '10.9.0.2', 4000)]!;
  assert.deepEqual(bytes.subarray(0, 6), host.mac);
  assert.equal(bytes.length, 14 + 20 + 8 + 21);
  if (offloads) {
    assert.equal(offload?.needsChecksum, true);
    assert.deepEqual([offload.checksumStart, offload.checksumOffset], [34, 6]);
  } else {
    assert.equal(offload, undefined);
  }
  if (!offloads) return;
  const socket = connect(7, '10.9.0.2');
  const sent = makeFrame(40_000, 3);
  socket.write(sent);
  await pump(loop, () => host.received.length === sent.length);
  assert.deepEqual(host.received, sent);
  const large = host.frames.find((frame) => frame.bytes.length > 3000);
  assert.ok(large !== undefined, 'a large segment arrives whole');
  assert.equal(large.offload?.segmentation, 'tcp4');
  assert.equal(large.offload?.segmentSize, 1460);
  assert.equal(large.offload?.headerLength, 54);

  const replies: Buffer[] = [];
  socket.on('data', (data) => replies.push(data));
  const reply = makeFrame(20_000, 4);
  host.sendData(reply, 1460);
  await pump(loop, () => Buffer.concat(replies).length === reply.length);
  assert.deepEqual(new Uint8Array(Buffer.concat(replies)), reply);
  socket.resetAndDestroy();
}

function insideTests(): void {
  for (const vnet of ['on', 'off']) {
    test(`tap,vnet_hdr=${vnet}`, async () => {
      const loop = new EventLoop();
      const wire = openWire(parseNetdev(`tap,id=n0,ifname=obtest,vnet_hdr=${vnet}`), { loop });
      assert.equal(wire.acceptsOffload, vnet === 'on');
      assert.equal(wire.carrier, true);
      wire.send(makeFrame(60, 1), 0, 60, undefined);
      assert.equal(wire.counters.dropped, 1, 'the interface is not up yet');
      setUp('obtest');
      await exchange(loop, wire, vnet === 'on');
      wire.close();
      assert.equal(wire.carrier, false);
      assert.throws(() => ip('link', 'show', 'obtest'), 'the interface goes with its descriptor');
      loop.close();
    });

    test(`packet,vnet_hdr=${vnet}`, async () => {
      ip('link', 'add', 'obveth0', 'type', 'veth', 'peer', 'name', 'obveth1');
      ip('link', 'set', 'obveth1', 'up');
      const loop = new EventLoop();
      const wire = openWire(parseNetdev(`packet,id=n0,ifname=obveth1,vnet_hdr=${vnet}`), { loop });
      assert.equal(wire.acceptsOffload, vnet === 'on');
      setUp('obveth0');
      await exchange(loop, wire, true);
      wire.close();
      ip('link', 'del', 'obveth0');
      loop.close();
    });
  }

  test('a tagged frame passes a packet socket whole, though the kernel takes the tag out', async () => {
    ip('link', 'add', 'obtag0', 'type', 'veth', 'peer', 'name', 'obtag1');
    ip('link', 'set', 'obtag0', 'up');
    ip('link', 'set', 'obtag1', 'up');
    const loop = new EventLoop();
    const [a, b] = ['obtag0', 'obtag1'].map((name) => openWire(parseNetdev(`packet,ifname=${name}`), { loop }));
    const port = new RecordingPort();
    b!.plug(port);
    for (const tpid of [0x8100, 0x88a8]) {
      const frame = makeFrame(100, 1);
      frame.set([0x02, 0, 0, 0, 0, 9, 0x02, 0, 0, 0, 0, 8, tpid >> 8, tpid & 255, 0x60, 5, 0x08, 0]);
      port.frames.length = 0;
      const isOurs = (seen: Uint8Array): boolean => seen[5] === 9;
      a!.send(frame, 0, 100, { ...makeOffload(), needsChecksum: true, checksumStart: 38, checksumOffset: 6 });
      await pump(loop, () => port.frames.some(isOurs));
      const index = port.frames.findIndex(isOurs);
      assert.deepEqual(port.frames[index], frame);
      const { needsChecksum, checksumStart, checksumOffset } = port.offloads.at(-1)!;
      assert.deepEqual([needsChecksum, checksumStart, checksumOffset], [true, 38, 6]);
    }
    a!.close();
    b!.close();
    ip('link', 'del', 'obtag0');
    loop.close();
  });

  test('a packet socket whose kernel cuts no UDP gets it cut', () => {
    ip('link', 'add', 'obold0', 'type', 'veth', 'peer', 'name', 'obold1');
    for (const name of ['obold0', 'obold1']) ip('link', 'set', name, 'up');
    const loop = new EventLoop();
    const wire = openWire(parseNetdev('packet,ifname=obold1'), { loop });
    const write = mock.method(FrameWriter.prototype, 'write');
    write.mock.mockImplementationOnce(() => EINVAL);
    const frame = buildFrame({ protocol: 'udp', payload: new Uint8Array(2500) });
    const offload = { ...makeOffload(), segmentation: 'udp', segmentSize: 1000, headerLength: 42 } as const;
    wire.send(frame, 0, frame.length, offload);
    assert.deepEqual([wire.counters.packetsSent, wire.counters.dropped], [3, 0]);
    wire.send(frame, 0, frame.length, offload);
    assert.deepEqual([wire.counters.packetsSent, write.mock.callCount()], [6, 7], 'it is not asked again');
    mock.restoreAll();
    wire.close();
    ip('link', 'del', 'obold0');
    loop.close();
  });

  test('a tap handed over by its descriptor says itself whether it has headers', () => {
    const loop = new EventLoop();
    const tap = openTap({ name: 'obhand', vnetHeader: false });
    const wire = openWire({ type: 'tap', id: '', fd: tap.fd }, { loop });
    assert.equal(wire.acceptsOffload, false);
    wire.close();
    loop.close();
  });

  test('a removed interface takes the carrier and costs nothing afterwards', async () => {
    const loop = new EventLoop();
    const lines: string[] = [];
    const wire: OpenWire = openWire(parseNetdev('tap,ifname=obgone'), { loop, log: (line) => lines.push(line) });
    const port = new RecordingPort();
    wire.plug(port);
    ip('link', 'del', 'obgone');
    await pump(loop, () => !wire.carrier);
    assert.equal(port.carrierChanges, 1);
    assert.match(lines.join('\n'), /wire lost/);
    assert.equal(loop.runOnce(2), false);
    wire.send(makeFrame(60, 1), 0, 60, undefined);
    assert.equal(wire.counters.dropped, 1);
    wire.close();
    loop.close();
  });

  test('what cannot be opened says why', () => {
    const loop = new EventLoop();
    const withCode = (code: string) => (error: unknown) => error instanceof SystemError && error.code === code;
    assert.throws(() => openWire(parseNetdev('packet,ifname=nosuch'), { loop }), withCode('ENODEV'));
    const first = openWire(parseNetdev('tap,ifname=obbusy'), { loop });
    assert.throws(() => openWire(parseNetdev('tap,ifname=obbusy'), { loop }), withCode('EBUSY'));
    first.close();
    assert.throws(() => openTap({ fd: loop.wakeFd, vnetHeader: true }), SystemError);
    loop.close();
  });

  test('frames that the port does not take wait in the kernel', async () => {
    const loop = new EventLoop();
    const a = openWire(parseNetdev('tap,ifname=obwait,vnet_hdr=off'), { loop });
    const port = new RecordingPort(0);
    a.plug(port);
    setUp('obwait');
    const socket = createSocket('udp4');
    socket.send('one', 4000, '10.9.0.2');
    const begin = performance.now();
    await pump(loop, () => performance.now() > begin + 20);
    assert.equal(port.frames.length, 0);
    port.room = Infinity;
    a.resume();
    await pump(loop, () => port.frames.some((frame) => Buffer.from(frame).includes('one')));
    socket.close();
    a.close();
    loop.close();
    assert.throws(() => close(9999));
  });
}

testInNamespace('tap and packet wires against the kernel, in a network namespace', import.meta.url, insideTests);

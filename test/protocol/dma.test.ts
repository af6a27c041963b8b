import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retiredMappings } from '../../src/linux/index.ts';
import { DMA_MAP, DMA_UNMAP, pack, u32, u64 } from './client.ts';
import { collectViews, sharedMaps, withServer } from './harness.ts';

const EEXIST = 17;
const EINVAL = 22;
const ENOTSUP = 95;
const PAGE = 4096;
const READ_ONLY = 1;
const WRITE_ONLY = 2;
const ALL = 2;

test('guest memory is used in place, both ways', () =>
  withServer(({ connect, device, memfd, guestBytes }) => {
    const fd = memfd(16 * PAGE);
    const guest = guestBytes(fd, 16 * PAGE);
    const client = connect().version();
    assert.equal(client.map(0x100000, 8 * PAGE, { fd, offset: 4 * PAGE }), 0);
    guest[4 * PAGE + 5] = 0x5a;
    const piece = device.client!.dma.forWriting(0x100000, 8 * PAGE)!;
    assert.deepEqual([piece.base, piece.length, piece.bytes[5]], [0x100000, 8 * PAGE, 0x5a]);
    piece.dwords[2] = 0x01020304;
    assert.deepEqual([...guest.subarray(4 * PAGE + 8, 4 * PAGE + 12)], [4, 3, 2, 1]);
    assert.equal(device.client!.dma.forReading(0x100000 + 100, 50), piece, 'a look-up makes nothing');
    client.unmap(0x100000, 8 * PAGE);
  }));

test('what is not mapped, or not wholly, is not found', () =>
  withServer(({ connect, device, memfd }) => {
    const fd = memfd(4 * PAGE);
    const client = connect().version();
    client.map(0x10000, 2 * PAGE, { fd });
    client.map(0x20000, PAGE, { fd, flags: READ_ONLY });
    client.map(0x30000, PAGE, { fd, flags: WRITE_ONLY });
    const { dma } = device.client!;
    assert.equal(dma.forReading(0xffff, 1), undefined);
    assert.equal(dma.forReading(0xffff, 2), undefined);
    assert.equal(dma.forReading(0x10000 + 2 * PAGE, 1), undefined);
    assert.equal(dma.forReading(0x10000 + 2 * PAGE - 1, 2), undefined);
    assert.equal(dma.forReading(2 ** 60, 1), undefined);
    assert.equal(dma.forReading(Number.NaN, 1), undefined);
    assert.equal(dma.forReading(0x20000, PAGE)?.base, 0x20000);
    assert.equal(dma.forWriting(0x20000, 1), undefined, 'a read-only map is not written');
    assert.equal(dma.forWriting(0x30000, 1)?.base, 0x30000);
    assert.equal(dma.forReading(0x30000, 1), undefined);
  }));

test('after UNMAP a piece that is still held reaches nobody’s memory', () =>
  withServer(({ connect, device, memfd, guestBytes }) => {
    const fd = memfd(PAGE);
    const guest = guestBytes(fd, PAGE);
    const client = connect().version();
    client.map(0x10000, PAGE, { fd });
    const held = device.client!.dma.forWriting(0x10000, 4)!;
    assert.equal(client.unmap(0x10000, PAGE), 0);
    assert.equal(device.client!.dma.forWriting(0x10000, 4), undefined, 'not even from the last-hit cache');
    assert.equal(device.client!.dma.forReading(0x10000, 4), undefined);
    held.bytes[0] = 0xff;
    assert.equal(guest[0], 0);
  }));

test('the reply to UNMAP repeats the request', () =>
  withServer(({ connect, memfd }) => {
    const client = connect().version();
    client.map(0x10000, PAGE, { fd: memfd(PAGE) });
    const request = pack(u32(24), u32(0), u64(0x10000), u64(PAGE));
    const reply = client.accepted(DMA_UNMAP, request);
    assert.deepEqual(new Uint8Array(reply.buffer, reply.byteOffset), request);
  }));

test('UNMAP of everything: flag 2 with an empty range', () =>
  withServer(({ connect, device, memfd }) => {
    const fd = memfd(4 * PAGE);
    const client = connect().version();
    for (let i = 0; i < 20; i++) assert.equal(client.map(i * 0x10000, PAGE, { fd }), 0);
    assert.equal(sharedMaps(), 20);
    assert.equal(client.unmap(0, PAGE, ALL), EINVAL);
    assert.equal(client.unmap(0, 0, ALL), 0);
    assert.equal(sharedMaps(), 0);
    assert.equal(device.client!.dma.forReading(0, 1), undefined);
  }));

test('UNMAP takes whole maps only; an area without any is no error (QEMU with a virtual IOMMU)', () =>
  withServer(({ connect, device, memfd }) => {
    const fd = memfd(4 * PAGE);
    const client = connect().version();
    client.map(0x10000, 2 * PAGE, { fd });
    client.map(0x20000, PAGE, { fd });
    client.map(0xfee00000, PAGE, { fd });
    assert.equal(client.unmap(0x10000, PAGE), EINVAL);
    assert.equal(client.unmap(0x10000 + PAGE, PAGE), EINVAL);
    assert.equal(client.unmap(0, 0x10000 + PAGE), EINVAL);
    assert.equal(client.unmap(0x10000 + PAGE, 0x20000), EINVAL);
    assert.equal(device.client!.dma.forReading(0x10000, 2 * PAGE)?.length, 2 * PAGE, 'a refusal changes nothing');
    assert.equal(client.unmap(0x40000, PAGE), 0);
    assert.equal(client.unmap(0, 0x80000), 0);
    assert.equal(sharedMaps(), 1);
    assert.equal(client.unmap(0x100000, 2n ** 64n - 0x100000n), 0, 'up to the end of the address space');
    assert.equal(sharedMaps(), 0);
    assert.equal(client.unmap(2n ** 63n, 2n ** 63n), 0);
  }));

test('QEMU’s ROMs and VGA memory without a descriptor are known and unreachable', () =>
  withServer(({ connect, device, memfd }) => {
    const client = connect().version();
    assert.equal(client.map(0, 0xa0000, { fd: memfd(0xa0000) }), 0);
    assert.equal(client.map(0xa0000, 0x20000), 0);
    assert.equal(client.map(0xfffc0000, 0x40000, { flags: READ_ONLY }), 0);
    assert.equal(device.client!.dma.forReading(0xa0000, 1), undefined);
    assert.equal(device.client!.dma.forReading(0xfffc0000, 4), undefined);
    assert.equal(client.map(0xa0000, PAGE), EEXIST, 'it takes its place');
    assert.equal(client.unmap(0xa0000, 0x20000), 0);
    assert.equal(client.map(0xa0000, PAGE), 0);
  }));

test('guest RAM without a descriptor is refused with the QEMU options that are missing', () =>
  withServer(({ connect, log }) => {
    assert.equal(
      connect()
        .version()
        .map(0, 2 ** 29),
      EINVAL,
    );
    const line = log.find((text) => text.includes('refused DMA_MAP'))!;
    assert.match(line, /-object memory-backend-memfd,id=m0,size=…,share=on/);
    assert.match(line, /memory-backend=m0.* -M/);
  }));

test('memory that its owner could truncate is refused with what to do', () =>
  withServer(({ connect, device, memfd, log }) => {
    const client = connect().version();
    assert.equal(client.map(0, PAGE, { fd: memfd(PAGE, { seal: false }) }), EINVAL);
    assert.equal(device.client!.dma.forReading(0, 1), undefined);
    assert.match(
      log.find((text) => text.includes('refused DMA_MAP'))!,
      /memory-backend-memfd/,
    );
    assert.equal(sharedMaps(), 0);
  }));

for (const [name, address, length, options, errno] of [
  ['the same range', 0x10000, 2 * PAGE, {}, EEXIST],
  ['the first page of a map', 0x10000, PAGE, {}, EEXIST],
  ['the last page of a map', 0x10000 + PAGE, PAGE, {}, EEXIST],
  ['a range around a map', 0xf000, 4 * PAGE, {}, EEXIST],
  ['a range that reaches into a map', 0xf000, 2 * PAGE, {}, EEXIST],
  ['an address within a page', 0x20010, PAGE, {}, EINVAL],
  ['a length within a page', 0x20000, PAGE + 1, {}, EINVAL],
  ['no bytes', 0x20000, 0, {}, EINVAL],
  ['a file offset within a page', 0x20000, PAGE, { offset: 8 }, EINVAL],
  ['beyond the end of the file', 0x20000, PAGE, { offset: 4 * PAGE }, EINVAL],
  ['across the end of the file', 0x20000, 2 * PAGE, { offset: 3 * PAGE }, EINVAL],
  ['more than there is', 0x20000, 2 ** 40, {}, EINVAL],
  ['a file offset beyond 2^53', 0x20000, PAGE, { offset: 2n ** 63n }, EINVAL],
  ['an address beyond 2^53', 2n ** 53n, PAGE, {}, EINVAL],
  ['a length beyond 2^53', 0x20000, 2n ** 63n, {}, EINVAL],
  ['an end beyond 2^53', 2n ** 53n - 4096n, 2 * PAGE, {}, EINVAL],
  ['an end beyond 2^64', 2n ** 64n - 4096n, 2 * PAGE, {}, EINVAL],
  ['neither readable nor writable', 0x20000, PAGE, { flags: 0 }, EINVAL],
  ['an unknown flag', 0x20000, PAGE, { flags: 7 }, EINVAL],
] as const) {
  test(`MAP refused: ${name}`, () =>
    withServer(({ connect, memfd }) => {
      const fd = memfd(4 * PAGE);
      const client = connect().version();
      assert.equal(client.map(0x10000, 2 * PAGE, { fd }), 0);
      assert.equal(client.map(address, length, { fd, ...options }), errno);
      assert.equal(sharedMaps(), 1);
      assert.equal(client.map(0x20000, PAGE, { fd }), 0, 'the session goes on');
    }));
}

for (const [name, command, payload, errno] of [
  ['MAP too short', DMA_MAP, pack(u32(32), u32(3), u64(0), u64(0)), EINVAL],
  ['MAP too long', DMA_MAP, pack(u32(32), u32(3), u64(0), u64(0), u64(PAGE), u32(0)), EINVAL],
  ['MAP with a small argsz', DMA_MAP, pack(u32(31), u32(1), u64(0), u64(0), u64(PAGE)), EINVAL],
  ['MAP empty', DMA_MAP, pack(), EINVAL],
  ['UNMAP too short', DMA_UNMAP, pack(u32(24), u32(0), u64(0)), EINVAL],
  ['UNMAP with a small argsz', DMA_UNMAP, pack(u32(0), u32(0), u64(0), u64(PAGE)), EINVAL],
  ['UNMAP of no bytes', DMA_UNMAP, pack(u32(24), u32(0), u64(0), u64(0)), EINVAL],
  ['UNMAP within a page', DMA_UNMAP, pack(u32(24), u32(0), u64(8), u64(PAGE)), EINVAL],
  ['UNMAP beyond 2^64', DMA_UNMAP, pack(u32(24), u32(0), u64(2 * PAGE), u64(2n ** 64n - 4096n)), EINVAL],
  ['UNMAP with an unknown flag', DMA_UNMAP, pack(u32(24), u32(4), u64(0), u64(PAGE)), EINVAL],
  ['UNMAP with a dirty bitmap', DMA_UNMAP, pack(u32(24), u32(1), u64(0), u64(PAGE), u64(PAGE), u64(8)), ENOTSUP],
] as const) {
  test(`refused: ${name}`, () =>
    withServer(({ connect }) => {
      assert.equal(connect().version().refused(command, payload), errno);
    }));
}

test('MAP with two descriptors is refused, and they are closed', () =>
  withServer(({ connect, memfd }) => {
    const payload = pack(u32(32), u32(3), u64(0), u64(0), u64(PAGE));
    assert.equal(
      connect()
        .version()
        .refused(DMA_MAP, payload, [memfd(PAGE), memfd(PAGE)]),
      EINVAL,
    );
  }));

test('a descriptor that is no memory is refused', () =>
  withServer(({ connect }) => {
    const client = connect().version();
    for (const fd of [0, client.socket.fd]) assert.notEqual(client.map(0x1000, PAGE, { fd }), 0);
  }));

test('maps go with the client, and their addresses when the collector has run', async () => {
  await withServer(({ connect, memfd, settle }) => {
    const fd = memfd(64 * PAGE);
    const client = connect().version();
    // In reverse, for the kernel makes one map of two that go on in each other.
    for (let i = 0; i < 64; i++) client.map(i * PAGE, PAGE, { fd, offset: (63 - i) * PAGE });
    assert.equal(sharedMaps(), 64);
    client.close();
    settle();
    assert.equal(sharedMaps(), 0);
  });
  await collectViews();
  assert.equal(retiredMappings().count, 0);
});

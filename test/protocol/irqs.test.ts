import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, createEventFd, drain, signal } from '../../src/linux/index.ts';
import { RESET, SET_IRQS, concat, pack, u32, u8 } from './client.ts';
import type { Client } from './client.ts';
import { MSIX_VECTORS, withServer } from './harness.ts';

const EINVAL = 22;
const ENOTSUP = 95;

const NONE = 1;
const BOOL = 2;
const EVENTFD = 4;
const MASK = 8;
const UNMASK = 16;
const TRIGGER = 32;
const INTX = 0;
const MSI = 1;
const MSIX = 2;

/** The client's eventfds; the server gets copies. */
function withEventFds(count: number, body: (fds: readonly number[]) => void): void {
  const fds = Array.from({ length: count }, createEventFd);
  try {
    body(fds);
  } finally {
    for (const fd of fds) close(fd);
  }
}

function irqs(
  client: Client,
  flags: number,
  index: number,
  start: number,
  count: number,
  fds?: readonly number[],
): number {
  return client.request(SET_IRQS, client.setIrqs(flags, index, start, count), fds).errno;
}

/** Which of the eventfds were signalled since the last look. */
const signalled = (fds: readonly number[]): number[] => fds.flatMap((fd, i) => (drain(fd) > 0 ? [i] : []));

test('eventfds are connected in the order of vectors from start', () =>
  withServer(({ connect, device, endTurn }) =>
    withEventFds(5, (fds) => {
      const client = connect().version();
      assert.equal(irqs(client, EVENTFD | TRIGGER, MSIX, 0, 3, fds.slice(0, 3)), 0);
      assert.equal(irqs(client, EVENTFD | TRIGGER, MSIX, 3, 2, fds.slice(3)), 0);
      for (const vector of [4, 1, 0]) {
        assert.ok(device.client!.signal(MSIX, vector));
        endTurn();
        assert.deepEqual(signalled(fds), [vector]);
      }
      assert.equal(device.client!.signal(MSIX, 5), false);
      assert.equal(device.client!.signal(MSIX, MSIX_VECTORS), false);
      assert.equal(device.client!.signal(MSI, 0), false);
      assert.equal(device.client!.signal(9, 0), false);
      assert.deepEqual(device.events, ['attached', 'irqs 2', 'irqs 2']);
    }),
  ));

test('QEMU sends the whole set again as vectors grow: new descriptors take the place of old ones', () =>
  withServer(({ connect, device, endTurn }) =>
    withEventFds(4, (fds) => {
      const client = connect().version();
      for (let round = 0; round < 100; round++) {
        assert.equal(irqs(client, EVENTFD | TRIGGER, MSIX, 0, 2, round % 2 === 0 ? fds.slice(0, 2) : fds.slice(2)), 0);
      }
      device.client!.signal(MSIX, 0);
      endTurn();
      assert.deepEqual(signalled(fds), [2]);
    }),
  ));

test('what is signalled several times in a turn interrupts once, and goes to whoever was connected then', () =>
  withServer(({ connect, device, settle, endTurn }) =>
    withEventFds(2, ([first, second]) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, MSIX, 0, 1, [first!]);
      device.written = () => {
        for (let n = 0; n < 3; n++) assert.ok(device.client!.signal(MSIX, 0));
        assert.equal(drain(first!), 0, 'not before the turn ends');
      };
      client.write(0, 0, pack(u32(1)));
      settle();
      assert.equal(drain(first!), 1);
      assert.ok(device.client!.signal(MSIX, 0));
      irqs(client, EVENTFD | TRIGGER, MSIX, 0, 1, [second!]);
      endTurn();
      assert.deepEqual([drain(first!), drain(second!)], [1, 0]);
    }),
  ));

test('count without descriptors disconnects just these vectors', () =>
  withServer(({ connect, device }) =>
    withEventFds(3, (fds) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, MSIX, 0, 3, fds);
      assert.equal(irqs(client, EVENTFD | TRIGGER, MSIX, 1, 1), 0);
      assert.deepEqual(
        [0, 1, 2].map((vector) => device.client!.signal(MSIX, vector)),
        [true, false, true],
      );
    }),
  ));

test('flags 0x21 with count 0 disable an index, again and again (igb toggles INTx and MSI at each reset)', () =>
  withServer(({ connect, device }) =>
    withEventFds(2, (fds) => {
      const client = connect().version();
      for (let round = 0; round < 50; round++) {
        assert.equal(irqs(client, NONE | TRIGGER, MSI, 0, 0), 0);
        assert.equal(irqs(client, EVENTFD | TRIGGER, INTX, 0, 1, [fds[0]!]), 0);
        assert.equal(device.client!.signal(MSI, 0), false);
        assert.equal(irqs(client, 0x21, INTX, 0, 0), 0);
        assert.equal(irqs(client, 0x24, MSI, 0, 1, [fds[1]!]), 0);
        assert.equal(device.client!.signal(INTX, 0), false);
        assert.equal(device.client!.signal(MSI, 0), true);
      }
    }),
  ));

test('INTx is masked once it was signalled, until UNMASK says that the device may look again', () =>
  withServer(({ connect, device, endTurn }) =>
    withEventFds(1, (fds) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, INTX, 0, 1, fds);
      device.events.length = 0;
      assert.equal(device.client!.signal(INTX, 0), true);
      assert.equal(device.client!.signal(INTX, 0), false);
      endTurn();
      assert.equal(drain(fds[0]!), 1);
      assert.equal(irqs(client, 0x11, INTX, 0, 1), 0);
      assert.deepEqual(device.events, ['irqs 0']);
      assert.equal(device.client!.signal(INTX, 0), true);
    }),
  ));

test('MASK and UNMASK of INTx, by none and by booleans', () =>
  withServer(({ connect, device }) =>
    withEventFds(1, (fds) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, INTX, 0, 1, fds);
      assert.equal(irqs(client, NONE | MASK, INTX, 0, 1), 0);
      assert.equal(device.client!.signal(INTX, 0), false);
      client.accepted(SET_IRQS, client.setIrqs(BOOL | UNMASK, INTX, 0, 1, [u8(0)]));
      assert.equal(device.client!.signal(INTX, 0), false, 'false: nothing is done');
      client.accepted(SET_IRQS, client.setIrqs(BOOL | UNMASK, INTX, 0, 1, [u8(1)]));
      assert.equal(device.client!.signal(INTX, 0), true);
    }),
  ));

test('connecting INTx anew unmasks it', () =>
  withServer(({ connect, device }) =>
    withEventFds(1, (fds) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, INTX, 0, 1, fds);
      device.client!.signal(INTX, 0);
      irqs(client, EVENTFD | TRIGGER, INTX, 0, 1, fds);
      assert.equal(device.client!.signal(INTX, 0), true);
    }),
  ));

test('an eventfd may unmask INTx (QEMU under KVM: the guest’s end of interrupt)', () =>
  withServer(({ connect, device, settle }) =>
    withEventFds(2, ([trigger, unmask]) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, INTX, 0, 1, [trigger!]);
      for (let i = 0; i < 3; i++) assert.equal(irqs(client, EVENTFD | UNMASK, INTX, 0, 1, [unmask!]), 0);
      assert.equal(device.client!.signal(INTX, 0), true);
      device.events.length = 0;
      signal(unmask!);
      settle();
      assert.deepEqual(device.events, ['irqs 0']);
      assert.equal(device.client!.signal(INTX, 0), true);
      assert.equal(irqs(client, EVENTFD | UNMASK, INTX, 0, 1), 0);
      signal(unmask!);
      settle();
      assert.equal(device.client!.signal(INTX, 0), false, 'disconnected');
    }),
  ));

test('a client may trigger vectors itself, by none and by booleans', () =>
  withServer(({ connect }) =>
    withEventFds(4, (fds) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, MSIX, 0, 4, fds);
      assert.equal(irqs(client, NONE | TRIGGER, MSIX, 1, 2), 0);
      assert.deepEqual(signalled(fds), [1, 2]);
      client.accepted(SET_IRQS, client.setIrqs(BOOL | TRIGGER, MSIX, 0, 4, [u8(1), u8(0), u8(0), u8(1)]));
      assert.deepEqual(signalled(fds), [0, 3]);
    }),
  ));

test('a device reset keeps the eventfds: after an FLR no SET_IRQS comes', () =>
  withServer(({ connect, device }) =>
    withEventFds(1, (fds) => {
      const client = connect().version();
      irqs(client, EVENTFD | TRIGGER, INTX, 0, 1, fds);
      client.accepted(RESET);
      assert.equal(device.client!.signal(INTX, 0), true);
    }),
  ));

for (const [name, flags, index, start, count, fdCount, errno] of [
  ['a vector beyond the last', EVENTFD | TRIGGER, MSIX, MSIX_VECTORS, 1, 1, EINVAL],
  ['vectors across the last', EVENTFD | TRIGGER, MSIX, MSIX_VECTORS - 1, 2, 2, EINVAL],
  ['a start that overflows', NONE | TRIGGER, MSIX, 0xffffffff, 1, 0, EINVAL],
  ['a count of all ones', NONE | TRIGGER, MSIX, 0, 0xffffffff, 0, EINVAL],
  ['both of all ones', NONE | TRIGGER, MSIX, 0xffffffff, 0xffffffff, 0, EINVAL],
  ['an index that is not there', EVENTFD | TRIGGER, 5, 0, 0, 0, EINVAL],
  ['an index of all ones', NONE | TRIGGER, 0xffffffff, 0, 0, 0, EINVAL],
  ['an index without vectors', EVENTFD | TRIGGER, 3, 0, 1, 1, EINVAL],
  ['too few descriptors', EVENTFD | TRIGGER, MSIX, 0, 3, 2, EINVAL],
  ['too many descriptors', EVENTFD | TRIGGER, MSIX, 0, 2, 3, EINVAL],
  ['descriptors that are not announced', NONE | TRIGGER, MSIX, 0, 2, 2, EINVAL],
  ['eventfds for no vectors', EVENTFD | TRIGGER, MSIX, 0, 0, 1, EINVAL],
  ['no kind of data', TRIGGER, MSIX, 0, 1, 0, EINVAL],
  ['two kinds of data', NONE | EVENTFD | TRIGGER, MSIX, 0, 1, 1, EINVAL],
  ['no action', NONE, MSIX, 0, 1, 0, EINVAL],
  ['two actions', NONE | MASK | TRIGGER, MSIX, 0, 1, 0, EINVAL],
  ['unknown flags', 0x40 | NONE | TRIGGER, MSIX, 0, 1, 0, EINVAL],
  ['a mask of nothing', NONE | MASK, INTX, 0, 0, 0, EINVAL],
  ['a mask of MSI-X', NONE | MASK, MSIX, 0, 1, 0, ENOTSUP],
  ['an eventfd that masks', EVENTFD | MASK, INTX, 0, 1, 1, ENOTSUP],
] as const) {
  test(`refused: ${name}`, () =>
    withServer(({ connect, device }) =>
      withEventFds(fdCount, (fds) => {
        const client = connect().version();
        assert.equal(irqs(client, flags, index, start, count, fds), errno);
        assert.deepEqual(device.events, ['attached']);
        assert.equal(device.client!.signal(MSIX, 0), false);
      }),
    ));
}

for (const [name, payload] of [
  ['empty', pack()],
  ['too short', pack(u32(20), u32(NONE | TRIGGER), u32(0), u32(0))],
  ['a small argsz', pack(u32(19), u32(NONE | TRIGGER), u32(0), u32(0), u32(0))],
  ['too few booleans', pack(u32(21), u32(BOOL | TRIGGER), u32(MSIX), u32(0), u32(2), u8(1))],
  ['too many booleans', pack(u32(23), u32(BOOL | TRIGGER), u32(MSIX), u32(0), u32(2), u8(1), u8(1), u8(1))],
  ['booleans that are not announced', concat(pack(u32(20), u32(NONE | TRIGGER), u32(0), u32(0), u32(1)), pack(u8(1)))],
] as const) {
  test(`refused: SET_IRQS, ${name}`, () =>
    withServer(({ connect }) => {
      assert.equal(connect().version().refused(SET_IRQS, payload), EINVAL);
    }));
}

test('a descriptor that is no eventfd is refused: signalling it could block, or write into a file', () =>
  withServer(({ connect, memfd, device }) =>
    withEventFds(1, (fds) => {
      const client = connect().version();
      assert.equal(irqs(client, EVENTFD | TRIGGER, MSIX, 0, 2, [fds[0]!, memfd(4096)]), EINVAL);
      assert.equal(irqs(client, EVENTFD | TRIGGER, MSI, 0, 1, [client.socket.fd]), EINVAL);
      assert.equal(device.client!.signal(MSIX, 0), false, 'none of them is connected');
    }),
  ));

/** Random clients with fixed seeds. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, createEventFd } from '../../src/linux/index.ts';
import {
  DMA_MAP,
  DMA_UNMAP,
  GET_INFO,
  GET_IRQ_INFO,
  GET_REGION_INFO,
  NO_REPLY,
  REGION_READ,
  REGION_WRITE,
  RESET,
  SET_IRQS,
  concat,
  message,
  pack,
  u32,
  u64,
} from './client.ts';
import { openFds, sharedMaps, withServer } from './harness.ts';
import { randomFrom } from '../../src/packet/testing-random.ts';

const PAGE = 4096;

type Below = (n: number) => number;

/** A message that is right or nearly so. */
function plausible(below: Below): Uint8Array {
  const page = below(16) * PAGE;
  switch (below(9)) {
    case 0:
      return message(DMA_MAP, pack(u32(32), u32(below(4)), u64(below(3) * PAGE), u64(page), u64(below(4) * PAGE)));
    case 1:
      return message(DMA_UNMAP, pack(u32(24), u32(below(8) === 0 ? 2 : 0), u64(page), u64(below(4) * PAGE)));
    case 2: {
      const flags = [0x24, 0x24, 0x21, 0x11, 0x09, 0x14, 1 << below(8), below(256)][below(8)]!;
      return message(SET_IRQS, pack(u32(20), u32(flags), u32(below(4)), u32(below(3)), u32(below(4))));
    }
    case 3:
      return message(GET_REGION_INFO, pack(u32(32), u32(0), u32(below(10)), u32(0), u64(0), u64(0)));
    case 4:
      return message(GET_IRQ_INFO, pack(u32(16), u32(0), u32(below(6)), u32(0)));
    case 5:
      return message(below(2) === 0 ? RESET : GET_INFO, below(2) === 0 ? pack() : new Uint8Array(16).fill(16));
    case 6:
      return message(REGION_READ, pack(u64(below(0x20010)), u32(below(10)), u32(below(600))));
    default: {
      const data = new Uint8Array(below(64)).fill(below(256));
      return message(REGION_WRITE, concat(pack(u64(below(0x20010)), u32(below(10)), u32(data.length)), data), {
        flags: below(2) * NO_REPLY,
      });
    }
  }
}

/** Changes some bytes; a length is left right in most cases, or the session ends at once each time. */
function spoil(bytes: Uint8Array, below: Below): void {
  for (let i = below(4); i > 0; i--) {
    const at = below(bytes.length);
    if (at < 4 || at >= 8 || below(40) === 0) bytes[at] = below(256);
  }
}

/** Descriptors as a message of its kind carries them, or any others. */
function descriptorsFor(bytes: Uint8Array, fds: readonly number[], below: Below): number[] {
  const [memory = -1, , event = -1, other = -1] = fds;
  const view = new DataView(bytes.buffer);
  if (below(4) === 0) return Array.from({ length: below(5) }, () => fds[below(fds.length)]!);
  if (view.getUint16(2, true) === DMA_MAP) return [memory];
  if (view.getUint16(2, true) !== SET_IRQS || bytes.length < 36 || (view.getUint32(20, true) & 4) === 0) return [];
  return Array.from({ length: Math.min(view.getUint32(32, true), 4) }, () => (below(2) === 0 ? event : other));
}

for (const seed of [1, 20261122, 0x5eed, 82576]) {
  test(`random messages, seed ${seed}: no throw, no leak, and a good client is served afterwards`, () =>
    withServer(({ connect, memfd, device, settle }) => {
      const below = randomFrom(seed);
      const fds = [memfd(8 * PAGE), memfd(PAGE, { seal: false }), createEventFd(), createEventFd()];
      settle();
      const before = openFds();
      device.written = (_, offset) => {
        device.client?.writeMessage(0xfee00000, offset);
        device.client?.signal(below(5), below(4));
        device.client?.dma.forWriting(below(20) * PAGE, 8)?.bytes.fill(1, 0, 8);
      };
      let mostMaps = 0;
      for (let session = 0; session < 40; session++) {
        const client = connect().version();
        for (let i = 0; i < 60; i++) {
          const bytes = plausible(below);
          const carried = descriptorsFor(bytes, fds, below);
          if (below(4) === 0) spoil(bytes, below);
          const length = below(200) === 0 ? below(bytes.length) : bytes.length;
          if (!client.send(bytes.subarray(0, length), carried)) break;
          if (below(4) === 0) while (client.receive(0) !== undefined);
        }
        settle();
        mostMaps = Math.max(mostMaps, sharedMaps());
        client.close();
        settle();
        assert.equal(sharedMaps(), 0, `maps, seed ${seed}, session ${session}`);
        assert.equal(openFds(), before, `descriptors, seed ${seed}, session ${session}`);
      }
      const happened = new Set(device.events);
      assert.ok(happened.has('reset'), 'a reset was done');
      assert.ok(happened.has('irqs 0') || happened.has('irqs 2'), 'interrupts were connected');
      assert.ok(mostMaps > 1, 'memory was mapped');
      assert.equal(connect().version().read(0, 0, 4).length, 4);
      close(fds[2]!);
      close(fds[3]!);
    }));
}

test('random bytes end the session at the latest when they claim an impossible length', () =>
  withServer(({ connect, device, settle }) => {
    const below = randomFrom(7);
    for (let i = 0; i < 50; i++) {
      const client = connect().version();
      client.send(Uint8Array.from({ length: 64 + below(3000) }, () => below(256)));
      settle();
      client.close();
      settle();
    }
    assert.equal(device.events.filter((event) => event === 'detached').length, 50);
  }));

test('however a conversation is cut into pieces, the replies are the same', () =>
  withServer(({ connect, settle }) => {
    const below = randomFrom(99);
    const requests = concat(
      ...Array.from({ length: 120 }, (_, i) => {
        const bytes = plausible(below);
        new DataView(bytes.buffer).setUint16(0, i, true);
        return bytes;
      }),
    );
    const converse = (piece: () => number): string[] => {
      const client = connect().version();
      for (let at = 0; at < requests.length;) {
        const end = Math.min(requests.length, at + piece());
        client.send(requests.subarray(at, end));
        at = end;
        settle();
      }
      const seen: string[] = [];
      for (let reply = client.receive(20); reply !== undefined; reply = client.receive(20)) {
        seen.push(`${reply.id} ${reply.command} ${reply.flags} ${reply.errno} ${reply.size}`);
      }
      client.request(DMA_UNMAP, pack(u32(24), u32(2), u64(0), u64(0)));
      client.close();
      settle();
      return seen;
    };
    const whole = converse(() => requests.length);
    assert.ok(whole.length > 60);
    assert.deepEqual(
      converse(() => 1 + below(90)),
      whole,
    );
    assert.deepEqual(
      converse(() => 16),
      whole,
    );
  }));

/** A large frame that is cut in its receivers' buffers leaves what one leaves that is cut first and stored segment by segment. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { pf } from '../../src/devices/igb/tables/index.ts';
import { FastPath } from '../../src/devices/igb/rx/fast-path.ts';
import { DROP_EN, ONE_BUFFER, ReceiveHarness } from '../../src/devices/igb/rx/testing.ts';
import { buildFrame } from '../../src/packet/testing.ts';
import { randomFrom } from '../../src/packet/testing-random.ts';
import type { FrameOffload } from '../../src/ports/index.ts';

const RING = 64;
const QUEUES = 4;
const BROADCAST = new Uint8Array(6).fill(0xff);

function randomFrame(random: (below: number) => number): { frame: Uint8Array; offload: FrameOffload } {
  const [version, ipLength] = random(2) === 0 ? ([4, 20] as const) : ([6, 40] as const);
  const [protocol, l4Length] = random(2) === 0 ? (['tcp', 20] as const) : (['udp', 8] as const);
  const payload = Uint8Array.from({ length: 1 + random(20_000) }, (_, n) => (n * 29) ^ (n >> 6));
  const frame = buildFrame({ version, protocol, payload, flags: 0x18, tags: random(8) === 0 ? [5] : [] });
  if (random(8) === 0) frame.set(BROADCAST);
  // So that they go to different queues.
  frame[(frame[12] === 0x81 ? 18 : 14) + ipLength + 1] = random(256);
  const segmentation = protocol === 'udp' ? 'udp' : version === 4 ? 'tcp4' : 'tcp6';
  const headerLength = 14 + ipLength + l4Length;
  const sums = { needsChecksum: true, checksumStart: 14 + ipLength, checksumOffset: protocol === 'tcp' ? 16 : 6 };
  return { frame, offload: { ...sums, segmentation, headerLength, segmentSize: [536, 1001, 1448, 3000][random(4)]! } };
}

function harness(scales: boolean, drops: boolean): ReceiveHarness {
  const rx = new ReceiveHarness(true);
  rx.context.trace.on.fill(0);
  if (scales) {
    for (let word = 0; word < pf.RSSRK.count; word += 1) rx.set('RSSRK', 0x6d5a_0102 + word * 0x0101_0101, word);
    for (let word = 0; word < pf.RETA.count; word += 1) rx.set('RETA', 0x0302_0100, word);
    rx.set('MRQC', 2 | pf.MRQC.RSS_TCP_IPV4.mask | pf.MRQC.RSS_IPV6.mask);
    rx.set('RXCSUM', pf.RXCSUM.PCSD.mask);
  }
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.LPE.mask);
  rx.set('RLPML', 0x2600);
  const srrctl = drops ? ONE_BUFFER | DROP_EN : ONE_BUFFER;
  for (let queue = 0; queue < QUEUES; queue += 1) rx.ring(queue, { size: RING, srrctl });
  return rx;
}

test('cut in place, or first', () => {
  const placed = mock.method(FastPath.prototype, 'placed');
  for (const scales of [false, true]) {
    for (const drops of [false, true]) {
      const both = [harness(scales, drops), harness(scales, drops)] as const;
      both[1].context.trace.on[both[1].context.events.igb_rx_descriptor] = 1;
      for (let seed = 1; seed <= 60; seed += 1) {
        const ends = both.map((rx) => {
          const random = randomFrom(seed);
          for (let frames = 1 + random(3); frames > 0; frames -= 1) {
            const { frame, offload } = randomFrame(random);
            rx.receive(frame, offload);
          }
          rx.turn();
          const { memory, values, interrupts } = rx;
          rx.interrupts = [];
          const end = { memory: Buffer.from(memory.piece.bytes), values: Uint32Array.from(values), interrupts };
          // The driver takes what has come: heads are where they are, and descriptors fresh.
          for (let queue = 0; queue < QUEUES; queue += 1) {
            const head = rx.head(queue);
            for (let slot = 0; slot < RING; slot += 1) {
              const at = memory.piece.base + queue * 0x1000 + slot * 16;
              memory.poke64(at, rx.bufferAddress(queue, slot));
              memory.poke64(at + 8, 0);
            }
            rx.tail(queue, (head + RING - 1 - random(8)) % RING);
          }
          rx.turn();
          return end;
        });
        const [short, long] = ends as [(typeof ends)[0], (typeof ends)[0]];
        const which = `seed ${seed}, RSS ${scales}, dropping ${drops}`;
        assert.deepEqual(short.values, long.values, which);
        assert.equal(short.memory.compare(long.memory), 0, which);
        assert.deepEqual(short.interrupts, long.interrupts, which);
      }
    }
  }
  assert.ok(placed.mock.callCount() > 500, `${placed.mock.callCount()} segments`);
  mock.restoreAll();
});

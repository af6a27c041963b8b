/**
 * A large packet to a tap gives the same frames at the far end however it gets there: cut by the device, handed over whole, or
 * written by the kernel's own hand from where it lies in the guest. The far end is a tap behind a bridge, for which the
 * kernel finishes all frames.
 */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { pf } from '../../src/devices/igb/tables/index.ts';
import { FakeMemory } from '../../src/devices/igb/testing.ts';
import { makeTestPort } from '../../src/devices/igb/testing-port.ts';
import { command, l4Type, option } from '../../src/devices/igb/tx/descriptor.ts';
import { EventLoop, FrameReader, openTap } from '../../src/linux/index.ts';
import { buildFrame } from '../../src/packet/testing.ts';
import { randomFrom } from '../../src/packet/testing-random.ts';
import type { Wire } from '../../src/ports/index.ts';
import { TapWire } from '../../src/wires/index.ts';
import { ip, testInNamespace } from '../../src/wires/testing-namespace.ts';

const RING = 0x1_0000;
const RING_BYTES = 0x1000;
const BUFFERS = 0x2_0000;
const SOURCE = Uint8Array.of(2, 0, 0, 0, 0, 1);
const FROM = 6;
const CONTEXT = command.DEXT | (2 << 20);
const DATA = command.DEXT | (3 << 20) | command.IFCS;
const LONGEST = 10_000;
const FAR_LIMIT_MS = 1000;

/** A packet that is to be segmented, and how it lies in memory. */
interface Packet {
  readonly version: 4 | 6;
  readonly protocol: 'tcp' | 'udp';
  readonly payloadBytes: number;
  readonly segmentSize: number;
  readonly flags: number;
  /** A tag that the device inserts, or none. */
  readonly tag: number | undefined;
  /** Bytes of each buffer; the last takes the rest, as far as a descriptor can. */
  readonly buffers: readonly number[];
}

/** A port on a wire, and a driver that does what little it takes. */
class Sender {
  readonly #memory: FakeMemory;
  readonly #test: ReturnType<typeof makeTestPort>;
  #tail: number;

  constructor(wire: Wire) {
    this.#memory = new FakeMemory(RING, 0x20_0000, true);
    this.#test = makeTestPort({ sharedMemory: this.#memory, port: { wire } });
    this.#tail = 0;
    const { port, context } = this.#test;
    context.trace.on.fill(0);
    port.write(pf.CTRL.at, port.read(pf.CTRL.at) | pf.CTRL.SLU.mask);
    port.write(pf.TDBAL.at, RING);
    port.write(pf.TDLEN.at, RING_BYTES);
    port.write(pf.TXDCTL.at, pf.TXDCTL.ENABLE.mask);
    port.write(pf.TCTL.at, pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
  }

  send({ version, protocol, segmentSize, tag, ...packet }: Packet): void {
    const payload = Uint8Array.from({ length: packet.payloadBytes }, (_, n) => (n * 31) ^ (n >> 7));
    const frame = buildFrame({ version, protocol, flags: packet.flags, payload });
    const [kind, l4Length] = protocol === 'tcp' ? [l4Type.TCP, 20] : [l4Type.UDP, 8];
    const lengths = (14 << 9) | (version === 4 ? 20 : 40) | ((tag ?? 0) << 16);
    this.#post([lengths, 0, CONTEXT | (kind << 11), (segmentSize << 16) | (l4Length << 8)]);
    const commands = DATA | command.TSE | (tag === undefined ? 0 : command.VLE);
    let address = BUFFERS;
    for (let at = 0, n = 0; at < frame.length; n += 1) {
      const size = Math.min(packet.buffers[n] ?? 0xffff, frame.length - at);
      this.#memory.pokeBytes(address, frame.subarray(at, at + size));
      const last = at + size === frame.length ? command.EOP | command.RS : 0;
      this.#post([address, 0, commands | last | size, option.TXSM | option.IXSM]);
      address += size + (n % 5);
      at += size;
    }
    const { port, context } = this.#test;
    port.write(pf.TDT.at, this.#tail);
    context.tasks.runAll();
  }

  /** What the port counted: frames and bytes. */
  get counted(): readonly number[] {
    return [pf.GPTC, pf.GOTCL, pf.TPT, pf.TSCTC, pf.PTC1522].map(({ at }) => this.#test.port.read(at));
  }

  #post(words: readonly number[]): void {
    words.forEach((word, n) => this.#memory.poke32(RING + this.#tail * 16 + n * 4, word));
    this.#tail = (this.#tail + 1) % (RING_BYTES / 16);
  }
}

function randomPacket(seed: number): Packet {
  const random = randomFrom(seed);
  const pick = <T>(...values: readonly T[]): T => values[random(values.length)]!;
  const segmentSize = pick(536, 1001, 1448, 8000);
  return {
    version: pick(4, 6),
    protocol: pick('tcp', 'udp'),
    // One segment that is full, one byte more, and so on up to what IP can describe.
    payloadBytes: pick(segmentSize, segmentSize + 1, segmentSize * 3, 1 + random(65_000)),
    segmentSize,
    flags: pick(0x10, 0x18, 0x19, 0x90),
    tag: pick(undefined, undefined, 77),
    buffers: pick<readonly number[]>(
      [],
      [54, 16_000, 16_000, 16_000],
      Array.from({ length: random(40) }, () => 1 + random(3000)),
      Array.from({ length: 200 }, () => 1 + random(100)),
      [1, 1, 30, 1, 1, 50],
    ),
  };
}

/** Frames that the kernel makes are not padded. */
function withoutPadding(frame: Uint8Array): string {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const l3 = view.getUint16(12) === 0x8100 ? 18 : 14;
  const end = frame[l3]! >>> 4 === 4 ? l3 + view.getUint16(l3 + 2) : l3 + 40 + view.getUint16(l3 + 4);
  return Buffer.from(frame.subarray(0, end)).toString('hex');
}

function insideTests(): void {
  test('cut here, whole, and from where it lies', () => {
    const loop = new EventLoop();
    const tap = new TapWire({ loop }, { ifname: 'obnear' });
    const { fd } = openTap({ name: 'obfar', vnetHeader: false });
    const bytes = new Uint8Array(LONGEST);
    const far = new FrameReader(fd, 0, bytes, 0, LONGEST);
    ip('link', 'add', 'obbridge', 'type', 'bridge');
    for (const name of ['obnear', 'obfar', 'obbridge']) ip('link', 'set', name, 'mtu', '9000', 'up');
    for (const name of ['obnear', 'obfar']) ip('link', 'set', name, 'master', 'obbridge');
    const received = (count: number): string[] => {
      const frames: string[] = [];
      for (const end = performance.now() + FAR_LIMIT_MS; frames.length < count && performance.now() < end;) {
        const length = far.read();
        // The kernel has its own to say.
        if (length > 0 && SOURCE.every((byte, n) => bytes[FROM + n] === byte))
          frames.push(withoutPadding(bytes.subarray(0, length)));
      }
      return frames;
    };
    const pieces = mock.method(tap, 'sendPieces');
    const whole = mock.method(tap, 'send');
    const plainly = {
      carrier: true,
      send: (...frame: Parameters<Wire['send']>) => tap.send(...frame),
      plug: () => undefined,
      resume: () => undefined,
    };
    const senders = [
      new Sender({ ...plainly, acceptsOffload: false }),
      new Sender({ ...plainly, acceptsOffload: true }),
      new Sender(tap),
    ];
    for (let seed = 1; seed <= 200; seed += 1) {
      const packet = randomPacket(seed);
      const count = Math.ceil(packet.payloadBytes / packet.segmentSize);
      const [cut, ...others] = senders.map((sender) => {
        sender.send(packet);
        return received(count);
      }) as [string[], string[], string[]];
      assert.equal(cut.length, count, `seed ${seed}`);
      for (const other of others) assert.deepEqual(other, cut, `seed ${seed}: ${JSON.stringify(packet)}`);
    }
    const [counted, ...others] = senders.map((sender) => sender.counted);
    for (const other of others) assert.deepEqual(other, counted);
    assert.equal(tap.counters.dropped, 0);
    assert.ok(pieces.mock.callCount() > 100, 'most have more than one segment');
    const large = whole.mock.calls.filter((call) => (call.arguments[3]?.segmentation ?? 'none') !== 'none');
    assert.equal(large.length, pieces.mock.callCount());
    tap.close();
    loop.close();
  });
}

testInNamespace('large packets through a tap, whatever the way', import.meta.url, insideTests);

/**
 * What a frame to or from a tap costs the device's thread, kernel included: `node build/bench/tap.js [CASE…] [--rounds N]` after
 * a build, as root, in a network namespace of its own. A ring of a machine in this process is filled outside of the time
 * that counts. What is sent goes to another host's address, and the kernel drops it at once, or to a UDP socket; what is
 * received comes from one. Prints the median in ns of processor time, by frame or large packet.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BenchCard, poolAddress } from '../src/bench/card.ts';
import { openMachine } from '../src/bench/in-process.ts';
import { BatchReceiver, BatchSender, type Offloads } from '../src/bench/rings.ts';
import { median } from '../src/bench/sample.ts';
import { pf } from '../src/devices/igb/tables/index.ts';
import { update } from '../src/driver/index.ts';
import { bindUdp, DatagramSocket, EventLoop, inetAddress } from '../src/linux/index.ts';
import { setOption } from '../src/linux/socket.ts';
import { threadTimeNs } from '../src/linux/thread-time.ts';
import { buildFrame } from '../src/packet/testing.ts';
import { openWire, parseNetdev } from '../src/wires/index.ts';

const INSIDE = 'OUTBOARD_BENCH_NAMESPACE';
const GUEST = '10.0.0.1';
const HOST = '10.0.0.2';
/** Where `buildFrame` sends to. */
const PORT = 80;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const TIMESTAMPS = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1];
const WARM_UP = 5;

interface TapCase extends Offloads {
  readonly name: string;
  readonly kind: 'to nobody' | 'to a socket' | 'from a socket';
  /** Of a frame, or of a datagram's payload for those received. */
  readonly bytes: number;
  readonly count: number;
}

const cases: readonly TapCase[] = [
  { name: 'tx-64', kind: 'to nobody', bytes: 64, count: 2048 },
  { name: 'tx-1514', kind: 'to nobody', bytes: 1514, count: 2048 },
  { name: 'tx-1514-sum', kind: 'to nobody', bytes: 1514, count: 2048, checksum: true },
  { name: 'tx-1514-socket', kind: 'to a socket', bytes: 1514, count: 512, checksum: true, udp: true },
  { name: 'tso-4k', kind: 'to nobody', bytes: 4096, count: 1024, segmentBytes: 1448 },
  { name: 'tso-16k', kind: 'to nobody', bytes: 16_000, count: 256, segmentBytes: 1448 },
  { name: 'tso-64k', kind: 'to nobody', bytes: 64_000, count: 128, segmentBytes: 1448 },
  { name: 'uso-64k', kind: 'to nobody', bytes: 64_000, count: 128, segmentBytes: 1472, udp: true },
  { name: 'uso-64k-socket', kind: 'to a socket', bytes: 64_000, count: 16, segmentBytes: 1472, udp: true },
  { name: 'rx-64', kind: 'from a socket', bytes: 22, count: 512 },
  { name: 'rx-1514', kind: 'from a socket', bytes: 1472, count: 512 },
  { name: 'rx-uso-64k', kind: 'from a socket', bytes: 44 * 1472, count: 16, segmentBytes: 1472 },
];

/** A batch: made ready, and done. */
interface Batch {
  prepare(): void;
  run(): void;
}

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
const loop = new EventLoop();
const discard = new Uint8Array(65_536);

function frameFor({ bytes, udp, kind }: TapCase, hostAddress: Uint8Array): Uint8Array {
  const headers = udp === true || bytes <= 66 ? 42 : 66;
  const payload = new Uint8Array(bytes - headers).map((_, n) => n * 7);
  const frame = buildFrame(headers === 42 ? { payload, protocol: 'udp' } : { payload, tcpOptions: TIMESTAMPS });
  if (kind === 'to a socket') frame.set(hostAddress);
  return frame;
}

function sending(card: BenchCard, tapCase: TapCase, hostAddress: Uint8Array): Batch {
  const frames = Array.from({ length: tapCase.count }, () => frameFor(tapCase, hostAddress));
  const sender = new BatchSender(card, 0, frames, tapCase);
  const socket = new DatagramSocket(bindUdp('0.0.0.0', PORT));
  return {
    prepare() {
      while (socket.read(discard, 0, discard.length) !== -1);
      card.do(sender.prepare());
    },
    run() {
      const [, ...answers] = card.do([sender.start(), ...sender.look()]);
      sender.check(answers);
      sender.next();
    },
  };
}

function receiving(card: BenchCard, { bytes, count, segmentBytes }: TapCase): Batch {
  update(card.bus, pf.RCTL, 0, pf.RCTL.UPE.mask);
  update(card.bus, pf.RXCSUM, 0, pf.RXCSUM.TUOFL.mask | pf.RXCSUM.IPOFL.mask);
  const receiver = new BatchReceiver(card, 0, count * Math.ceil(bytes / (segmentBytes ?? bytes)), 2048);
  const fd = bindUdp('0.0.0.0', 0);
  if (segmentBytes !== undefined) setOption(fd, SOL_UDP, UDP_SEGMENT, segmentBytes);
  const socket = new DatagramSocket(fd, inetAddress(GUEST, PORT));
  return {
    prepare() {
      card.do(receiver.prepare());
      for (let n = 0; n < count; n += 1) {
        const refused = socket.write(discard, 0, bytes);
        if (refused !== 0) throw new Error(`a datagram was refused: errno ${refused}`);
      }
    },
    run() {
      while (loop.runOnce(0));
      receiver.check(card.do(receiver.look()));
      receiver.next();
    },
  };
}

function measure(tapCase: TapCase, rounds: number): number {
  const wire = openWire(parseNetdev('tap,ifname=obbench'), { loop });
  ip('addr', 'add', `${HOST}/24`, 'dev', 'obbench');
  ip('link', 'set', 'obbench', 'up');
  const hostAddress = /link\/ether (\S+)/.exec(ip('link', 'show', 'obbench'))![1]!.split(':');
  const lladdr = [...poolAddress(0)].map((byte) => byte.toString(16)).join(':');
  ip('neigh', 'replace', GUEST, 'lladdr', lladdr, 'dev', 'obbench');
  const { card, time } = openMachine(wire);
  const batch =
    tapCase.kind === 'from a socket'
      ? receiving(card, tapCase)
      : sending(
          card,
          tapCase,
          Uint8Array.from(hostAddress, (text) => Number.parseInt(text, 16)),
        );
  const samples: number[] = [];
  for (let round = -WARM_UP; round < rounds; round += 1) {
    batch.prepare();
    const before = threadTimeNs();
    batch.run();
    const spent = threadTimeNs() - before;
    time.settle();
    if (round >= 0) samples.push(spent / tapCase.count);
  }
  wire.close();
  return median(samples);
}

const { values, positionals } = parseArgs({ options: { rounds: { type: 'string' } }, allowPositionals: true });
if (process.env[INSIDE] === undefined) {
  const words = ['-n', process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status } = spawnSync('unshare', words, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  process.exitCode = status ?? 1;
} else {
  for (const tapCase of cases) {
    if (positionals.length > 0 && !positionals.includes(tapCase.name)) continue;
    console.log(
      tapCase.name.padEnd(18),
      measure(tapCase, Number(values.rounds ?? 40))
        .toFixed(0)
        .padStart(8),
    );
  }
}

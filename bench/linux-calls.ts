/** Nanoseconds a call of the Linux layer costs on the hot path: `node build/bench/linux-calls.js` after `npm run build`. */
import { arena } from '../src/packet/index.ts';
import {
  close,
  createEventFd,
  datagramPair,
  drain,
  EPOLLIN,
  EventLoop,
  FrameReader,
  FrameWriter,
  MessageSocket,
  read,
  signal,
  streamPair,
  write,
} from '../src/linux/index.ts';

const GOES = 100_000;

/** The best of five rounds, so that other load on the machine shows least. */
function measure(name: string, body: () => void): void {
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    for (let go = 0; go < GOES; go++) body();
    best = Math.min(best, ((performance.now() - begin) * 1e6) / GOES);
  }
  console.log(`${name.padEnd(40)} ${best.toFixed(0).padStart(6)} ns`);
}

const { bytes } = arena;
const event = createEventFd();
measure('eventfd: signal', () => signal(event));
measure('eventfd: signal, drain', () => {
  signal(event);
  drain(event);
});
measure('eventfd: write, read', () => {
  bytes[0] = 1;
  write(event, bytes, 0, 8);
  read(event, bytes, 8, 8);
});
const [left, right] = streamPair().map((fd) => new MessageSocket(fd)) as [MessageSocket, MessageSocket];
measure('unix stream: sendmsg, recvmsg of 32 B', () => {
  left.send(bytes, 0, 32);
  right.receive(bytes, 64, 65_536);
});
measure('unix stream: recvmsg, EAGAIN', () => right.receive(bytes, 64, 65_536));
const pair = datagramPair();
const from = new FrameWriter(pair[0], 10);
const to = new FrameReader(pair[1], 10, bytes, 2048, 65_536);
measure('frame of 1,460 B: writev, read', () => {
  from.write(bytes, 0, 1460);
  to.read();
});
const loop = new EventLoop();
measure('loop: an idle turn', () => loop.runOnce(0));
loop.watch(event, EPOLLIN, () => drain(event));
measure('loop: signal, a turn that drains it', () => {
  signal(event);
  loop.runOnce(0);
});
measure('loop: now', () => loop.now());
loop.unwatch(event);
loop.close();
left.close();
right.close();
for (const fd of [event, ...pair]) close(fd);

/** Which descriptors a loop is deaf to after it interrupted a guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close } from './descriptor.ts';
import { createEventFd, drain, signal } from './event-fd.ts';
import { EPOLLIN } from './epoll.ts';
import { EventLoop } from './event-loop.ts';

const SHORTEST_NAP_NS = 40_000;
const ROUNDS = 200;

/** The shortest of many waits for what a descriptor has to say already, after turns in which a guest was interrupted; in ns. */
function shortestWait(guests: number, speaker: 'guest' | 'wire', replies = false): number {
  const loop = new EventLoop({ haltPolling: true });
  const fds = Array.from({ length: guests + 1 }, () => createEventFd());
  for (const [index, fd] of fds.entries()) loop.watch(fd, EPOLLIN, () => drain(fd), index < guests);
  let shortest = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    signal(fds[0]!);
    loop.interrupted();
    if (replies) loop.replied();
    loop.runOnce(0);
    signal(speaker === 'guest' ? fds[0]! : fds.at(-1)!);
    const beginNs = loop.now();
    assert.equal(loop.runOnce(100), true);
    shortest = Math.min(shortest, loop.now() - beginNs);
  }
  for (const fd of fds) {
    loop.unwatch(fd);
    close(fd);
  }
  loop.close();
  return shortest;
}

test('a guest that was interrupted is heard after a nap', () => {
  assert.ok(shortestWait(1, 'guest') >= SHORTEST_NAP_NS);
});

test('whoever else speaks is heard at once, so is a guest that gets a reply, and each of several guests', () => {
  assert.ok(shortestWait(1, 'wire') < SHORTEST_NAP_NS, 'wire');
  assert.ok(shortestWait(1, 'guest', true) < SHORTEST_NAP_NS, 'reply');
  assert.ok(shortestWait(2, 'guest') < SHORTEST_NAP_NS, 'two guests');
});

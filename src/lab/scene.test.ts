import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingAnswers, pingSummary } from './scene.ts';

test("ping's summary gives losses and mean time", () => {
  const text = `--- 10.0.0.1 ping statistics ---
10 packets transmitted, 8 received, 20% packet loss, time 180ms
rtt min/avg/max/mdev = 0.300/0.512/0.900/0.100 ms
`;
  assert.deepEqual(pingSummary(text), { lost: 2, meanMs: 0.512 });
});

test('without an answer there is no time; without a summary it is an error that quotes ping', () => {
  const text = '3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2031ms\n';
  assert.deepEqual(pingSummary(text), { lost: 3, meanMs: Infinity });
  assert.throws(() => pingSummary('', 'ping: connect: Network is unreachable\n'), /Network is unreachable/);
});

test('packets without an answer are found by number; those sent after the count do not matter', () => {
  const text = `64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=1.0 ms
64 bytes from fd00::1: icmp_seq=3 ttl=64 time=1.0 ms
64 bytes from 10.0.0.1: icmp_seq=4 ttl=64 time=1.0 ms
From 10.0.0.2 icmp_seq=2 Destination Host Unreachable
`;
  assert.equal(missingAnswers(text, 3), 1);
  assert.equal(missingAnswers(text, 5), 2);
  assert.equal(missingAnswers('', 3), 3);
});

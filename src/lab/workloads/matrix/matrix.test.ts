import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { blocks, datagramLength, type CheckResult, tagOf } from './checks.ts';
import { judgePing, judgeTcp } from './judge.ts';
import type { MatrixResult } from './matrix.ts';
import type { Place } from './place.ts';
import { Station } from './station.ts';
import { matrixTable } from './table.ts';

const hash = 'ab'.repeat(32);
const place: Place = {
  name: 'guest',
  folder: '/run/matrix',
  try: () => Promise.resolve({ status: 0, stdout: '', stderr: '' }),
  start: () => Promise.resolve(),
};

function station(label: string, number: number): Station {
  return new Station({ label, place, interfaceName: 'eth0', number });
}

function answers(...numbers: number[]): string {
  const lines = numbers.map((number) => `64 bytes from 10.82.57.1: icmp_seq=${number} ttl=64 time=1.5 ms`);
  return `${lines.join('\n')}\n\n3 packets transmitted, ${numbers.length} received, 0% packet loss\nrtt min/avg/max/mdev = 1.0/1.5/2.0/0.1 ms`;
}

test('a ping is good where each number has one answer', () => {
  assert.deepEqual(judgePing(answers(1, 2, 3), 3), { ok: true, detail: '1.5 ms' });
  assert.deepEqual(judgePing(answers(1, 3, 4), 3), { ok: false, detail: '1 of 3 pings unanswered' });
  assert.equal(judgePing(answers(1, 2, 3).replace('1.5 ms', '1.5 ms (DUP!)'), 3).ok, false);
  assert.equal(judgePing('connect: Network is unreachable', 3).ok, false);
  assert.equal(judgePing(undefined, 3).ok, false);
});

test("a transfer is good where the receiver's hash is the sender's", () => {
  assert.deepEqual(judgeTcp(`${hash}  -\nhundredths 100`, hash, 1_000_000), { ok: true, detail: '8 Mb/s' });
  assert.equal(judgeTcp(`${'cd'.repeat(32)}  -\nhundredths 100`, hash, 1).detail, 'TCP: SHA-256 differs');
  const refused = '2026/11/22 socat[12] E connect(5, ...): Connection refused\nhundredths 0';
  assert.equal(judgeTcp(refused, hash, 1).detail, 'TCP: connect(5, ...): Connection refused');
  assert.equal(judgeTcp(undefined, hash, 1).ok, false);
});

test('blocks of a script end where they say, and one that was cut short is missing', () => {
  const found = blocks('begin a\none\nend\nnoise\nbegin b 4\ntwo\nthree\nend\nbegin c\nhalf');
  assert.deepEqual(
    [...found],
    [
      ['a', 'one'],
      ['b 4', 'two\nthree'],
    ],
  );
});

test('tags of datagrams have one length and differ by kind and by sender', () => {
  const stations = [station('VF1', 11), station('VF1@B', 12)];
  const tags = stations.flatMap((from) =>
    (['unicast', 'multicast', 'broadcast'] as const).map((kind) => tagOf(kind, from)),
  );
  assert.equal(new Set(tags).size, tags.length);
  assert.ok(tags.every((tag) => tag.length === tags[0]!.length && tag.length < datagramLength));
});

test('addresses of a station differ from those of another and from those in its VLAN', () => {
  const [a, b] = [station('PF', 2), station('VF5', 15)];
  const all = [a, b].flatMap((one) =>
    ([4, 6] as const).flatMap((family) => [one.address(family), one.vlanAddress(family)]),
  );
  assert.equal(new Set(all).size, 8);
  assert.equal(b.address(6), 'fd82:5760::f');
});

test('a command of a station in a namespace runs there', () => {
  const vf = new Station({ label: 'VF0', place, namespace: 'vf0', interfaceName: 'eth1', number: 10 });
  assert.equal(vf.inside('true'), 'ip netns exec vf0 true');
  assert.equal(station('PF', 2).inside('true'), 'true');
});

test('the table has a row a sender, a column a receiver, and in each cell what failed', () => {
  const check = (from: string, to: string, family: 4 | 6, ok: boolean): CheckResult => ({
    from,
    to,
    check: 'udp',
    family,
    ok,
    detail: '',
  });
  const checks = [
    check('PF', 'VF0', 4, true),
    check('PF', 'VF0', 6, true),
    check('VF0', 'PF', 4, false),
    check('VF0', 'PF', 6, true),
  ];
  const result: MatrixResult = {
    title: 'one guest',
    form: 'quick',
    stations: ['PF', 'VF0'],
    checks,
    floods: [],
    ok: false,
  };
  const lines = matrixTable(result)
    .split('\n')
    .map((line) => stripVTControlCharacters(line));
  assert.ok(lines.some((line) => /PF +│ · +│ ✔ 2 +│/.test(line)));
  assert.ok(lines.some((line) => /VF0 +│ ✖ 1 of 2 │ · +│/.test(line)));
  assert.ok(lines.some((line) => line.includes('udp4')));
});

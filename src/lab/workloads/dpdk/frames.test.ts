import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, parse, payload, type Transport } from './frames.ts';
import { seenPackets } from './port.ts';
import { toeplitz } from './queues.ts';

const destination = '52:54:00:82:57:60';

for (const version of [4, 6] as const)
  for (const transport of ['udp', 'tcp', 'sctp'] as readonly Transport[])
    void test(`checksums of ${transport} over IPv${version} are judged right, and wrong where they are`, () => {
      for (const length of [18, 61]) {
        const right = { destination, version, transport, payload: payload(length) };
        const { ip } = parse(build(right));
        assert.equal(ip?.transport, transport);
        assert.deepEqual([ip.headerRight, ip.transportRight], [true, true]);
        assert.equal(parse(build({ ...right, wrong: 'transport' })).ip?.transportRight, false);
      }
    });

void test("a wrong checksum of IPv4's header is seen", () => {
  assert.equal(parse(build({ destination, wrong: 'ip' })).ip?.headerRight, false);
});

void test('tags are read outer first', () => {
  const tags = [
    { protocol: 0x88a8, tci: 200 },
    { protocol: 0x8100, tci: 100 },
  ];
  const parsed = parse(build({ destination, tags }));
  assert.deepEqual(parsed.tags, tags);
  assert.equal(parsed.ip?.transportRight, true);
});

void test("the hash is that of Microsoft's published example: TCP over IPv4 from 66.9.149.187:2794", () => {
  const key = Buffer.from('6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa', 'hex');
  const input = Buffer.from([66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6]);
  assert.equal(toeplitz(key, input), 0x51ccc178);
});

void test('lines of testpmd about received packets', () => {
  const [seen, ...more] = seenPackets(
    [
      'port 0/queue 1: received 1 packets',
      'port 0,   src=02:82:57:60:00:01 - dst=52:54:00:82:57:60 - pool=mb_pool_0 - type=0x0800 - length=66 - nb_segs=1 - RSS hash=0x71d7cf91 - RSS queue=0x1 - VLAN tci=0xa064 - hw ptype: L2_ETHER L3_IPV4 L4_SCTP  - sw ptype: L2_ETHER L3_IPV4 L4_SCTP  - l2_len=14 - l3_len=20 - l4_len=12 - Receive queue=0x1',
      '  ol_flags: RTE_MBUF_F_RX_VLAN RTE_MBUF_F_RX_RSS_HASH RTE_MBUF_F_RX_L4_CKSUM_GOOD ',
    ].join('\n'),
  );
  assert.deepEqual(more, []);
  assert.deepEqual(seen, {
    destination,
    etherType: 0x0800,
    length: 66,
    segments: 1,
    queue: 1,
    rssHash: 0x71d7cf91,
    vlan: 0xa064,
    type: 'L2_ETHER L3_IPV4 L4_SCTP',
    flags: ['VLAN', 'RSS_HASH', 'L4_CKSUM_GOOD'],
  });
});

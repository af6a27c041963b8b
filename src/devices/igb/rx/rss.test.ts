import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketHeaders } from '../../../packet/headers.ts';
import { buildFrame, concatenate, fromHex } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { poolQueue, portQueue } from './queue-select.ts';
import { RSS_TYPE, ReceiveSideScaling, rssType } from './rss.ts';
import { makeValues } from './testing.ts';

const { MRQC, RFCTL } = pf;
const KEY = '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa';

function parse(frame: Uint8Array): PacketHeaders {
  const headers = new PacketHeaders();
  headers.parse(frame, 0, frame.length);
  return headers;
}

/** An IPv6 TCP frame with extension headers (the first `next` names) between the IP and the TCP header. */
function withExtension(next: number, extension: Uint8Array): Uint8Array {
  const frame = buildFrame({ version: 6, payload: new Uint8Array(40) });
  const length = frame.length - 54 + extension.length;
  const ip = frame.slice(14, 54);
  ip[4] = length >>> 8;
  ip[5] = length & 0xff;
  ip[6] = next;
  return concatenate(frame.subarray(0, 14), ip, extension, frame.subarray(54));
}

const HOME = 'fd00 0000 0000 0000 0000 0000 0000 0099';
/** Destination options with a home address (RFC 6275), and padding. */
const homeAddress = withExtension(60, fromHex(`0602 01020000 c910 ${HOME}`));
const hopByHop = withExtension(0, fromHex('06 00 01 04 00000000'));
/** A first fragment: the bit is set without mending the header checksum, which RSS does not look at. */
const fragment = buildFrame({ payload: new Uint8Array(40) });
fragment[20] = 0x20;

test('types by what MRQC allows, falling back to addresses (§4.6)', () => {
  const all = 0x01ff0000;
  const tcp4 = parse(buildFrame());
  const udp4 = parse(buildFrame({ protocol: 'udp' }));
  const tcp6 = parse(buildFrame({ version: 6 }));
  const udp6 = parse(buildFrame({ version: 6, protocol: 'udp' }));
  assert.equal(rssType(all, 0, tcp4), RSS_TYPE.ipv4Tcp);
  assert.equal(rssType(all, 0, udp4), RSS_TYPE.ipv4Udp);
  assert.equal(rssType(all, 0, tcp6), RSS_TYPE.ipv6Tcp);
  assert.equal(rssType(all, 0, udp6), RSS_TYPE.ipv6Udp);
  assert.equal(rssType(all, 0, parse(buildFrame({ protocol: 'sctp' }))), RSS_TYPE.ipv4);
  assert.equal(rssType(all, 0, parse(fragment)), RSS_TYPE.ipv4, 'a fragment');
  assert.equal(rssType(all, 0, parse(new Uint8Array(60))), RSS_TYPE.none);
  assert.equal(rssType(MRQC.RSS_TCP_IPV4.mask, 0, udp4), RSS_TYPE.none);
  // What Linux turns on, without and with its flag for UDP over IPv4.
  const linux =
    MRQC.RSS_TCP_IPV4.mask |
    MRQC.RSS_IPV4.mask |
    MRQC.RSS_TCP_IPV6.mask |
    MRQC.RSS_IPV6.mask |
    MRQC.RSS_TCP_IPV6_EX.mask;
  assert.deepEqual(
    [tcp4, udp4, tcp6, udp6].map((headers) => rssType(linux, RFCTL.IPV6_EX_DIS.mask, headers)),
    [RSS_TYPE.ipv4Tcp, RSS_TYPE.ipv4, RSS_TYPE.ipv6Tcp, RSS_TYPE.ipv6],
  );
  assert.equal(rssType(linux | MRQC.RSS_UDP_IPV4.mask, 0, udp4), RSS_TYPE.ipv4Udp);
});

test('IPv6 extension headers: Ex hashes, and the two bits of RFCTL against them', () => {
  const all = 0x01ff0000;
  assert.notEqual(parse(homeAddress).homeAddressOffset, 0);
  assert.equal(rssType(all, 0, parse(homeAddress)), RSS_TYPE.ipv6TcpEx);
  assert.equal(rssType(all, RFCTL.NEW_IPV6_EXT_DIS.mask, parse(homeAddress)), RSS_TYPE.ipv6);
  assert.equal(rssType(all, RFCTL.IPV6_EX_DIS.mask, parse(homeAddress)), RSS_TYPE.ipv6);
  assert.equal(rssType(all, 0, parse(hopByHop)), RSS_TYPE.ipv6Tcp);
  assert.equal(rssType(all, RFCTL.NEW_IPV6_EXT_DIS.mask, parse(hopByHop)), RSS_TYPE.ipv6Tcp);
  assert.equal(rssType(all, RFCTL.IPV6_EX_DIS.mask, parse(hopByHop)), RSS_TYPE.ipv6);
  assert.equal(rssType(MRQC.RSS_TCP_IPV6_EX.mask, 0, parse(buildFrame({ version: 6 }))), RSS_TYPE.ipv6TcpEx);
});

function scaling(mode: number, fields: number): { values: Uint32Array; rss: ReceiveSideScaling } {
  const values = makeValues();
  values[MRQC.index] = mode | fields;
  values.set(new Uint32Array(fromHex(KEY).buffer), pf.RSSRK.index);
  for (let entry = 0; entry < 128; entry += 1) {
    values[pf.RETA.index + (entry >>> 2)]! |= (entry & 0xf) << ((entry & 3) * 8);
  }
  return { values, rss: new ReceiveSideScaling(values) };
}

/** The first published vector as a frame: 66.9.149.187:2794 to 161.142.100.80:1766, hash 51ccc178 and 323e8fc2. */
function vectorFrame(): Uint8Array {
  const frame = buildFrame();
  frame.set([66, 9, 149, 187, 161, 142, 100, 80], 26);
  frame.set([2794 >>> 8, 2794 & 0xff, 1766 >>> 8, 1766 & 0xff], 34);
  return frame;
}

test('the hash of a frame anywhere in memory, and its entry of the table', () => {
  const { values, rss } = scaling(2, MRQC.RSS_TCP_IPV4.mask | MRQC.RSS_IPV4.mask);
  const frame = vectorFrame();
  rss.classify(concatenate(new Uint8Array(33), frame), 33, parse(frame));
  assert.equal(rss.hash >>> 0, 0x51ccc178);
  assert.equal(portQueue(values, rss), 0x78 & 0xf);
  values[MRQC.index] = 2 | MRQC.RSS_IPV4.mask;
  rss.classify(frame, 0, parse(frame));
  assert.equal(rss.hash >>> 0, 0x323e8fc2);
  assert.equal(portQueue(values, rss), 0x42 & 0xf);
});

test('the Ex hash takes the home address as source', () => {
  const { rss } = scaling(2, MRQC.RSS_IPV6_EX.mask);
  rss.classify(homeAddress, 0, parse(homeAddress));
  const ex = rss.hash;
  const plain = homeAddress.slice();
  plain.set(fromHex(HOME), 22);
  const reference = scaling(2, MRQC.RSS_IPV6.mask).rss;
  reference.classify(plain, 0, parse(plain));
  assert.equal(rss.type, RSS_TYPE.ipv6Ex);
  assert.equal(ex, reference.hash);
});

test('queues by mode: DEF_Q, RSS, pool, and the second queue of a pool by bit 3 of the entry, as Linux shifts it', () => {
  const { values, rss } = scaling(0, 0);
  values[MRQC.index] = 5 << MRQC.DEF_Q.shift;
  assert.equal(portQueue(values, rss), 5);
  values[MRQC.index] = 2;
  rss.classify(new Uint8Array(60), 0, parse(new Uint8Array(60)));
  assert.equal(portQueue(values, rss), 0, 'no hash');
  values[MRQC.index] = 3;
  assert.equal(poolQueue(values, 6, rss), 6);
  const both = scaling(5, MRQC.RSS_TCP_IPV4.mask);
  both.rss.classify(vectorFrame(), 0, parse(vectorFrame()));
  assert.equal(both.rss.redirection(), 8);
  assert.equal(poolQueue(both.values, 6, both.rss), 6, 'without VMOLR.RSSE');
  both.values[pf.VMOLR.index + 6 * pf.VMOLR.step]! |= pf.VMOLR.RSSE.mask;
  assert.equal(poolQueue(both.values, 6, both.rss), 14);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { PacketHeaders } from './headers.ts';
import { buildFrame, concatenate, fromHex } from './testing.ts';

function parse(frame: Uint8Array): PacketHeaders {
  const headers = new PacketHeaders();
  const shifted = concatenate([0xee, 0xee, 0xee], frame, [0xee]);
  headers.parse(shifted, 3, frame.length);
  return headers;
}

/** IPv6 with the given extension headers in front of a UDP datagram of 4 bytes of payload. */
function withExtensions(first: number, extensions: readonly number[]): Uint8Array {
  const plain = buildFrame({ version: 6, protocol: 'udp', payload: [1, 2, 3, 4] });
  const frame = concatenate(plain.subarray(0, 54), extensions, plain.subarray(54));
  frame[19] = frame.length - 54;
  frame[20] = first;
  return frame;
}

test('a plain TCP segment', () => {
  const headers = parse(buildFrame({ flags: 0x1c2, payload: [1, 2, 3], tcpOptions: [1, 1, 1, 0] }));
  assert.deepEqual(Object.fromEntries(Object.entries(headers)), {
    vlanType: 0x8100,
    frameLength: 61,
    vlanCount: 0,
    outerTag: 0,
    innerTag: 0,
    etherType: 0x800,
    l3Offset: 14,
    ipVersion: 4,
    l3Length: 20,
    l3Extended: false,
    l3End: 61,
    truncated: false,
    identification: 7,
    fragment: false,
    fragmentOffset: 0,
    protocol: 6,
    finalDestinationOffset: 0,
    homeAddressOffset: 0,
    l4Offset: 34,
    l4Length: 24,
    sourcePort: 5000,
    destinationPort: 80,
    tcpFlags: 0x1c2,
    payloadOffset: 58,
  });
});

test('two tags, IPv4 options, UDP', () => {
  const headers = parse(buildFrame({ protocol: 'udp', tags: [0x2005, 0x0006], ipOptions: [1, 1, 1, 0], payload: [9] }));
  assert.deepEqual([headers.vlanCount, headers.outerTag, headers.innerTag], [2, 0x2005, 6]);
  assert.deepEqual([headers.l3Offset, headers.l3Length, headers.l3Extended], [22, 24, true]);
  assert.deepEqual([headers.l4Offset, headers.l4Length, headers.payloadOffset], [46, 8, 54]);
});

test('a third tag is no tag any more, and VET names another EtherType', () => {
  assert.equal(parse(buildFrame({ tags: [1, 2, 3] })).etherType, 0x8100);
  const frame = buildFrame({ tags: [1] });
  frame[12] = 0x91;
  const headers = new PacketHeaders();
  headers.parse(frame, 0, frame.length);
  assert.equal(headers.vlanCount, 0);
  headers.vlanType = 0x9100;
  headers.parse(frame, 0, frame.length);
  assert.deepEqual([headers.vlanCount, headers.protocol], [1, 6]);
});

test('padding behind the IP packet is not its payload', () => {
  const headers = parse(
    concatenate(
      buildFrame({ payload: [1] }),
      Array.from({ length: 5 }, () => 0),
    ),
  );
  assert.deepEqual([headers.frameLength, headers.l3End, headers.truncated], [60, 55, false]);
});

test('IPv4 fragments: the first has ports, a later one has none', () => {
  const first = buildFrame({ protocol: 'udp', payload: [1, 2, 3, 4] });
  first[20] = 0x20;
  assert.deepEqual([parse(first).fragment, parse(first).l4Length, parse(first).sourcePort], [true, 8, 5000]);
  const later = first.slice();
  later[21] = 3;
  const headers = parse(later);
  assert.deepEqual([headers.fragment, headers.fragmentOffset, headers.l4Length, headers.sourcePort], [true, 24, 0, 0]);
});

test('IPv6 extension headers are stepped over: hop-by-hop, destination options, fragment', () => {
  const headers = parse(withExtensions(0, [60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 9]));
  assert.deepEqual([headers.protocol, headers.l3Length, headers.l3Extended], [17, 64, true]);
  assert.deepEqual([headers.fragment, headers.fragmentOffset, headers.l4Length], [true, 0, 8]);
});

test('IPv6: the addresses of a routing header and of a home address option are found', () => {
  const address = Array.from({ length: 16 }, () => 0x11);
  const headers = parse(
    withExtensions(43, [60, 2, 2, 1, 0, 0, 0, 0, ...address, 17, 2, 1, 2, 0, 0, 201, 16, ...address]),
  );
  assert.equal(headers.protocol, 17);
  assert.deepEqual([headers.finalDestinationOffset, headers.homeAddressOffset], [62, 86]);
  const used = parse(withExtensions(43, [17, 2, 2, 0, 0, 0, 0, 0, ...address]));
  assert.equal(used.finalDestinationOffset, 0);
});

test('SCTP and ICMP', () => {
  assert.deepEqual(parse(buildFrame({ protocol: 'sctp', payload: [1] })).l4Length, 12);
  const echo = concatenate(buildFrame({ protocol: 'udp' }).subarray(0, 34), [8, 0, 0, 0, 0, 1, 0, 2]);
  echo[23] = 1;
  assert.deepEqual([parse(echo).protocol, parse(echo).l4Length, parse(echo).sourcePort], [1, 8, 0]);
});

test('impossible lengths: too short for Ethernet, for IP, header lengths that lie', () => {
  assert.equal(parse(fromHex('0102030405060708090a0b0c08')).etherType, -1);
  const frame = buildFrame({ payload: [1, 2] });
  assert.equal(parse(frame.subarray(0, 33)).ipVersion, 0);
  const longer = frame.slice();
  longer[14] = 0x4f;
  assert.equal(parse(longer.subarray(0, 70)).ipVersion, 0);
  const offset = frame.slice();
  offset[46] = 0xf0;
  assert.deepEqual([parse(offset).protocol, parse(offset).l4Length], [6, 0]);
  const claims = frame.slice();
  claims[16] = 0xff;
  assert.deepEqual([parse(claims).truncated, parse(claims).l3End], [true, 56]);
});

test('any bytes give offsets within the frame', () => {
  const start = fc.constantFrom(...[4, 6].flatMap((version) => [0, 1, 2].map((tags) => ({ version, tags }))));
  fc.assert(
    fc.property(
      start,
      fc.array(fc.tuple(fc.nat(119), fc.nat(255)), { maxLength: 12 }),
      fc.nat(120),
      (kind, pokes, size) => {
        const version = kind.version === 4 ? 4 : 6;
        const frame = buildFrame({ version, tags: [1, 2].slice(0, kind.tags), payload: new Uint8Array(40) });
        for (const [at, value] of pokes) frame[at % frame.length] = value;
        const headers = parse(frame.subarray(0, size));
        const length = Math.min(size, frame.length);
        assert.ok(headers.l3Offset <= length && headers.l3End <= length && headers.l4Offset <= length);
        assert.ok(headers.payloadOffset <= length && headers.l4Offset + headers.l4Length <= length);
        if (headers.ipVersion !== 0) assert.ok(headers.l3Offset + headers.l3Length <= length);
        if (headers.finalDestinationOffset !== 0) assert.ok(headers.finalDestinationOffset + 16 <= length);
        if (headers.homeAddressOffset !== 0) assert.ok(headers.homeAddressOffset + 16 <= length);
      },
    ),
    { numRuns: 500 },
  );
});

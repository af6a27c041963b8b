import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatIpv6, formatMac, parseMac } from './address.ts';
import { printPacket } from './print.ts';
import { buildFrame, fromHex } from './testing.ts';

const macs = '02:00:00:00:00:01 > 02:00:00:00:00:02';

function line(frame: Uint8Array): string {
  return printPacket(frame, 0, frame.length);
}

test('lines for TCP, UDP with tags, ARP and an unknown EtherType', () => {
  assert.equal(
    line(buildFrame({ flags: 0x12, payload: [1, 2] })),
    `${macs}, IP 10.0.0.1.5000 > 10.0.0.2.80: TCP [S.] seq 1000 ack 77 win 512 length 2`,
  );
  assert.equal(
    line(buildFrame({ version: 6, protocol: 'udp', tags: [0x2005, 6] })),
    `${macs}, vlan 5, vlan 6, IP6 fe80::ff:fe00:1.5000 > fe80::ff:fe00:2.80: UDP length 0`,
  );
  const arp = fromHex('ffffffffffff 020000000001 0806 0001 0800 0604 0001 020000000001 0a000001 000000000000 0a000002');
  assert.equal(line(arp), '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ARP who-has 10.0.0.2 tell 10.0.0.1');
  assert.equal(line(fromHex('020000000002 020000000001 88cc 0000')), `${macs}, ethertype 0x88cc length 16`);
  assert.equal(line(fromHex('0200')), '[2 bytes: no Ethernet header]');
});

test('any bytes give one line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const text = line(bytes);
      assert.ok(text.length > 0 && !/\n|undefined|NaN/.test(text));
    }),
  );
});

test('MAC addresses both ways', () => {
  assert.deepEqual(parseMac('52:54:00:Ab:0:ff'), fromHex('525400ab00ff'));
  assert.deepEqual(parseMac('52-54-00-ab-00-ff'), fromHex('525400ab00ff'));
  assert.equal(formatMac(fromHex('00525400ab00ff'), 1), '52:54:00:ab:00:ff');
  for (const wrong of ['', '52:54:00:ab:00', '52:54:00:ab:00:ff:11', '52:54:00:ab:00:fg', '525:4:0:0:0:0']) {
    assert.equal(parseMac(wrong), undefined);
  }
});

test('IPv6 addresses as RFC 5952 §4 wants them', () => {
  const cases = {
    '00000000000000000000000000000000': '::',
    '00000000000000000000000000000001': '::1',
    '20010db8000000000001000000000001': '2001:db8::1:0:0:1',
    '20010db8000100010001000100000001': '2001:db8:1:1:1:1:0:1',
    '20010db8000000000000000000000000': '2001:db8::',
  };
  for (const [bytes, text] of Object.entries(cases)) assert.equal(formatIpv6(fromHex(bytes)), text);
});

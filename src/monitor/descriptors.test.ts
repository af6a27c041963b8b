import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeReceive, describeTransmit } from './descriptors.ts';

const words = (...four: number[]): Uint32Array => Uint32Array.from(four);

test('a receive descriptor is what is offered, or what was written back', () => {
  assert.equal(describeReceive(words(0x1000, 1, 0x2000, 0), false, false), 'buffer 0x100001000 header 0x2000');
  assert.equal(
    describeReceive(words(0x112, 0xabcd, 0x2b, 0x0064_0040), false, true),
    'DD EOP VP L4CS length 64 IPV4 TCP RSS type 2 hash 0x0000abcd VLAN 100',
  );
  assert.equal(describeReceive(words(0x1000, 0, 0x2b, 0), false, false), 'buffer 0x1000 header 0x2b', 'offered again');
  assert.equal(describeReceive(words(0x1000, 0, 60, 0x2003), true, true), 'buffer 0x1000 DD EOP TCPE length 60');
  assert.equal(describeReceive(words(0x1000, 0, 0, 0), true, true), 'buffer 0x1000');
});

test('transmit descriptors of each kind', () => {
  assert.equal(
    describeTransmit(words(0x3000, 0, (0x2b00_0000 | (3 << 20) | 1514) >>> 0, (1500 << 14) | 0x300)),
    'data buffer 0x3000 length 1514 EOP IFCS RS IXSM TXSM PAYLEN 1500 context 0',
  );
  assert.equal(
    describeTransmit(words(0x3000, 0, (0x2b00_0000 | (3 << 20) | 64) >>> 0, 1)),
    'data DD buffer 0x3000 length 64 EOP IFCS RS',
  );
  assert.equal(
    describeTransmit(words((14 << 9) | 20 | (5 << 16), 0, 0x2020_0800, (1448 << 16) | (20 << 8))),
    'context 0: TCP MACLEN 14 IPLEN 20 L4LEN 20 MSS 1448 VLAN 5',
  );
  assert.equal(describeTransmit(words(0x3000, 0, 0x0b00_0040, 0)), 'legacy buffer 0x3000 length 64 EOP IFCS RS');
  assert.match(describeTransmit(words(1, 2, 0x2050_0000, 4)), /^type 5: /);
  assert.equal(describeTransmit(words(0, 0, 0, 0)), 'empty');
});

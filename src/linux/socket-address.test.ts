import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemError } from './errors.ts';
import { inetAddress, unixAddress } from './socket-address.ts';

const hex = (block: { readonly bytes: Uint8Array }, length: number): string =>
  Buffer.from(block.bytes.subarray(0, length)).toString('hex');

test('sockaddr_in: family in host order, port and address in network order', () => {
  const { block, length } = inetAddress('10.0.2.15', 0x1234);
  assert.equal(length, 16);
  assert.equal(hex(block, 8), '020012340a00020f');
});

for (const [host, expected] of [
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['fe80::a:b', 'fe8000000000000000000000000a000b'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['1::', '00010000000000000000000000000000'],
  ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
] as const) {
  test(`sockaddr_in6 of ${host}`, () => {
    const { block, length } = inetAddress(host, 80);
    assert.equal(length, 28);
    assert.equal(hex(block, 28).slice(0, 8), '0a000050');
    assert.equal(hex(block, 28).slice(16, 48), expected);
  });
}

test('a link-local address carries its scope', () => {
  assert.equal(inetAddress('fe80::1%3', 1).block.view.getUint32(24, true), 3);
});

test('names, bad ports and long paths are refused', () => {
  const refused = (code: string) => (error: unknown) => error instanceof SystemError && error.code === code;
  assert.throws(() => inetAddress('example', 1), refused('EINVAL'));
  assert.throws(() => inetAddress('10.0.0.1', 65536), refused('EINVAL'));
  assert.throws(() => unixAddress(''), refused('ENAMETOOLONG'));
  assert.throws(() => unixAddress('x'.repeat(108)), refused('ENAMETOOLONG'));
  assert.equal(unixAddress('x'.repeat(107)).length, 110);
  assert.equal(unixAddress('\0name').length, 7, 'an abstract name has no NUL at its end');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ToeplitzHash } from './toeplitz.ts';

/** The key of the published verification suite. */
const KEY = '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa';

function keyRegisters(hex: string): Uint32Array {
  return new Uint32Array(Uint8Array.from(Buffer.from(hex, 'hex')).buffer);
}

function ipv4(text: string): number[] {
  return text.split('.').map(Number);
}

/** Eight groups, with one :: allowed. */
function ipv6(text: string): number[] {
  const [head, tail] = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups =
    tail === undefined ? head! : [...head!, ...Array<string>(8 - head!.length - tail.length).fill('0'), ...tail];
  return groups.flatMap((group) => [parseInt(group, 16) >>> 8, parseInt(group, 16) & 0xff]);
}

/** Source, source port, destination, destination port, hash with ports, hash of addresses alone. */
const vectors: readonly (readonly [string, number, string, number, number, number])[] = [
  ['66.9.149.187', 2794, '161.142.100.80', 1766, 0x51ccc178, 0x323e8fc2],
  ['199.92.111.2', 14230, '65.69.140.83', 4739, 0xc626b0ea, 0xd718262a],
  ['24.19.198.95', 12898, '12.22.207.184', 38024, 0x5c2b394a, 0xd2d0a5de],
  ['38.27.205.30', 48228, '209.142.163.6', 2217, 0xafc7327f, 0x82989176],
  ['153.39.163.191', 44251, '202.188.127.2', 1303, 0x10e828a2, 0x5d1809c5],
  ['3ffe:2501:200:1fff::7', 2794, '3ffe:2501:200:3::1', 1766, 0x40207d3d, 0x2cc18cd5],
  ['3ffe:501:8::260:97ff:fe40:efab', 14230, 'ff02::1', 4739, 0xdde51bbf, 0x0f0c461c],
  ['3ffe:1900:4545:3:200:f8ff:fe21:67cf', 44251, 'fe80::200:f8ff:fe21:67cf', 38024, 0x02d1feef, 0x4b61e985],
];

test('the published vectors of Microsoft hold (§4.6)', () => {
  const toeplitz = new ToeplitzHash();
  toeplitz.useKey(keyRegisters(KEY), 0);
  for (const [source, sourcePort, destination, destinationPort, withPorts, addresses] of vectors) {
    const parse = source.includes(':') ? ipv6 : ipv4;
    const bytes = Uint8Array.from([
      ...parse(source),
      ...parse(destination),
      sourcePort >>> 8,
      sourcePort & 0xff,
      destinationPort >>> 8,
      destinationPort & 0xff,
    ]);
    const size = (bytes.length - 4) / 2;
    assert.equal(toeplitz.hash(bytes, 0, size, size, 2 * size) >>> 0, withPorts, source);
    assert.equal(toeplitz.hash(bytes, 0, size, size, -1) >>> 0, addresses, source);
  }
});

test('a new key takes effect, and the key of zeros hashes everything to zero', () => {
  const toeplitz = new ToeplitzHash();
  const bytes = Uint8Array.of(66, 9, 149, 187, 161, 142, 100, 80, 10, 234, 6, 230);
  assert.equal(toeplitz.hash(bytes, 0, 4, 4, 8) >>> 0, 0);
  const registers = keyRegisters(KEY);
  toeplitz.useKey(registers, 0);
  assert.equal(toeplitz.hash(bytes, 0, 4, 4, 8) >>> 0, 0x51ccc178);
  registers[9]! ^= 1;
  toeplitz.useKey(registers, 0);
  assert.equal(toeplitz.hash(bytes, 0, 4, 4, 8) >>> 0, 0x51ccc178, 'byte 36 lies beyond the input of IPv4');
  registers[0]! ^= 1;
  toeplitz.useKey(registers, 0);
  assert.notEqual(toeplitz.hash(bytes, 0, 4, 4, 8) >>> 0, 0x51ccc178);
  registers.fill(0);
  toeplitz.useKey(registers, 0);
  assert.equal(toeplitz.hash(bytes, 0, 4, 4, 8) >>> 0, 0);
});

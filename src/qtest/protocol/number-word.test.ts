import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NumberWord } from './number-word.ts';

const number = new NumberWord();
const halves = (word: string): string =>
  number.parse(word) ? `${number.high.toString(16)}:${number.low.toString(16)}` : 'none';

test('numbers are those of strtoull with base 0', () => {
  assert.equal(halves('0'), '0:0');
  assert.equal(halves('4096'), '0:1000');
  assert.equal(halves('0x1F'), '0:1f');
  assert.equal(halves('0X1f'), '0:1f');
  assert.equal(halves('017'), '0:f');
  assert.equal(halves('+5'), '0:5');
  assert.equal(halves('0xffffffffffffffff'), 'ffffffff:ffffffff');
  assert.equal(halves('18446744073709551615'), 'ffffffff:ffffffff');
});

test('a negative number wraps, as in C', () => {
  assert.equal(halves('-1'), 'ffffffff:ffffffff');
  assert.equal(halves('-0x100000000'), 'ffffffff:0');
  assert.equal(number.parse('-1') && number.signed, -1);
});

test('what is no number or too large is refused', () => {
  for (const word of [
    '',
    '0x',
    'x',
    '08',
    '0x1g',
    '1 ',
    '--1',
    '+',
    '-',
    '0x10000000000000000',
    '18446744073709551616',
  ])
    assert.equal(halves(word), 'none', word);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { parseMonitorDevice } from './device.ts';
import { keyList } from './key-list.ts';
import { formatMemory, parseFormat } from './memory-format.ts';
import { Style } from './style.ts';
import { onOrOff, splitWords, wholeNumber } from './words.ts';

test('words are split as a shell does, mistakes are told', () => {
  assert.deepEqual(splitWords(`  info  'a b' "c \\" d" e\\ f ''`), ['info', 'a b', 'c " d', 'e f', '']);
  assert.deepEqual(splitWords('  '), []);
  assert.throws(() => splitWords(`a 'b`), { code: 'USAGE' });
  assert.equal(onOrOff('on', 'x'), true);
  assert.throws(() => onOrOff('yes', 'the link'), /the link is on or off, not "yes"/);
  assert.equal(wholeNumber('0x10', 0, 16, 'x'), 16);
  for (const wrong of ['17', '-1', '1.5', 'ten', '']) assert.throws(() => wholeNumber(wrong, 0, 16, 'x'), wrong);
});

test("QAPI's objects become keys, with commas doubled", () => {
  const members = {
    id: 'n0',
    addr: { type: 'unix', path: 'a,b' },
    server: true,
    'reconnect-ms': 5,
    nothing: undefined,
  };
  assert.equal(keyList('stream', members), 'stream,id=n0,addr.type=unix,addr.path=a,,b,server=on,reconnect-ms=5');
});

test("memory in QEMU's formats", () => {
  const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x41, 0x27, 0x0a, 0x00, 1, 0, 0, 0, 0, 0, 0, 0x80, 2);
  const show = (format: string, length: number): string =>
    formatMemory(bytes.subarray(0, length), 0x1000, parseFormat(format));
  assert.equal(show('4xw', 16), '0000000000001000: 0xffffffff 0x000a2741 0x00000001 0x80000000');
  assert.equal(show('1dw', 4), '0000000000001000: -1');
  assert.equal(show('2ug', 16), '0000000000001000: 2857914188431359 9223372036854775809');
  assert.equal(show('4oh', 8), '0000000000001000: 0177777 0177777 023501 012');
  assert.equal(formatMemory(bytes.subarray(4, 8), 0, parseFormat('4c')), "0000000000000000: 'A' '\\'' '\\n' '\\x00'");
  assert.equal(show('17xb', 17).split('\n')[1], '0000000000001010: 0x02');
  assert.deepEqual(parseFormat(''), { count: 1, letter: 'x', sizeBytes: 4 });
  assert.deepEqual(parseFormat('8bx'), { count: 8, letter: 'x', sizeBytes: 1 });
  for (const wrong of ['0x', 'z', '4xx', 'i']) assert.throws(() => parseFormat(wrong), { code: 'USAGE' }, wrong);
});

test('where monitors may be', () => {
  assert.deepEqual(parseMonitorDevice('--qmp', 'unix:a.sock,server=on,wait=off'), { kind: 'unix', path: 'a.sock' });
  assert.deepEqual(parseMonitorDevice('--qmp', 'unix:a.sock,server,nowait'), { kind: 'unix', path: 'a.sock' });
  assert.deepEqual(parseMonitorDevice('--qmp', 'stdio'), { kind: 'stdio' });
  for (const wrong of [
    'tcp:1',
    'unix:,server=on',
    'unix:a',
    'unix:a,server=on,wait=on',
    'unix:a,sever=on',
    'stdio,server=on',
    `unix:${'a'.repeat(108)},server=on`,
  ])
    assert.throws(() => parseMonitorDevice('--qmp', wrong), { code: 'CONFIG' }, wrong);
});

test('tables line up, with and without colours', () => {
  const rows = [
    ['a', '5', ['up', 'green']],
    ['long', '1000', 'down'],
  ] as const;
  const plain = new Style(false).table(['name', 'n', 'link'], rows);
  assert.equal(plain, 'name     n  link\na        5  up\nlong  1000  down');
  const coloured = new Style(true).table(['name', 'n', 'link'], rows);
  assert.notEqual(coloured, plain);
  assert.equal(stripVTControlCharacters(coloured).replace(/ +$/gm, ''), plain);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentBlock, markdownTable } from './document.ts';

test('columns are as wide as their widest cell', () => {
  assert.equal(
    markdownTable([
      ['A', 'Long'],
      ['12345', ''],
    ]),
    '| A     | Long |\n| ----- | ---- |\n| 12345 |      |',
  );
});

test('a block is a table of registers, then one of each register with fields', () => {
  const text = documentBlock('Queues', {
    TAIL: {
      at: 0xc018,
      count: 16,
      stride: 0x40,
      access: 'rw',
      writable: 0xffff,
      onWrite: 'tail',
      aliases: [{ at: 0x2818, count: 4, stride: 0x100 }],
      evidence: 'linux',
      doc: 'Tail.',
    },
    CONTROL: {
      at: 0xc028,
      access: 'rw',
      reset: 0x80000000,
      resetAt: { 0: 0x01000000 },
      sticky: true,
      inert: true,
      section: '1.2',
      evidence: 'qemu',
      doc: 'Control.',
      fields: {
        MODE: { bits: [2, 1], values: { 0: 'off', 3: 'on' }, doc: 'Mode.' },
        FLUSH: { bits: 26, access: 'wo', doc: 'Flush.' },
      },
    },
  });
  const rows = text.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
  assert.deepEqual(
    rows.filter((row) => /^\| [^-]|^#/.test(row)),
    [
      '## Queues',
      '| Offset | Register | Access | Bits | Reset | Evidence | Meaning | Notes |',
      '| 0x0c018 + 0x40 n, n < 16 | TAIL | rw | 0x0000ffff | 0x0 | linux | Tail. | acts on write; also at 0x02818 + 0x100 n, n < 4 |',
      '| 0x0c028 | CONTROL | rw | | 0x80000000, 0x1000000 in [0] | qemu | Control. | nothing acts on it; survives a software reset; §1.2 |',
      '### Queues: CONTROL',
      '| Bits | Field | Access | Meaning |',
      '| 26 | FLUSH | wo | Flush. |',
      '| 2:1 | MODE | rw | Mode. 0 off, 3 on. |',
    ],
  );
});

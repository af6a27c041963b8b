/** Whatever comes as a command, there is one answer, of the protocol's form, and the machine goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { makeBench } from '../testing.ts';
import { LineBuffer } from './line-buffer.ts';

const names = [
  ...[
    'inb',
    'inw',
    'inl',
    'outb',
    'outw',
    'outl',
    'readb',
    'readw',
    'readl',
    'readq',
    'writeb',
    'writew',
    'writel',
    'writeq',
  ],
  ...[
    'read',
    'write',
    'b64read',
    'b64write',
    'memset',
    'clock_step',
    'clock_set',
    'irq_intercept_in',
    'set_irq_in',
    'endianness',
  ],
];
const bench = makeBench({ slot: 4 });

/** The machine after a reset, its BAR placed. */
function fresh(): (text: string) => string {
  const { machine, ask } = bench;
  machine.reset();
  machine.dma.clear();
  for (const set of ['outl 0xcf8 0x80002010', 'outl 0xcfc 0xe0000000', 'outl 0xcf8 0x80002004', 'outw 0xcfc 7'])
    ask(set);
  return ask;
}

const ANSWER = /^(?:OK|FAIL|ERR)(?: .*)?$/s;

/** Addresses that matter: registers of the card, configuration, the edges of memory and of everything. */
const address = fc.oneof(
  fc.integer({ min: 0xe000_0000, max: 0xe002_0000 }).map((n) => `0x${n.toString(16)}`),
  fc.integer({ min: 0, max: 0x10ff }).map(String),
  fc.constantFrom(
    '0xcf8',
    '0xcfc',
    '0xffffff',
    '0xfffffc',
    '0x1000000',
    '0xffffffffffffffff',
    '-1',
    '0xb0000060',
    '0xfee00000',
  ),
);
const number = fc.oneof(
  fc.nat(64).map(String),
  fc.nat(0xffff_ffff).map((n) => `0x${n.toString(16)}`),
  fc.constantFrom('-1', '0xffffffffffffffff'),
);
const word = fc.oneof(
  address,
  number,
  fc.string({ maxLength: 12 }),
  fc.constantFrom('', '0x', 'AQID', '0xzz', 'ioapic'),
);
const command = fc
  .tuple(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })), fc.array(word, { maxLength: 5 }))
  .map(([name, words]) => [name, ...words].join(' '));

test('any line has one answer, and the machine goes on', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 60 }), (commands) => {
      const ask = fresh();
      for (const text of commands) assert.match(ask(text), ANSWER, text);
      assert.match(ask('readl 0x1000'), /^OK 0x[0-9a-f]{16}$/);
    }),
    { numRuns: 60 },
  );
});

test('rings at random over registers and memory come to rest', () => {
  const write = fc.tuple(
    fc.constantFrom(
      0xc000,
      0xc008,
      0xc00c,
      0xc010,
      0xc018,
      0xc028,
      0xe000,
      0xe008,
      0xe010,
      0xe018,
      0xe028,
      0x100,
      0x400,
      0x5818,
      0x1514,
      0x152c,
    ),
    fc.oneof(
      fc.constantFrom(0xe000_e018, 0xe000_c018, 0x10_0000, 0x200_0042, 0x0200_0000, 0xffff_ffff, 0x80, 0x8042, 2),
      fc.nat(0xffff_ffff),
    ),
  );
  fc.assert(
    fc.property(
      fc.array(write, { maxLength: 80 }),
      fc.uint8Array({ minLength: 256, maxLength: 256 }),
      (writes, ring) => {
        const ask = fresh();
        ask(`write 0x100000 0x100 0x${Buffer.from(ring).toString('hex')}`);
        for (const [offset, value] of writes) {
          assert.equal(ask(`writel 0x${(0xe000_0000 + offset).toString(16)} 0x${value.toString(16)}`), 'OK');
        }
        assert.match(ask('clock_step 1000000000'), /^OK /);
      },
    ),
    { numRuns: 60 },
  );
});

test('lines arrive in pieces; one that never ends is dropped', () => {
  const lines = new LineBuffer();
  lines.push('abc');
  assert.equal(lines.next(), undefined);
  lines.push('d\nef\n');
  assert.deepEqual([lines.next(), lines.next(), lines.next()], ['abcd', 'ef', undefined]);
  lines.push('x'.repeat(2 ** 26 + 1));
  assert.equal(lines.next(), undefined);
  assert.equal(lines.length, 0, 'nothing is kept of it');
  lines.push('tail\nnext\n');
  assert.deepEqual([lines.next(), lines.next()], [null, 'next']);
});

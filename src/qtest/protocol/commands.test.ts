import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeBench } from '../testing.ts';

test('endianness, and commands that do not exist, are answered as QEMU answers', () => {
  const { ask } = makeBench();
  assert.equal(ask('endianness'), 'OK little');
  assert.equal(ask('rtas 1 2'), "FAIL Unknown command 'rtas'");
  assert.equal(ask(''), "FAIL Unknown command ''");
});

test('accesses of every width, answers of 16 digits', () => {
  const { ask } = makeBench();
  assert.equal(ask('writeq 0x1000 0x1122334455667788'), 'OK');
  assert.equal(ask('readq 0x1000'), 'OK 0x1122334455667788');
  assert.equal(ask('readl 0x1002'), 'OK 0x0000000033445566');
  assert.equal(ask('writew 4097 0xabcd'), 'OK');
  assert.equal(ask('readw 0x1000'), 'OK 0x000000000000cd88');
  assert.equal(ask('writeb 0x1000 -1'), 'OK');
  assert.equal(ask('readb 0x1000'), 'OK 0x00000000000000ff');
});

test('blocks by hexadecimal, base 64 and memset', () => {
  const { ask } = makeBench();
  assert.equal(ask('write 0x2000 0x4 0xdeadBEEF'), 'OK');
  assert.equal(ask('read 0x2000 0x6'), 'OK 0xdeadbeef0000');
  // Too little data is filled up with zeros, what is no digit counts as ones.
  assert.equal(ask('memset 0x2000 0x8 0xa5'), 'OK');
  assert.equal(ask('write 0x2000 0x3 0x1'), 'OK');
  assert.equal(ask('read 0x2000 0x4'), 'OK 0x000000a5');
  assert.equal(ask('write 0x2000 0x1 0xzz'), 'OK');
  assert.equal(ask('read 0x2000 0x1'), 'OK 0xff');
  assert.equal(ask('b64write 0x2000 0x3 AQID'), 'OK');
  assert.equal(ask('b64read 0x2000 0x3'), 'OK AQID');
  assert.equal(ask('write 0x2000 0x1 0x'), 'ERR invalid argument size');
  assert.equal(ask('memset 0x2000 0x0 0x1'), 'OK');
});

test('malformed commands fail with a reason and change nothing', () => {
  const { ask } = makeBench();
  for (const command of [
    ...['readl', 'readl zz', 'readl 0x', 'writel 0x1000', 'writel 0x1000 0x1z', 'outl 0x10000 0', 'inb', 'inb -1'],
    ...['read 0x1000 0x0', 'read 0x1000 0xffffffffffffffff', 'write 0x1000 0x10', 'memset 0 0xffffffffff 0'],
    ...[
      'write 0xffffffffffffffff 0x10 0x00',
      'memset 0x1000 0x1000000 0',
      'clock_step 1x',
      'clock_step 0x7fffffffffffffff',
    ],
    ...[
      'irq_intercept_in',
      'irq_intercept_in /nobody',
      'set_irq_in ioapic other 1 1',
      'set_irq_in ioapic unnamed-gpio-in 99 1',
    ],
  ])
    assert.match(ask(command), /^FAIL ./, command);
  assert.equal(ask('read 0x1000 0x10'), `OK 0x${'0'.repeat(32)}`);
});

test('time moves by command only, and never back', () => {
  const { ask } = makeBench({ igb: false });
  assert.match(ask('clock_step'), /^FAIL cannot advance clock/);
  assert.equal(ask('clock_step 1000'), 'OK 1000');
  assert.equal(ask('clock_step -5'), 'FAIL could not advance time');
  assert.equal(ask('clock_set 5000'), 'OK 5000');
  assert.equal(ask('clock_set 4000'), 'FAIL 5000');
});

test('ports: configuration mechanism, firmware configuration, nobody', () => {
  const { ask } = makeBench({ type: 'pc', ramBytes: 2 ** 27 });
  assert.equal(ask('outl 0xcf8 0x80000000'), 'OK');
  assert.equal(ask('inl 0xcf8'), 'OK 0x80000000');
  assert.equal(ask('inl 0xcfc'), 'OK 0x12378086');
  assert.equal(ask('inw 0xcfe'), 'OK 0x1237');
  // libqos puts the low bits of the offset into the address register.
  assert.equal(ask('outl 0xcf8 0x80000002'), 'OK');
  assert.equal(ask('inw 0xcfc'), 'OK 0x1237');
  assert.equal(ask('inb 0x9999'), 'OK 0x00ff');
  assert.equal(ask('outw 0x510 3'), 'OK');
  assert.equal(
    Array.from({ length: 8 }, () => ask('inb 0x511')).join(),
    `${'OK 0x0000,'.repeat(3)}OK 0x0008${',OK 0x0000'.repeat(4)}`,
  );
});

test('an input that is watched reports its level', () => {
  const { ask, messages } = makeBench();
  assert.equal(ask('irq_intercept_in ioapic'), 'OK');
  assert.equal(ask('set_irq_in ioapic unnamed-gpio-in 5 1'), 'OK');
  assert.equal(ask('set_irq_in ioapic unnamed-gpio-in 5 1'), 'OK');
  assert.equal(ask('set_irq_in ioapic unnamed-gpio-in 5 0'), 'OK');
  assert.deepEqual(messages, ['IRQ raise 5', 'IRQ lower 5']);
});

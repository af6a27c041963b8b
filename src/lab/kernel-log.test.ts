import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaints, newComplaints } from './kernel-log.ts';

// printk's prefix is <facility * 8 + level>; levels 0 to 4 are emergency to warning (include/linux/kern_levels.h).
const without = `<6>[    0.000000] Linux version 6.12
<4>[    2.274333] ACPI: IRQ 4 override to edge(!), high(!)
<5>[    3.0] notice
`;

test('only warnings and worse are complaints, whatever the facility; a line that goes on belongs to its start', () => {
  assert.deepEqual(
    complaints(`${without}<3>[ 4.1] igb: broken\n  second line\n<30>[ 5.0] daemon info\n<28>[ 5.1] daemon warns\n`),
    ['ACPI: IRQ 4 override to edge(!), high(!)', 'igb: broken', 'second line', 'daemon warns'],
  );
});

test('a complaint is new unless the other log has it, times and numbers aside', () => {
  const log = `<4>[    2.9] ACPI: IRQ 11 override to edge(!), high(!)
<4>[    4.0] igb 10000:01:00.0: PHY reset is blocked
`;
  assert.deepEqual(newComplaints(log, without), ['igb 10000:01:00.0: PHY reset is blocked']);
  assert.deepEqual(newComplaints(without, without), []);
});

test('a complaint printed more often than before is new', () => {
  const twice = without + '<4>[    6.0] ACPI: IRQ 5 override to edge(!), high(!)\n';
  assert.equal(newComplaints(twice, without).length, 1);
});

test('what a busy host makes a kernel say is no complaint of a device', () => {
  const busy = '<4>[ 9.0] hrtimer: interrupt took 99407442 ns\n<3>[ 0.0] tsc: Unable to calibrate against PIT\n';
  assert.deepEqual(complaints(`${busy}<4>[ 9.1] igb 0000:00:02.0: interrupt lost\n`), [
    'igb 0000:00:02.0: interrupt lost',
  ]);
});

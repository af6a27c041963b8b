import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Touches } from './touches.ts';

test('elements and aliases of a register are one; bits written as 1 and as 0 are kept', () => {
  const touches = new Touches();
  touches.write('pf', 0xe018, 5);
  touches.write('pf', 0x3818, 6);
  touches.read('pf', 0xe058);
  assert.deepEqual(touches.toJSON(), { 'pf.TDT': { reads: 1, writes: 2, ones: 7, zeros: 0xffff_fffb } });
});

test('what is declared nowhere is left out', () => {
  const touches = new Touches();
  touches.read('vf', 0x3ffc);
  assert.deepEqual(touches.toJSON(), {});
});

test('accesses of others are taken in', () => {
  const touches = new Touches({ 'pf.CTRL': { reads: 1, writes: 1, ones: 1, zeros: 0 } });
  touches.add(new Touches({ 'pf.CTRL': { reads: 2, writes: 0, ones: 0, zeros: 0 } }));
  touches.add(new Touches({ 'vf.VTCTRL': { reads: 0, writes: 1, ones: 4, zeros: 3 } }));
  assert.equal(touches.registers.get('pf.CTRL')!.reads, 3);
  assert.equal(touches.registers.get('vf.VTCTRL')!.ones, 4);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationOf } from './explained.ts';
import type { Finding } from './findings.ts';
import { rules } from './rules/index.ts';

function isExplained(rule: string, more: Partial<Finding> = {}): boolean {
  const { wrong, advice, section } = rules.get(rule)!;
  return explanationOf({ rule, wrong, advice, section, port: 0, count: 1, detail: '', ...more }) !== undefined;
}

test('what stock drivers do is explained, and what looks like it is not', () => {
  assert.equal(isExplained('vectors-unused', { function: 'VF0' }), true);
  assert.equal(isExplained('vectors-unused', { function: 'PF' }), false, 'DPDK leaves MSI-X mode off there');
  assert.equal(isExplained('vector-missing', { function: 'VF0' }), false);
  const idle = (register: string, value?: number): boolean =>
    isExplained('vf-register-idle', { register, ...(value !== undefined && { value }) });
  assert.deepEqual([idle('VTEICS', 2), idle('VTEIMC', 0xffff_ffff), idle('TDT[0]', 5)], [true, true, true]);
  assert.deepEqual([idle('RDT[0]', 5), idle('VTEIMS', 7), idle('RDBAL[0]', 0)], [false, false, false]);
  assert.deepEqual([idle('RXDCTL[0]'), idle('TXDCTL[0]', 0x0001_0108)], [true, true]);
  assert.equal(idle('RXDCTL[0]', 0x0201_0108), false, 'a queue is switched on');
  const request = (message: string): boolean =>
    isExplained('request-before-reset', { detail: `vf 1 message ${message}` });
  assert.deepEqual([request('setMulticast'), request('setMacAddress'), request('setVlan')], [true, true, false]);
});

/** The short ways of plain packets end as the long ways do: the same programs with and without somebody who watches each step. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { FastPath as ReceivePath } from '../../src/devices/igb/rx/fast-path.ts';
import { FastPath as TransmitPath } from '../../src/devices/igb/tx/fast-path.ts';
import { pf } from '../../src/devices/igb/tables/index.ts';
import { read } from '../../src/driver/index.ts';
import { openInProcess } from '../conformance/machines/in-process.ts';
import type { ConformanceMachine } from '../conformance/machine.ts';
import { generate } from '../differential/generate.ts';
import { difference, observe } from '../differential/observe.ts';

/** The last two: a route that was known before a reset. */
const SEEDS = [...Array.from({ length: 600 }, (_, n) => n + 1), 5665, 5667];
const COUNTERS = Object.entries(pf).filter(([, { at }]) => at >= pf.CRCERRS.at && at < 0x4200);
const OF_POOLS = Object.entries(pf).filter(([name]) => name.startsWith('PVF'));

function counters(machine: ConformanceMachine): string[] {
  const lines: string[] = [];
  for (const [name, register] of COUNTERS) lines.push(`${name} ${read(machine.pf, register)}`);
  for (const [name, register] of OF_POOLS)
    for (let pool = 0; pool < 8; pool += 1) lines.push(`${name}[${pool}] ${read(machine.pf, register, pool)}`);
  return lines;
}

test('the short way ends as the long one', () => {
  const received = mock.method(ReceivePath.prototype, 'receive');
  const switched = mock.method(ReceivePath.prototype, 'switched');
  const placed = mock.method(ReceivePath.prototype, 'placed');
  const sent = mock.method(TransmitPath.prototype, 'send');
  const short = openInProcess();
  const long = openInProcess('copper', ['igb_rx_descriptor', 'igb_tx_fetch']);
  for (const seed of SEEDS) {
    const program = generate(seed);
    const found = difference(
      [...observe(short, program), ...counters(short)],
      [...observe(long, program), ...counters(long)],
    );
    assert.equal(found, undefined, `seed ${seed}: ${found?.join(' instead of ')}`);
  }
  const taken = (calls: readonly { readonly result?: unknown }[]): number =>
    calls.filter(({ result }) => result === true || Number(result) > 0).length;
  for (const method of [received, switched, sent]) assert.ok(taken(method.mock.calls) > 20);
  assert.ok(placed.mock.calls.length > 5);
  mock.restoreAll();
});

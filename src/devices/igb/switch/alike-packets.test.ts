/** Packets that a pool sends together, whatever their headers and descriptors say: alike or not, the short way does what the long one does. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { arena } from '../../../packet/index.ts';
import { buildFrame } from '../../../packet/testing.ts';
import { randomFrom } from '../../../packet/testing-random.ts';
import { FastPath } from '../rx/fast-path.ts';
import { option } from '../tx/descriptor.ts';
import { addressOf, ethernet, PoolBench } from './testing.ts';

const skip = arena.simd === undefined && 'no WebAssembly: there is no short way';
const APART = 0x1000;

/** One frame again and again, now and then with something changed; now and then the contexts of another one. */
function post(bench: PoolBench, seed: number): void {
  const below = randomFrom(seed);
  const pick = <Value>(...values: readonly Value[]): Value => values[below(values.length)]!;
  const version = pick(4, 6);
  const protocol = pick('tcp', 'udp');
  const payload = new Uint8Array(pick(20, 60, 202, 203, 240, 1000, 1400)).map(() => below(256));
  const frame = buildFrame({ version, protocol, payload, ...(pick(false, false, true) && { tags: [0] }) });
  frame.set(ethernet(addressOf(1)).subarray(0, 12));
  const options = pick(0, option.TXSM, option.IXSM | option.TXSM, option.IXSM | option.TXSM, option.IXSM);
  for (let n = 0; n < 12; n += 1) {
    if (n === 0 || below(8) === 0) {
      const lengths = (pick(14, 14, 14, 14, 18) << 9) | pick(version === 4 ? 20 : 40, version === 4 ? 20 : 40, 24);
      bench.postContext(0, lengths, (protocol === 'tcp' ? 1 : pick(0, 0, 0, 1)) << 11, 0);
    }
    const copy = frame.slice(0, pick(frame.length, frame.length, frame.length - 1));
    if (below(3) === 0) copy[below(pick(16, 80))] = below(256);
    bench.post(0, copy, { options, at: n * APART });
  }
}

function outcome(bench: PoolBench, seed: number): unknown {
  post(bench, seed);
  bench.kick(0);
  bench.context.tasks.runAll();
  const sent = [...bench.context.wire.sent];
  bench.where();
  return [bench.arrived, sent, bench.context.registers.values.slice()];
}

test('whatever is sent behind one another, both ways do the same', { skip }, () => {
  const [short, long] = [new PoolBench(undefined, true), new PoolBench()];
  short.context.trace.on.fill(0);
  const followed = mock.method(FastPath.prototype, 'followSwitched');
  for (let seed = 1; seed <= 600; seed += 1) {
    assert.deepEqual(outcome(short, seed), outcome(long, seed), `seed ${seed}`);
  }
  const kinds = [0, 0, 0, 0];
  for (const {
    arguments: [, , first, , from],
    result,
  } of followed.mock.calls)
    kinds[from]! += result! - first;
  assert.ok(
    kinds.slice(1).every((count) => count > 50),
    `${kinds.join()} frames`,
  );
  mock.restoreAll();
});

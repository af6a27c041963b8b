import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { arena } from '../../../packet/index.ts';
import { pf } from '../tables/index.ts';
import { Checksums } from './checksums.ts';
import { command, option } from './descriptor.ts';
import { PacketRun } from './packet-run.ts';
import { type SentFrame, TransmitBench } from './testing.ts';
import { randomFrom } from '../../../packet/testing-random.ts';

const skip = arena.simd === undefined && 'no WebAssembly: there is no short way';

/** Whatever a driver could write: lengths of headers that fit nothing, other headers than those that contexts speak of. */
function post(bench: TransmitBench, seed: number): void {
  const below = randomFrom(seed);
  const pick = <Value>(...values: readonly Value[]): Value => values[below(values.length)]!;
  bench.sink.offload = pick(false, true);
  bench.sink.toPools = pick('none', 'none', 'too', 'only');
  bench.set('TCTL', pf.TCTL.EN.mask | pick(0, pf.TCTL.PSP.mask));
  bench.set('TXDCTL', pf.TXDCTL.ENABLE.mask | (below(3) << pf.TXDCTL.WTHRESH.shift));
  if (pick(false, true)) {
    bench.set('MRQC', 3);
    bench.set('VMVIR', pick(0, pf.VMVIR.ALWAYS.mask, pf.VMVIR.NEVER.mask) | below(0x1_0000));
  }
  for (let left = 12; left > 0; left -= 1) {
    if (pick(false, true)) {
      const context = { slot: below(2), macLength: pick(14, 14, 18, below(128)), ipLength: pick(20, 40, below(512)) };
      bench.postContext({ ...context, vlanTag: below(0x1_0000), l4Type: pick(0, 1, 1, below(4)) });
    }
    const frame = Uint8Array.from({ length: pick(14 + below(60), 60 + below(300), 1514, 9000 + below(800)) }, () =>
      below(256),
    );
    const [version, protocol] = pick([0x45, 6], [0x45, 17], [0x60, 6], [below(256), below(256)]);
    frame.set([pick(2, 3)], 0);
    if (frame.length > 24)
      frame.set([pick(8, 0x86), 0, version, 0, 0, below(128), 0, 0, pick(0, 0, 32), 0, protocol, protocol], 12);
    const bits = command.EOP | pick(0, command.RS) | pick(0, command.VLE) | pick(0, 0, 0, command.TSTAMP);
    const options = pick(0, option.TXSM, option.IXSM | option.TXSM, option.IXSM) | (below(2) << 4);
    bench.postPieces(frame, Math.ceil(frame.length / pick(1, 1, 2, 3)), bits, options);
  }
}

interface Outcome {
  readonly sent: readonly SentFrame[];
  readonly delivered: TransmitBench['sink']['delivered'];
  readonly registers: Uint32Array;
  readonly ring: Uint8Array;
  readonly interrupts: readonly number[];
}

function outcome(bench: TransmitBench, seed: number): Outcome {
  bench.context.trace.on.fill(0);
  post(bench, seed);
  const sent = bench.go();
  return {
    sent,
    delivered: bench.sink.delivered,
    registers: bench.context.registers.values,
    ring: bench.memory.piece.bytes.slice(0, 0x400),
    interrupts: bench.interrupts,
  };
}

test('whatever descriptors and headers say, both ways do the same', { skip }, () => {
  const scanned = mock.method(PacketRun.prototype, 'scan');
  const gathered = mock.method(PacketRun.prototype, 'gather');
  const completed = mock.method(Checksums.prototype, 'complete');
  for (let seed = 1; seed <= 200; seed += 1) {
    assert.deepEqual(outcome(new TransmitBench(false, true), seed), outcome(new TransmitBench(), seed), `seed ${seed}`);
  }
  assert.ok(scanned.mock.callCount() > 200);
  assert.ok(gathered.mock.callCount() > 200);
  const short = completed.mock.calls.filter(({ stack }) => stack.stack!.includes('fast-path'));
  assert.ok(short.length > 200);
  mock.restoreAll();
});

test('contexts that are posted alone are stored, and reported where they ask for it', { skip }, () => {
  const bench = new TransmitBench(false, true);
  bench.context.trace.on.fill(0);
  const context = bench.post((5 << 16) | (14 << 9) | 20, 0, command.DEXT | (2 << 20) | (1 << 11) | command.RS, 0);
  assert.equal(bench.go().length, 0);
  assert.deepEqual([bench.isDone(context), bench.get('TDH'), bench.interrupts], [true, 1, [0]]);
  bench.postFrame(new Uint8Array(100), command.EOP | command.VLE);
  const [frame] = bench.go();
  assert.deepEqual([...frame!.bytes.subarray(12, 16)], [0x81, 0, 0, 5]);
});

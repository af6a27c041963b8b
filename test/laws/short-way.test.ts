/** The short ways of plain packets end as the long ways do: the same programs with and without somebody who watches each step. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { origin } from '../../src/devices/igb/rx/origin.ts';
import { FastPath as ReceivePath } from '../../src/devices/igb/rx/fast-path.ts';
import { Checksums } from '../../src/devices/igb/tx/checksums.ts';
import { FastPath as TransmitPath } from '../../src/devices/igb/tx/fast-path.ts';
import { KnownPools } from '../../src/devices/igb/rx/known-pools.ts';
import { UNTAGGED } from '../../src/devices/igb/rx/vlan.ts';
import { pf } from '../../src/devices/igb/tables/index.ts';
import { read } from '../../src/driver/index.ts';
import { arena } from '../../src/packet/index.ts';
import type { FrameOffload, FrameRun } from '../../src/ports/index.ts';
import { KeptWire } from '../../src/qtest/testing.ts';
import { STRANGER } from '../conformance/frames.ts';
import { openInProcess } from '../conformance/machines/in-process.ts';
import type { ConformanceMachine } from '../conformance/machine.ts';
import { generate } from '../differential/generate.ts';
import { difference, observe } from '../differential/observe.ts';
import type { Program, Step } from '../differential/program.ts';

/** The last two: a route that was known before a reset. */
const SEEDS = [...Array.from({ length: 600 }, (_, n) => n + 1), 5665, 5667];
const FEW = SEEDS.slice(0, 200);
const COUNTERS = Object.entries(pf).filter(([, { at }]) => at >= pf.CRCERRS.at && at < 0x4200);
const OF_POOLS = Object.entries(pf).filter(([name]) => name.startsWith('PVF'));

function counters(machine: ConformanceMachine): string[] {
  const lines: string[] = [];
  for (const [name, register] of COUNTERS) lines.push(`${name} ${read(machine.pf, register)}`);
  for (const [name, register] of OF_POOLS)
    for (let pool = 0; pool < 8; pool += 1) lines.push(`${name}[${pool}] ${read(machine.pf, register, pool)}`);
  return lines;
}

/** Takes frames with work left to do, and keeps what that is behind each. */
class UnfinishedWire extends KeptWire {
  override readonly acceptsOffload = true;

  override send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const rest = offload === undefined ? [] : new TextEncoder().encode(JSON.stringify(offload));
    this.sent.push(Uint8Array.of(...bytes.subarray(offset, offset + length), ...rest));
  }
}

/** Counts frames, made or not. */
class CountingWire extends KeptWire {
  frames = 0;
  bytes = 0;

  override send(_bytes: Uint8Array, _offset: number, length: number): void {
    this.drained(1, length);
  }

  drained(frames: number, bytes: number): void {
    this.frames += frames;
    this.bytes += bytes;
  }
}

/** Nobody is at its other end. */
class UnseenWire extends CountingWire {
  readonly drain = this;
}

const POOLS = 8;
const WATCHED = ['igb_rx_descriptor', 'igb_tx_fetch'];

function compare(seeds: readonly number[], short: ConformanceMachine, long: ConformanceMachine, make = generate): void {
  for (const seed of seeds) {
    const program = make(seed);
    const found = difference(
      [...observe(short, program), ...counters(short)],
      [...observe(long, program), ...counters(long)],
    );
    assert.equal(found, undefined, `seed ${seed}: ${found?.join(' instead of ')}`);
  }
}

test('the short way ends as the long one', () => {
  const received = mock.method(ReceivePath.prototype, 'receive');
  const found = mock.method(KnownPools.prototype, 'find');
  const switched = mock.method(ReceivePath.prototype, 'switched');
  const placed = mock.method(ReceivePath.prototype, 'placed');
  const sent = mock.method(TransmitPath.prototype, 'send');
  const completed = mock.method(Checksums.prototype, 'complete');
  compare(SEEDS, openInProcess(), openInProcess('copper', WATCHED));
  const taken = (calls: readonly { readonly result?: unknown }[]): number =>
    calls.filter(({ result }) => result === true || Number(result) > 0).length;
  for (const method of [received, switched, sent]) assert.ok(taken(method.mock.calls) > 20);
  assert.ok(placed.mock.calls.length > 5);
  const tagged = found.mock.calls.filter(({ arguments: [, , tag], result }) => tag !== UNTAGGED && result !== 0);
  assert.ok(tagged.length > 20);
  assert.ok(completed.mock.calls.filter(({ stack }) => stack.stack!.includes('fast-path')).length > 20);
  mock.restoreAll();
});

test('checksums are left to the wire on both ways alike', () => {
  const [short, long] = [new UnfinishedWire(), new UnfinishedWire()];
  compare(FEW, openInProcess('copper', [], short), openInProcess('copper', WATCHED, long));
});

test('frames for nobody are counted as if they were made', () => {
  const [unseen, counting] = [new UnseenWire(), new CountingWire()];
  compare(FEW, openInProcess('copper', [], unseen), openInProcess('copper', WATCHED, counting));
  assert.deepEqual([unseen.frames, unseen.bytes], [counting.frames, counting.bytes]);
});

/** A frame, and others beside it that go the same way or do not: one again, one with other ports, one that is damaged. */
function burst(frame: Uint8Array, before: Uint8Array): Uint8Array[] {
  const changed = (at: number): Uint8Array => {
    const copy = frame.slice();
    copy[at]! ^= 1;
    return copy;
  };
  const longer = Uint8Array.of(...frame, ...new Uint8Array(300));
  return [
    frame,
    frame,
    changed(37),
    changed(frame.length - 1),
    frame,
    before,
    changed(14),
    frame,
    longer,
    frame,
    changed(5),
  ];
}

/** Has frames arrive in bursts, so many of them at once; on the short way as runs. */
function burstOn(wire: KeptWire, machine: ConformanceMachine, inRuns: boolean, bursts = 1): ConformanceMachine {
  const { send } = machine.wire;
  let before = new Uint8Array(60);
  machine.wire.send = (frame) => {
    const frames = Array.from({ length: bursts }, () => burst(frame, before)).flat();
    before = frame.slice();
    const port = wire.port!;
    let at = 0;
    while (at < frames.length && port.canReceive()) {
      if (inRuns) at += port.receiveRun!(runOf(frames.slice(at)));
      if (at === frames.length) break;
      port.receive(frames[at]!, 0, frames[at]!.length, undefined);
      at += 1;
    }
    for (const rest of [...frames.slice(at), frame]) send.call(machine.wire, rest);
  };
  return machine;
}

const ROOM_BYTES = 4096;
const room = arena.reserve(32 * ROOM_BYTES);

function runOf(frames: readonly Uint8Array[]): FrameRun {
  const starts = Int32Array.from(frames, (_, n) => room + n * ROOM_BYTES + n);
  frames.forEach((frame, n) => arena.bytes.set(frame, starts[n]));
  return { starts, lengths: Int32Array.from(frames, ({ length }) => length), first: 0, end: frames.length };
}

test('frames that come at once end as if they came one by one', () => {
  const single = mock.method(ReceivePath.prototype, 'receive');
  const [short, long] = [new KeptWire(), new KeptWire()];
  const [one, other] = [openInProcess('copper', [], short), openInProcess('copper', WATCHED, long)];
  let counted = 0;
  const runs = mock.method(ReceivePath.prototype, 'receiveRun');
  compare(FEW, burstOn(short, one, true), burstOn(long, other, false));
  for (const { result } of runs.mock.calls) counted += result as number;
  const alone = single.mock.calls.filter(
    ({ result, stack }) => result === true && stack.stack!.includes('receiveRun'),
  ).length;
  assert.ok(counted > alone + 50, 'some followed others');
  mock.restoreAll();
});

const FLOODS = 3;
/** With pause frames the packet buffer takes what the rings do not, from 2 KB on it tells the link partner, and again below 1 KB. */
const PAUSING: Program = Object.entries({ FCRTH: 2048, FCRTL: 1024 | pf.FCRTL.XONE.mask, FCTTV: 0x680 }).map(
  ([register, value]) => ({ do: 'set', register, element: 0, value }),
);

function pausing(program: Program): Program {
  const control = pf.CTRL.SLU.mask | pf.CTRL.FD.mask | pf.CTRL.TFCE.mask;
  const steps = program.map((step) =>
    step.do === 'set' && step.register === 'CTRL' ? { ...step, value: step.value | control } : step,
  );
  return [...PAUSING, { do: 'set', register: 'CTRL', element: 0, value: control }, ...steps];
}

for (const [title, make] of [
  ['frames that wait for descriptors end as on the long way', generate],
  ['and those that a packet buffer keeps while the link partner is paused', (seed: number) => pausing(generate(seed))],
] as const) {
  test(title, () => {
    const waited = mock.method(ReceivePath.prototype, 'storeWaiting');
    const [short, long] = [new KeptWire(), new KeptWire()];
    const [one, other] = [openInProcess('copper', [], short), openInProcess('copper', WATCHED, long)];
    compare(FEW, burstOn(short, one, true, FLOODS), burstOn(long, other, false, FLOODS), make);
    const runs = waited.mock.calls.map(({ result }) => result!);
    assert.ok(runs.filter((stored) => stored > 0).length > 20, `${runs.length} runs`);
    mock.restoreAll();
  });
}

/**
 * A program that sends packets several at a time, which go the same way or do not: again, with other ports, damaged, longer; with
 * checksums left to the device only where the program `offloads`.
 */
function together(program: Program, offloads: boolean): Program {
  return program.flatMap((step): Step[] => {
    if (step.do !== 'send' || step.frame.kind === 'ethernet' || step.segmentSize > 0) return [step];
    const { frame } = step;
    const offload = step.offload && offloads;
    const changed = (options: Partial<typeof frame.options>, payloadBytes = frame.payloadBytes): Step => ({
      ...step,
      frame: { ...frame, payloadBytes, options: { ...frame.options, ...options } },
      ...{ offload, pieces: 1, tag: -1 },
      waits: true,
    });
    const same = changed({});
    const others = [
      changed({ ports: [1, 2] }),
      changed({ spoil: 'l4' }),
      same,
      changed({}, 300),
      changed({ tags: [] }),
    ];
    return [same, same, ...others, same, changed({ from: STRANGER }), step];
  });
}

test('packets that pools send together end as if they came one by one', () => {
  const followed = mock.method(ReceivePath.prototype, 'followSwitched');
  compare(FEW, openInProcess(), openInProcess('copper', WATCHED), (seed) => together(generate(seed), seed % 2 === 0));
  for (const kind of [origin.pool, origin.unfinished, origin.unfinishedIpv4]) {
    const calls = followed.mock.calls.filter(({ arguments: [, , , , from] }) => from === kind);
    const behind = calls.reduce((sum, { arguments: [, , first], result }) => sum + result! - first, 0);
    assert.ok(behind > 5, `${behind} frames of kind ${kind}`);
  }
  mock.restoreAll();
});

/** A program whose pools have two queues each, and share frames out by their hash. */
function scaled(program: Program): Program {
  return program.flatMap((step): Step[] => {
    if (step.do === 'receive-ring') return [step, { ...step, queue: step.queue + POOLS }];
    if (step.do !== 'set') return [step];
    const { register, value } = step;
    if (register === 'VMOLR') return [{ ...step, value: value | pf.VMOLR.RSSE.mask }];
    if (register !== 'MRQC' || value !== 3) return [step];
    const table = Array.from({ length: 32 }, (_, element) => ({
      ...step,
      register: 'RETA',
      element,
      value: 0x0800_0008,
    }));
    const key = Array.from({ length: 10 }, (_, element) => ({
      ...step,
      register: 'RSSRK',
      element,
      value: 0x6d5a_0102,
    }));
    return [...table, ...key, { ...step, value: 5 | (0x3f << 16) }];
  });
}

test('with RSS inside pools too', () => {
  const found = mock.method(ReceivePath.prototype, 'switched');
  const followed = mock.method(ReceivePath.prototype, 'followSwitched');
  compare(FEW, openInProcess(), openInProcess('copper', WATCHED), (seed) =>
    scaled(together(generate(seed), seed % 2 === 0)),
  );
  assert.ok(followed.mock.calls.some(({ arguments: [, , first], result }) => result! > first));
  assert.ok(found.mock.calls.filter(({ result }) => result === true).length > 20);
  mock.restoreAll();
});

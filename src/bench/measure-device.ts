/** Runs a case of the device on two programs in turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessTransport } from '../qtest/client/index.ts';
import { BenchCard, machineWords } from './card.ts';
import type { Effort, Measured, Subject } from './case.ts';
import type { DeviceCase } from './device-cases.ts';
import { StreamFeed } from './feed.ts';
import { processorNs } from './processor-time.ts';
import { median } from './sample.ts';
import type { Work } from './work.ts';

/** Measurements of QTest's own cost for each batch. */
const IDLE_ROUNDS = 5;
/** Until the program waits again, so that its account is written. */
const PAUSE_MS = 1;

interface Bench {
  readonly transport: ProcessTransport;
  readonly feed: StreamFeed | undefined;
  readonly work: Work;
  /** ns a packet, by round. */
  readonly elapsed: number[];
  readonly processor: number[];
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function open({ name, program }: Subject, device: DeviceCase, folder: string): Bench {
  const feed = device.fromWire === true ? new StreamFeed(join(folder, `${name}.sock`)) : undefined;
  const netdev = feed?.netdev ?? 'hubport,id=n0,hubid=0';
  const args = [...(program.args ?? []), ...machineWords, '-netdev', netdev, '-device', 'igb,bus=rp0,netdev=n0'];
  const transport = new ProcessTransport({ ...program, args });
  try {
    return { transport, feed, work: device.open(new BenchCard(transport), feed), elapsed: [], processor: [] };
  } catch (error) {
    transport.close();
    feed?.close();
    throw error;
  }
}

/** Elapsed time and processor time of something that is done in the program, in ns. */
function timed(bench: Bench, run: () => void): readonly [number, number] {
  const { pid } = bench.transport;
  const before = processorNs(pid);
  const begin = process.hrtime.bigint();
  run();
  const elapsed = Number(process.hrtime.bigint() - begin);
  Atomics.wait(sleeper, 0, 0, PAUSE_MS);
  return [elapsed, processorNs(pid) - before];
}

/** One batch, with QTest's own cost taken off. */
function round(bench: Bench): void {
  const { work } = bench;
  const idle = Array.from({ length: IDLE_ROUNDS }, () => timed(bench, () => work.idle()));
  work.prepare();
  const [elapsed, processor] = timed(bench, () => work.run());
  bench.elapsed.push((elapsed - median(idle.map(([value]) => value))) / work.packets);
  bench.processor.push((processor - median(idle.map(([, value]) => value))) / work.packets);
}

/** One side of a comparison. */
export interface Side {
  readonly subject: Subject;
  readonly device: DeviceCase;
}

/** Both sides in turns. */
export function measureDevice(ours: Side, theirs: Side, { rounds, warmUp }: Effort): Measured {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-bench-'));
  const benches: Bench[] = [];
  try {
    for (const [name, { subject, device }] of Object.entries({ ours, theirs }))
      benches.push(open({ ...subject, name }, device, folder));
    for (let n = 0; n < warmUp; n += 1) {
      for (const { work } of benches) {
        work.prepare();
        work.run();
      }
    }
    for (let n = 0; n < rounds; n += 1) for (const bench of benches) round(bench);
    const [first, second] = benches as [Bench, Bench];
    return {
      elapsed: { unit: 'ns', ours: first.elapsed, theirs: second.elapsed },
      processor: { unit: 'ns', ours: first.processor, theirs: second.processor },
    };
  } finally {
    for (const { transport, feed } of benches) {
      transport.close();
      feed?.close();
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

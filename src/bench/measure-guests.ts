/** Runs cases with guests: two of them, one with our NIC and one with QEMU's igb, each case on both in turns. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lab/errors.ts';
import { QemuNic, type NicUnderTest } from '../lab/nic-under-test.ts';
import { ProcessNic } from '../lab/process-nic.ts';
import { Reporter } from '../lab/reporter.ts';
import { type Run, withRun } from '../lab/run.ts';
import type { GuestCase, GuestEffort, GuestFigure, GuestSample } from './guest-cases.ts';
import { GuestSide, type ProcessorSeconds } from './guest-side.ts';
import type { ProcessorShares, Result } from './result.ts';
import { median, ratioOf } from './sample.ts';

const AGAINST = "QEMU's igb";

async function openSide(run: Run, name: string, nic: NicUnderTest): Promise<GuestSide> {
  const folder = join(run.folder, name);
  mkdirSync(folder);
  return GuestSide.open(run.lab, nic, folder, run.reporter);
}

interface Sides {
  readonly ours: GuestSide;
  readonly theirs: GuestSide;
}

/** Where our samples and theirs of one figure gather. */
interface Gathered {
  readonly ours: GuestSample[];
  readonly theirs: GuestSample[];
}

/** Of device and QEMU: what a guest's own work takes is in QEMU's. */
const ofProgram = ({ qemu, device }: ProcessorSeconds): number => qemu + device;

function shares(samples: readonly GuestSample[]): ProcessorShares {
  const of = (part: keyof ProcessorSeconds): number => median(samples.map((sample) => sample.processorEach![part]));
  return { guest: of('guest'), qemu: of('qemu'), device: of('device') };
}

function resultOf({ name, title, unit, goal }: GuestFigure, { ours, theirs }: Gathered): Result {
  const values = (samples: readonly GuestSample[]): number[] => samples.map(({ value }) => value);
  // A rate is the better the larger it is, a time the smaller.
  const [fast, slow] = unit === 'ms' ? [ours, theirs] : [theirs, ours];
  const costs = (samples: readonly GuestSample[]): number[] =>
    samples.map(({ processorEach }) => ofProgram(processorEach!));
  return {
    ...{ name, group: 'guest', title, goal, unit, against: AGAINST },
    ...{ ours: median(values(ours)), theirs: median(values(theirs)), ratio: ratioOf(values(fast), values(slow)) },
    ...(ours[0]?.processorEach !== undefined && {
      processorRatio: ratioOf(costs(ours), costs(theirs)),
      processors: { ours: shares(ours), theirs: shares(theirs) },
    }),
  };
}

/** A case and what its rounds have shown; what goes wrong in one ends it and leaves the others alone. */
class Measurement {
  readonly case: GuestCase;
  readonly #gathered: readonly Gathered[];
  #failure: string | undefined;

  constructor(one: GuestCase) {
    this.case = one;
    this.#gathered = one.figures.map(() => ({ ours: [], theirs: [] }));
    this.#failure = undefined;
  }

  /** Who is first in one round is second in the next. */
  async round({ ours, theirs }: Sides, number: number, effort: GuestEffort): Promise<void> {
    if (this.#failure !== undefined) return;
    const order = [['ours', ours] as const, ['theirs', theirs] as const];
    if (number % 2 === 0) order.reverse();
    try {
      for (const [name, side] of order) {
        const samples = await this.case.measure(side, effort);
        if (number < 1) continue;
        for (const [figure, sample] of samples.entries()) this.#gathered[figure]![name].push(sample);
      }
    } catch (error) {
      this.#failure = (error as Error).message;
    }
  }

  results(): Result[] {
    if (this.#failure !== undefined) return skipped([this.case], this.#failure);
    return this.case.figures.map((figure, index) => resultOf(figure, this.#gathered[index]!));
  }
}

/** Rounds of all these cases: a machine that is slow for half a minute is so in a round or two of each, not in all of one. */
async function measureInRounds(
  run: Run,
  measurements: readonly Measurement[],
  sides: Sides,
  effort: GuestEffort,
): Promise<void> {
  for (let round = 1 - effort.warmUp; round <= effort.rounds; round += 1) {
    const name = round < 1 ? 'warming up' : `round ${round} of ${effort.rounds}`;
    await run.reporter.step(name, async (report) => {
      for (const [index, one] of measurements.entries()) {
        report(`${index + 1} of ${measurements.length}: ${one.case.title}`);
        await one.round(sides, round, effort);
      }
      report(`${measurements.length} cases`);
    });
  }
}

const skipped = (cases: readonly GuestCase[], why: string): Result[] =>
  cases
    .flatMap(({ figures }) => figures)
    .map(({ name, title, goal }) => ({
      ...{ name, group: 'guest', title, goal, unit: '', against: AGAINST, ours: Number.NaN, skipped: why },
    }));

/** Results of all the figures of these cases; skipped ones where the machine cannot run such guests. */
export async function measureGuests(
  cases: readonly GuestCase[],
  effort: GuestEffort,
  qemu: string | undefined,
): Promise<Result[]> {
  if (cases.length === 0) return [];
  try {
    return await withRun('bench', { qemu }, new Reporter(), async (run) => {
      const ours = await openSide(run, 'ours', new ProcessNic());
      const theirs = await openSide(run, 'theirs', new QemuNic());
      const sides = [ours, theirs];
      const measurements = cases.map((one) => new Measurement(one));
      for (const virtualFunctions of [false, true]) {
        const group = measurements.filter((one) => one.case.virtualFunctions === virtualFunctions);
        if (group.length === 0) continue;
        if (virtualFunctions) for (const side of sides) await side.enableFunctions();
        await measureInRounds(run, group, { ours, theirs }, effort);
      }
      for (const side of sides) await side.close();
      return measurements.flatMap((one) => one.results());
    });
  } catch (error) {
    if (error instanceof LabError && unavailable.has(error.code)) return skipped(cases, error.message);
    throw error;
  }
}

/** What a machine may lack for guests. */
const unavailable = new Set(['NEEDS_TAP', 'NO_NAMESPACE', 'QEMU_TOO_OLD']);

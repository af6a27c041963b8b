/** A few programs (test/differential) on our device and on QEMU's igb: no difference that docs/fidelity.md does not explain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache } from '../../src/lab/cache.ts';
import { LabError } from '../../src/lab/errors.ts';
import { findQemu, type Qemu } from '../../src/lab/qemu.ts';
import { openInProcess } from '../conformance/machines/in-process.ts';
import { openQemu } from '../conformance/machines/qemu.ts';
import { compareSeed, type Machines } from '../differential/compare.ts';
import { toScript } from '../differential/program.ts';

const PROGRAMS = 60;

const cache = new Cache();
const report = (): void => undefined;
/** The QEMU, or why there is none. */
const found: Qemu | string = await findQemu(undefined, cache, new PrivateApt(cache, report), report).catch(
  (error: unknown) => {
    if (error instanceof LabError) return error.message;
    throw error;
  },
);

if (typeof found === 'string') test('programs on both', { skip: `no QEMU at hand: ${found}` }, () => undefined);
else
  test(`${PROGRAMS} programs do the same on our device and on QEMU’s igb`, async () => {
    const machines: Machines = [openInProcess(), openQemu(found)];
    try {
      for (let seed = 1; seed <= PROGRAMS; seed += 1) {
        const different = compareSeed(machines, seed);
        if (different === undefined) continue;
        const { program, ours, theirs } = different;
        assert.fail(`seed ${seed}:\n${toScript(program)}\n# ours:   ${ours}\n# theirs: ${theirs}`);
      }
    } finally {
      for (const machine of machines) await machine.close();
    }
  });

/** The conformance suite (test/conformance) on QEMU's own igb: what differs must differ as docs/fidelity.md says. */
import { test } from 'node:test';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache } from '../../src/lab/cache.ts';
import { LabError } from '../../src/lab/errors.ts';
import { findQemu, type Qemu } from '../../src/lab/qemu.ts';
import { driveAll } from '../conformance/drive.ts';
import { openQemu } from '../conformance/machines/qemu.ts';

const cache = new Cache();
const report = (): void => undefined;
/** The QEMU, or why there is none. */
const found: Qemu | string = await findQemu(undefined, cache, new PrivateApt(cache, report), report).catch(
  (error: unknown) => {
    if (error instanceof LabError) return error.message;
    throw error;
  },
);

if (typeof found === 'string')
  test('conformance of QEMU’s igb', { skip: `no QEMU at hand: ${found}` }, () => undefined);
else driveAll('qemu', (card) => (card === 'copper' ? openQemu(found) : undefined));

/** Each case on a machine of this process: its own checks throw where a batch is not done. */
import { test } from 'node:test';
import { deviceCases } from './device-cases.ts';
import { openInProcess } from './in-process.ts';

for (const device of deviceCases) {
  test(`${device.name}: both halves of the rings are done, twice`, () => {
    const work = openInProcess(device);
    for (let batch = 0; batch < 4; batch += 1) {
      work.prepare();
      work.run();
      work.idle();
    }
  });
}

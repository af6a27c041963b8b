import assert from 'node:assert/strict';
import { test } from 'node:test';
import { following, lineOf, measurements } from './measurements.ts';

const log = `ptp4l[12.345]: port 1 (eth1): UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED
ptp4l[13.345]: master offset -1699999000000000000 s0 freq      +0 path delay      2500
ptp4l[14.345]: master offset        300 s2 freq -199990 path delay      2400
ptp4l[15.345]: master offset        -90 s2 freq -200010 path delay      2600
ptp4l[16.345]: master offset      40000 s2 freq -150000 path delay      9600
`;

test('each measurement of the log', () => {
  const found = measurements(log);
  assert.equal(found.length, 4);
  assert.deepEqual(found[0], {
    ...{ seconds: 13.345, offsetNs: -1_699_999_000_000_000_000n, locked: false, frequencyPpb: 0, delayNs: 2500 },
  });
});

test('a client follows as the middle of its offsets does, once its servo has locked', () => {
  const { medianNs, rmsNs, ppb, delayNs } = following(log, 3)!;
  assert.deepEqual([medianNs, ppb, delayNs], [300, 199_990, 2600]);
  assert.ok(rmsNs > 20_000);
  assert.equal(following(log, 4), undefined, 'the first was before');
  assert.equal(following(log, 5), undefined);
});

test('the offsets of a client that only measures lie on a line, whose slope is the server’s rate', () => {
  const lines = [1000, 999, 1001, 1000].map(
    (noise, n) =>
      `ptp4l[${10 + 2 * n}.000]: master offset ${1_700_000_000_000_000_000n - BigInt(400_000 * n + noise)} s0 freq +0 path delay  2500`,
  );
  const line = lineOf(`ptp4l[9.0]: selected\n${lines.join('\n')}\n`, 4)!;
  assert.ok(Math.abs(line.ppb - 200_000) < 1, `${line.ppb}`);
  assert.ok(line.rmsNs > 0.1 && line.rmsNs < 2, `${line.rmsNs}`);
  assert.equal(line.delayNs, 2500);
  assert.equal(lineOf(lines.join('\n'), 5), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaint, converged, daemonCommand, intervals } from './daemon.ts';

const log = `ptp4l[12.345]: port 1 (eth1): UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED
ptp4l[13.345]: rms 70000 max 90123 freq  +1234 +/- 812 delay  2500 +/-  40
ptp4l[14.345]: rms  300 max  512 freq +100012 +/-  12 delay  2400 +/-   4
ptp4l[15.345]: rms   90 max  112 freq  -99 +/-   2`;

test('summaries of the log become intervals', () => {
  assert.deepEqual(intervals(log), [
    { rmsNs: 70000, maxNs: 90123, frequencyPpb: 1234, delayNs: 2500 },
    { rmsNs: 300, maxNs: 512, frequencyPpb: 100_012, delayNs: 2400 },
    { rmsNs: 90, maxNs: 112, frequencyPpb: -99, delayNs: 0 },
  ]);
});

test('converged are the last intervals when each is within the limit', () => {
  assert.equal(converged(log, 2, 500)?.length, 2);
  assert.equal(converged(log, 2, 200), undefined);
  assert.equal(converged(log, 3, 500), undefined);
  assert.equal(converged(log, 4, 1e6), undefined);
});

test('a complaint is quoted, a good log has none', () => {
  const bad = "ptp4l[9.1]: interface 'eth9' does not support requested timestamping mode";
  assert.equal(complaint(`${log}\n${bad}\n${log}`), bad);
  assert.equal(complaint(log), '');
});

test('the command names transport, delay mechanism, stamps and role', () => {
  const daemon = { interfaceName: 'eth1', role: 'client', transport: 'L2', delay: 'P2P' } as const;
  const command = daemonCommand({ ...daemon, stamps: 'hardware', log: '/tmp/c.log' });
  assert.match(command, /^ptp4l .*-i eth1 -2 -P -H --clientOnly=1 .*> \/tmp\/c\.log 2>&1$/);
  const host = daemonCommand({ ...daemon, role: 'server', transport: 'UDPv4', stamps: 'software', log: 'h.log' });
  assert.match(host, /-4 -P -S --serverOnly=1/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaint, daemonCommand } from './daemon.ts';

const log = 'ptp4l[12.345]: port 1 (eth1): UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED';

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
  assert.match(daemonCommand({ ...daemon, stamps: 'software', freeRunning: true, log: 'f.log' }), /--free_running=1/);
});

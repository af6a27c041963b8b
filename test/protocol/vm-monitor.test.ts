/** The NIC's way to a machine's QMP socket: `stop` has been taken when it returns. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventLoop } from '../../src/linux/index.ts';
import { VmMonitor, type VmState } from '../../src/nic/vm-monitor.ts';

async function turn(loop: EventLoop, until: () => boolean): Promise<void> {
  for (let n = 0; n < 500 && !until(); n += 1) {
    loop.runOnce(1);
    await new Promise((resume) => setImmediate(resume));
  }
  assert.ok(until());
}

test('a machine is stopped and goes on; one that is not there yet is found, one that has gone is not told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-'));
  const path = join(folder, 'qmp.sock');
  const loop = new EventLoop();
  const states: VmState[] = [];
  const machine = new VmMonitor({ loop, id: 'pf', path, changed: (state) => states.push(state) });
  const asked: string[] = [];
  let client: Socket | undefined;
  const server = createServer((socket) => {
    client = socket;
    socket.write('{"QMP": {}}\r\n');
    socket.on('data', (data) => {
      for (const line of data.toString().trim().split('\n')) {
        const { execute, id } = JSON.parse(line) as { execute: string; id: string };
        asked.push(execute);
        const event = { stop: 'STOP', cont: 'RESUME' }[execute];
        if (event !== undefined) socket.write(`{"event": "${event}"}\r\n`);
        socket.write(`${JSON.stringify({ return: {}, id })}\r\n`);
      }
    });
    socket.on('error', () => undefined);
  });
  try {
    assert.equal(machine.stop(), false);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await turn(loop, () => machine.state === 'running');
    assert.equal(machine.stop(), true);
    assert.equal(machine.state, 'stopping');
    await turn(loop, () => machine.state === 'stopped');
    machine.cont();
    await turn(loop, () => machine.state === 'running');
    assert.deepEqual(asked, ['qmp_capabilities', 'stop', 'cont']);
    client!.destroy();
    await turn(loop, () => machine.state === 'unreachable');
    assert.deepEqual(states, ['running', 'stopping', 'stopped', 'running', 'unreachable']);
  } finally {
    machine.close();
    server.close();
    loop.close();
    rmSync(folder, { recursive: true });
  }
});

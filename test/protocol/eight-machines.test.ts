/** Eight machines at once, each with a VF on a socket of its own and memory of its own, against a whole NIC in its thread. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { formatMac } from '../../src/packet/index.ts';
import { Machine } from './machine.ts';

const MACHINES = 8;
let nic: Nic;
let folder: string;
const path = (index: number): string => join(folder, `vf${index}.sock`);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outboard-eight-'));
  const attach = Array.from({ length: MACHINES }, (_, index) => ({ kind: 'vf' as const, index, path: path(index) }));
  nic = await startNic({ attach }, { log: () => undefined });
});

after(async () => {
  await nic.close();
  rmSync(folder, { recursive: true, force: true });
});

test('eight machines talk; one vanishes under traffic and nobody else loses a frame; another takes its VF', () => {
  const machines = Array.from({ length: MACHINES }, (_, index) => new Machine(path(index)));
  assert.equal(new Set(machines.map(({ port }) => formatMac(port.mac))).size, MACHINES);

  for (const from of machines) for (const to of machines) if (from !== to) from.sendTo(to, 1);
  for (const machine of machines) assert.equal(machine.taken(MACHINES - 1), MACHINES - 1);

  const [gone, ...others] = machines as [Machine, ...Machine[]];
  for (const machine of others) gone.sendTo(machine, 2);
  for (const machine of others) assert.equal(machine.taken(1), 1);
  for (let round = 0; round < 10; round += 1) {
    for (const from of others) for (const to of others) if (from !== to) from.sendTo(to, 3);
    if (round === 3) gone.crash();
    for (const machine of others) assert.equal(machine.taken(others.length - 1), others.length - 1, `round ${round}`);
  }

  const successor = new Machine(path(0));
  assert.equal(formatMac(successor.port.mac), formatMac(gone.port.mac));
  for (const from of others) from.sendTo(successor, 4);
  assert.equal(successor.taken(others.length), others.length);
  for (const machine of [successor, ...others]) machine.crash();
});

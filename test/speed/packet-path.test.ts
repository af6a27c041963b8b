/** What the packet path may not do once it is warm: allocate, keep memory, be deoptimised. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deviceCases } from '../../src/bench/device-cases.ts';
import { openInProcess } from '../../src/bench/in-process.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const PACKETS = 1e6;
const WARM_UP = 2e5;
/** Of the engine's and the test's own doing: code, commands, samples of the heap. The smallest object has 16 bytes. */
const TOLERATED_BYTES = 256 * 1024;
const TOLERATED_BYTES_A_PACKET = 8;
const ATTEMPTS = 3;
/** The bench's own loops, which see the cards of all cases. */
const HARNESS = /<JSFunction (?:run|loopOverCases) /;

const heapUsed = (): number => process.memoryUsage().heapUsed;

/** What a million packets of a case leave behind: growth of the heap, and garbage a packet, in bytes. */
function leftBy(name: string): { grown: number; garbageEach: number } {
  const work = openInProcess(deviceCases.find((device) => device.name === name)!);
  let garbage = 0;
  let counted = 0;
  const send = (packets: number): void => {
    for (let left = packets; left > 0; left -= work.packets) {
      work.prepare();
      const before = heapUsed();
      work.run();
      const grown = heapUsed() - before;
      // Where the collector ran meanwhile, nothing can be said.
      if (grown < 0) continue;
      garbage += grown;
      counted += work.packets;
    }
  };
  send(WARM_UP);
  collect();
  const before = heapUsed();
  [garbage, counted] = [0, 0];
  send(PACKETS);
  collect();
  return { grown: heapUsed() - before, garbageEach: garbage / counted };
}

for (const name of ['tx-64', 'tx-1514-checksum', 'tx-1514-vlan', 'rx-1514', 'rx-1514-vlan', 'vf-64']) {
  test(`${name}: a million packets grow the heap by nothing, and leave no garbage`, () => {
    // The engine's compilers allocate as well, and on a busy machine late: what the path leaves, it leaves each time.
    let left = leftBy(name);
    for (let attempt = 1; attempt < ATTEMPTS && isTooMuch(left); attempt += 1) left = leftBy(name);
    assert.ok(!isTooMuch(left), `${left.garbageEach.toFixed(1)} bytes of garbage a packet, grown by ${left.grown}`);
  });
}

function isTooMuch({ grown, garbageEach }: ReturnType<typeof leftBy>): boolean {
  return grown >= TOLERATED_BYTES || garbageEach >= TOLERATED_BYTES_A_PACKET;
}

/** Bailouts of the packet path after warm-up, as the engine tells of them. */
function bailouts(): string[] {
  const steady = fileURLToPath(new URL('steady.js', import.meta.url));
  const cases = [
    'tx-64',
    'tx-1514-checksum',
    'tx-1514-vlan',
    'tso-64k',
    'rx-64',
    'rx-1514',
    'rx-1514-vlan',
    'vf-64',
    'vf-tso',
  ];
  const output = execFileSync(process.execPath, ['--trace-deopt', steady, ...cases], { encoding: 'utf8' });
  const [warmUp, after] = output.split('steady\n') as [string, string | undefined];
  assert.match(warmUp, /bailout/, 'this engine tells of deoptimisations');
  return after!.split('\n').filter((line) => line.startsWith('[bailout') && !HARNESS.test(line));
}

test('no function of the packet path is deoptimised after warm-up', () => {
  // On a busy machine a compiler may be late, and the loop around the cases is compiled then; what is wrong in the path is so each time.
  let found = bailouts();
  for (let attempt = 1; attempt < ATTEMPTS && found.length > 0; attempt += 1) found = bailouts();
  assert.deepEqual(found, []);
});

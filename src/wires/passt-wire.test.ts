import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EventLoop, SystemError } from '../linux/index.ts';
import { openWire } from './open.ts';
import { parseNetdev } from './parse.ts';
import { descriptorsBackTo, makeFrame, openDescriptors, pump, RecordingPort } from './recording-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'outboard-passt-'));
after(() => rmSync(folder, { recursive: true }));

/** Stands in for passt: notes its arguments and process id, and sends everything back. */
const program = join(folder, 'passt');
writeFileSync(
  program,
  `#!${process.execPath}
const { writeFileSync } = require('node:fs');
writeFileSync('${folder}/arguments', JSON.stringify({ pid: process.pid, args: process.argv.slice(2) }));
process.stderr.write('hello from passt\\n');
const socket = new (require('node:net').Socket)({ fd: 3 });
socket.pipe(socket);
socket.on('close', () => process.exit(0));
`,
);
chmodSync(program, 0o755);

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('frames reach the passt process and come back; it ends with the wire', async () => {
  const before = openDescriptors();
  const loop = new EventLoop();
  const lines: string[] = [];
  const wire = openWire(parseNetdev(`passt,id=p0,path=${program},mtu=1500,address=10.0.2.15`), {
    loop,
    log: (line) => lines.push(line),
  });
  const port = new RecordingPort();
  wire.plug(port);
  assert.equal(wire.carrier, true);
  wire.send(makeFrame(1514, 1), 0, 1514, undefined);
  wire.send(makeFrame(60, 2), 0, 60, undefined);
  await pump(loop, () => port.frames.length === 2 && lines.length > 0);
  assert.deepEqual(port.frames, [makeFrame(1514, 1), makeFrame(60, 2)]);
  assert.deepEqual(lines, ['passt: hello from passt']);
  const { pid, args } = JSON.parse(readFileSync(join(folder, 'arguments'), 'utf8')) as { pid: number; args: string[] };
  const text = args.join(' ');
  assert.match(text, /--foreground/);
  assert.match(text, /--fd 3/);
  assert.match(text, /--mtu 1500 --address 10\.0\.2\.15/);
  wire.close();
  await pump(loop, () => !isRunning(pid));
  loop.close();
  await descriptorsBackTo(before);
});

test('the carrier goes when passt dies', async () => {
  const loop = new EventLoop();
  const wire = openWire(parseNetdev(`passt,id=p0,path=${program}`), { loop });
  const port = new RecordingPort();
  wire.plug(port);
  wire.send(makeFrame(60, 1), 0, 60, undefined);
  await pump(loop, () => port.frames.length === 1);
  const { pid } = JSON.parse(readFileSync(join(folder, 'arguments'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await pump(loop, () => !wire.carrier);
  assert.equal(port.carrierChanges, 1);
  wire.close();
  loop.close();
});

test('a passt that is not there is an error with what to do', async () => {
  const before = openDescriptors();
  const loop = new EventLoop();
  assert.throws(
    () => openWire(parseNetdev(`passt,id=p0,path=${folder}/absent`), { loop }),
    (error: unknown) =>
      error instanceof SystemError && error.code === 'ENOENT' && /install passt.*path=/.test(error.message),
  );
  loop.close();
  await descriptorsBackTo(before);
});

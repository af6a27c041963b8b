/** `outboard-system-x86_64` as a process: sockets, their ends, signals, QMP beside the protocol, frames inside a command. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../../bin/outboard-system-x86_64', import.meta.url));
const WAIT_MS = 20_000;
let folder: string;

before(() => (folder = mkdtempSync(join(tmpdir(), 'outboard-qtest-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

let sockets = 0;

interface Peer {
  readonly child: ChildProcess;
  readonly socket: Socket;
  /** Sends text; resolves once `lines` further lines are there, with them. */
  ask(text: string, lines?: number): Promise<string[]>;
  ended(): Promise<number | null>;
}

function lineReader(socket: Socket): (count: number) => Promise<string[]> {
  let text = '';
  let wake = (): void => undefined;
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    wake();
  });
  return async (count) => {
    const end = Date.now() + WAIT_MS;
    while (text.split('\n').length <= count) {
      assert.ok(Date.now() < end, `waited for ${count} lines, have "${text.slice(0, 200)}"`);
      await Promise.race([
        new Promise<void>((resolve) => (wake = resolve)),
        new Promise((resolve) => setTimeout(resolve, 100)),
      ]);
    }
    const lines = text.split('\n');
    text = lines.slice(count).join('\n');
    return lines.slice(0, count);
  };
}

async function listen(path: string): Promise<() => Promise<Socket>> {
  const server = createServer();
  const connection = once(server, 'connection');
  server.listen(path);
  await once(server, 'listening');
  return async () => {
    const [socket] = (await connection) as [Socket];
    server.close();
    socket.on('error', () => undefined);
    return socket;
  };
}

async function start(...args: string[]): Promise<Peer> {
  const path = join(folder, `q${(sockets += 1)}.sock`);
  const connected = await listen(path);
  const child = spawn(binary, ['-qtest', `unix:${path}`, '-qtest-log', 'none', '-accel', 'qtest', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const socket = await connected();
  const read = lineReader(socket);
  return {
    child,
    socket,
    ask: async (text, lines = 1) => {
      socket.write(text);
      return read(lines);
    },
    ended: async () => (await exit)[0],
  };
}

test('a closed socket ends the process with status 0', async () => {
  const { socket, ask, ended } = await start('-machine', 'q35');
  assert.deepEqual(await ask('endianness\n'), ['OK little']);
  socket.destroy();
  assert.equal(await ended(), 0);
});

test('SIGTERM ends it with status 0, as libqtest wants it', async () => {
  const { child, ask, ended } = await start('-machine', 'pc');
  await ask('endianness\n');
  child.kill('SIGTERM');
  assert.equal(await ended(), 0);
});

test('commands in any pieces, many together; answers in order', async () => {
  const { socket, ask } = await start('-machine', 'q35', '-m', '16M');
  assert.deepEqual(await ask('endian', 0), []);
  assert.deepEqual(await ask('ness\nfoo\n', 2), ['OK little', "FAIL Unknown command 'foo'"]);
  const many = Array.from(
    { length: 20_000 },
    (_, n) => `writel ${4096 + 4 * (n % 1000)} ${n}\nreadl ${4096 + 4 * (n % 1000)}\n`,
  );
  const answers = await ask(many.join(''), 40_000);
  assert.ok(answers.every((line, n) => (n % 2 === 0 ? line === 'OK' : Number(line.slice(3)) === (n - 1) / 2)));
  socket.destroy();
});

test('a client that reads late gets everything', async () => {
  const { socket, ask } = await start('-machine', 'q35', '-m', '64M');
  socket.pause();
  const reads = Array.from({ length: 40 }, () => 'read 0x100000 0x20000\n').join('');
  socket.write(reads);
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.resume();
  const lines = await ask('endianness\n', 41);
  assert.equal(lines[0]!.length, 3 + 2 + 2 * 0x20000);
  assert.equal(lines[40], 'OK little');
  socket.destroy();
});

test('QMP beside it: greeting, hot-plug seen by the protocol, quit', async () => {
  const path = join(folder, 'm.sock');
  const connected = await listen(path);
  const { ask, ended } = await start(
    '-machine',
    'pc',
    '-chardev',
    `socket,path=${path},id=c`,
    '-mon',
    'chardev=c,mode=control',
  );
  const qmp = await connected();
  const read = lineReader(qmp);
  assert.match((await read(1))[0]!, /"QMP"/);
  qmp.write('{"execute":"qmp_capabilities"}{"execute":"device_add","arguments":{"driver":"igb","id":"d","addr":"6"}}');
  assert.deepEqual(
    (await read(2)).map((line) => line.trim()),
    ['{"return":{}}', '{"return":{}}'],
  );
  assert.deepEqual(await ask('outl 0xcf8 0x80003000\ninl 0xcfc\n', 2), ['OK', 'OK 0x10c98086']);
  qmp.write('{"execute":"quit"}');
  assert.equal(await ended(), 0);
});

test('standard input may be a file; the log goes where it is told to', async () => {
  const input = join(folder, 'input');
  const log = join(folder, 'log');
  writeFileSync(input, 'outl 0xcf8 0x80000800\ninl 0xcfc\nnonsense');
  const fd = openSync(input, 'r');
  const args = ['-machine', 'q35', '-nodefaults', '-device', 'igb', '-qtest', 'stdio', '-qtest-log', log];
  const child = spawn(binary, args, { stdio: [fd, 'pipe', 'inherit'] });
  let output = '';
  child.stdout!.on('data', (bytes: Buffer) => (output += bytes.toString()));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  closeSync(fd);
  assert.equal(output, 'OK\nOK 0x10c98086\n');
  assert.match(
    readFileSync(log, 'utf8'),
    /^\[I 0\.0+\] OPENED\n\[R \+\d+\.\d{6}\] outl 0xcf8 0x80000800\n\[S \+\d+\.\d{6}\] OK\n/,
  );
});

test('a command line that cannot be is one line, and status 1', async () => {
  const child = spawn(binary, ['-device', 'e1000e', '-qtest', 'stdio'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (bytes: Buffer) => (text += bytes.toString()));
  assert.deepEqual(await once(child, 'close'), [1, null]);
  assert.match(text, /^outboard: -device e1000e: .* \[QTEST_OPTION\]\n$/);
});

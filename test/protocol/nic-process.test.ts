/** `outboard nic` from outside: a process that listens, serves a client, and ends without a trace. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, GET_REGION_INFO, pack, u32, u64 } from './client.ts';

const program = fileURLToPath(new URL('../../../bin/outboard', import.meta.url));
const CONFIG_REGION = 7;
const BAR0_REGION = 0;
/** Section 8.2.2. */
const STATUS = 0x8;
/** What ending may take; the fastest of a few counts, as the machine may do other things too. */
const END_LIMIT_MS = 100;

/** Connects to a target as a debugger does, and stays until it is sent away. */
async function debug(port: number, id: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
  socket.write(
    `GET /${id} HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}\r\nSec-WebSocket-Key: ${btoa(id.slice(0, 16))}\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 101 /);
  const text = Buffer.from('{"id":1,"method":"Runtime.enable"}');
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
  await once(socket, 'data');
  // Frames may come together, and this is the last one.
  socket.on('data', (frames: Buffer) => {
    if (frames.at(-2) === CLOSE) socket.write(Buffer.from([CLOSE, 0x80, 0, 0, 0, 0]));
  });
  return socket;
}

/** First byte of the frame by which a WebSocket ends. */
const CLOSE = 0x88;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** The server is another process: all there is to do is to wait. */
const wait = (timeoutMs: number): boolean => {
  Atomics.wait(sleeper, 0, 0, Math.min(timeoutMs, 5));
  return false;
};

class NicProcess {
  readonly folder: string;
  readonly child: ChildProcess;
  output: string;
  errors: string;

  constructor(folder: string, args: readonly string[]) {
    this.folder = folder;
    this.output = '';
    this.errors = '';
    this.child = spawn(program, ['nic', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
    this.child.stderr!.on('data', (bytes: Buffer) => (this.errors += bytes.toString()));
  }

  /** Resolves when the NIC has said that it listens; fails when it ends instead. */
  async listening(): Promise<this> {
    while (!this.output.includes('Ctrl-C')) {
      await Promise.race([once(this.child.stdout!, 'data'), once(this.child, 'exit')]);
      assert.equal(this.child.exitCode, null, this.errors);
    }
    return this;
  }

  /** Exit status, or the signal that ended it, and the time that it took. */
  async end(signal: NodeJS.Signals): Promise<{ status: number | string; milliseconds: number }> {
    const begin = performance.now();
    const closed = once(this.child, 'close') as Promise<[number | null, string | null]>;
    this.child.kill(signal);
    const [code, killer] = await closed;
    return { status: code ?? killer ?? '', milliseconds: performance.now() - begin };
  }
}

function setUp(context: TestContext): { folder: string; nic: (...args: string[]) => NicProcess } {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-process-'));
  const started: NicProcess[] = [];
  context.after(() => {
    for (const { child } of started) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const nic = (...args: string[]): NicProcess => {
    const made = new NicProcess(folder, args);
    started.push(made);
    return made;
  };
  return { folder, nic };
}

function attach(context: TestContext, path: string): Client {
  const client = new Client(path, wait).version();
  context.after(() => client.close());
  return client;
}

const word = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

test('a NIC listens, serves a client, and SIGTERM ends it with status 0 and no socket left', async (context) => {
  const { folder, nic } = setUp(context);
  const process = await nic('--attach', 'function,path=nic.sock').listening();
  assert.match(process.output, /"path":"nic\.sock"/);
  const client = attach(context, join(folder, 'nic.sock'));
  const config = client.read(CONFIG_REGION, 0, 4);
  assert.equal(word(config, 0), 0x8086);
  assert.equal(word(config, 2), 0x10c9);
  client.write(CONFIG_REGION, 4, Uint8Array.of(6, 0));
  assert.equal(client.read(BAR0_REGION, STATUS, 4).length, 4);
  assert.equal((await process.end('SIGTERM')).status, 0);
  assert.equal(process.errors, 'nic.sock: client attached\nnic.sock: client gone: the server closes\n');
  assert.deepEqual(readdirSync(folder), []);
  assert.ok(client.closes());
});

test('every signal ends it at once, even one while it starts', async (context) => {
  const { folder, nic } = setUp(context);
  const times: number[] = [];
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const process = await nic('--attach', 'hierarchy,path=nic.sock').listening();
    const { status, milliseconds } = await process.end(signal);
    assert.equal(status, 0, signal);
    assert.deepEqual(readdirSync(folder), [], signal);
    times.push(milliseconds);
  }
  assert.ok(Math.min(...times) < END_LIMIT_MS, `${times.join(', ')} ms`);
  const process = nic('--attach', 'hierarchy,path=nic.sock');
  for (const until = Date.now() + 20_000; !existsSync(join(folder, 'nic.sock')) && Date.now() < until; wait(5));
  assert.equal((await process.end('SIGINT')).status, 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('a socket that a killed NIC left is taken over, one that is listened on is not, and its capture stays', async (context) => {
  const { folder, nic } = setUp(context);
  const wire = 'stream,id=n0,server=on,addr.type=unix,addr.path=wire.sock';
  const dump = 'filter-dump,id=f0,netdev=n0,file=x.pcap';
  const args = ['--attach', 'vf,index=1,path=nic.sock', '--netdev', wire, '--object', dump] as const;
  const first = await nic(...args).listening();
  assert.equal((await first.end('SIGKILL')).status, 'SIGKILL');
  assert.deepEqual(readdirSync(folder).sort(), ['nic.sock', 'wire.sock', 'x.pcap']);
  const second = await nic(...args).listening();
  // The header is written soon after, by the thread that writes captures.
  for (let wait = 0; statSync(join(folder, 'x.pcap')).size === 0 && wait < 100; wait += 1) await sleep(20);
  assert.equal(statSync(join(folder, 'x.pcap')).size, 24);
  writeFileSync(join(folder, 'x.pcap'), 'frames of the second');
  const third = nic(...args);
  const [status] = (await once(third.child, 'close')) as [number];
  assert.equal(status, 1);
  assert.match(third.errors, /^outboard: .*\[EADDRINUSE\]\n$/);
  assert.equal(readFileSync(join(folder, 'x.pcap'), 'utf8'), 'frames of the second');
  assert.equal(attach(context, join(folder, 'nic.sock')).read(CONFIG_REGION, 0, 4).length, 4);
  assert.equal((await second.end('SIGTERM')).status, 0);
  assert.deepEqual(readdirSync(folder), ['x.pcap']);
});

test('a NIC goes on when nobody reads what it prints, and when its capture cannot be written', async (context) => {
  const { folder, nic } = setUp(context);
  const wire = 'stream,id=n0,server=on,addr.type=unix,addr.path=wire.sock';
  const full = 'filter-dump,id=f0,netdev=n0,file=/dev/full';
  const process = await nic(
    '--attach',
    'function,path=nic.sock',
    '--netdev',
    wire,
    '--object',
    full,
    '--trace',
    '*',
  ).listening();
  process.child.stdout!.destroy();
  process.child.stderr!.destroy();
  const client = attach(context, join(folder, 'nic.sock'));
  for (let round = 0; round < 3; round++) {
    assert.equal(client.read(CONFIG_REGION, 0, 4).length, 4);
    wait(5);
    await new Promise((done) => setTimeout(done, 60));
  }
  assert.ok(client.accepted(GET_REGION_INFO, pack(u32(32), u32(0), u32(0), u32(0), u64(0), u64(0))).byteLength > 0);
  assert.equal((await process.end('SIGTERM')).status, 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('--inspect lets a debugger in, and ends with the NIC', async (context) => {
  const { nic } = setUp(context);
  const process = await nic('--inspect', '0', '--attach', 'function,path=nic.sock').listening();
  const port = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(process.errors)![1];
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { type: string; id: string }[];
  assert.deepEqual(
    targets.map(({ type }) => type),
    ['node'],
  );
  const socket = await debug(Number(port), targets[0]!.id);
  context.after(() => socket.destroy());
  assert.equal((await process.end('SIGTERM')).status, 0, process.errors);
});

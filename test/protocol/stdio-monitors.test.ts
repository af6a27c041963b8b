/** Monitors on standard input and output, and the prompt on a terminal: as processes, with a real pseudo-terminal. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../bin/outboard', import.meta.url));
const LIMIT_MS = 20_000;

/** A process that is typed to. */
class Session {
  readonly child: ChildProcess;
  /** What it has said since the last `until`. */
  heard: string;
  errors: string;

  constructor(child: ChildProcess) {
    this.child = child;
    this.heard = '';
    this.errors = '';
    child.stdin!.on('error', () => undefined);
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.heard += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
  }

  type(text: string): void {
    this.child.stdin!.write(text);
  }

  /** Presses Tab, apart from what was typed before: what comes in one piece is a paste, in which Tab is a character. */
  async tab(): Promise<void> {
    await sleep(100);
    this.type('\t');
    await sleep(100);
  }

  /** Waits for words; gives all up to their end, and forgets it. */
  async until(words: RegExp): Promise<string> {
    for (const end = Date.now() + LIMIT_MS; Date.now() < end; await sleep(10)) {
      const found = words.exec(this.heard);
      if (found === null) continue;
      const text = this.heard.slice(0, found.index + found[0].length);
      this.heard = this.heard.slice(text.length);
      return text;
    }
    return assert.fail(`no ${String(words)} in ${JSON.stringify(this.heard)} ${this.errors}`);
  }

  async ended(): Promise<number | null> {
    for (const end = Date.now() + LIMIT_MS; this.child.exitCode === null; await sleep(10))
      assert.ok(Date.now() < end, `it does not end: ${this.heard} ${this.errors}`);
    return this.child.exitCode;
  }
}

interface Scene {
  readonly folder: string;
  run(...args: string[]): Session;
  /** The same on a terminal; undefined, and the test skipped, where there is no script(1) to make one. */
  onTerminal(...args: string[]): Session | undefined;
}

function scene(context: TestContext): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-stdio-'));
  const children: ChildProcess[] = [];
  context.after(async () => {
    for (const child of children) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state'), TERM: 'xterm', NO_COLOR: '1' };
  const start = (command: string, args: readonly string[]): Session => {
    const child = spawn(command, args, { cwd: folder, env });
    children.push(child);
    return new Session(child);
  };
  return {
    folder,
    run: (...args) => start(program, args),
    onTerminal: (...args) => {
      if (spawnSync('script', ['--version']).status !== 0) {
        context.skip('NOT CHECKED: there is no script(1) to make a terminal with');
        return undefined;
      }
      const words = [program, ...args].map((word) => `'${word}'`).join(' ');
      return start('script', ['-qefc', words, '/dev/null']);
    },
  };
}

const nic = ['nic', '--attach', 'vf,index=0,path=vf0.sock', '--netdev', 'hubport,id=n0,hubid=0'];

test('--qmp stdio: nothing but QMP on standard output, and quit ends the NIC', async (context) => {
  const session = scene(context).run(...nic, '--qmp', 'stdio');
  const greeting = JSON.parse(await session.until(/\{"QMP".*\r\n/)) as { QMP: object };
  assert.ok('version' in greeting.QMP);
  session.type('{"execute": "qmp_capabilities"}\n{"execute": "query-status", "id": 1}\n');
  await session.until(/\{"return":\{\}\}\r\n/);
  assert.deepEqual(JSON.parse(await session.until(/.*\r\n/)), { return: { status: 'running', running: true }, id: 1 });
  session.type('{"execute": "quit"}\n');
  const last = await session.until(/SHUTDOWN.*\r\n/);
  for (const line of last.trim().split('\r\n')) JSON.parse(line);
  assert.equal(await session.ended(), 0);
  assert.match(session.errors, /is listening/, 'what is for people went to standard error');
});

test('--monitor stdio: lines in, text and a prompt out', async (context) => {
  const session = scene(context).run(...nic, '--monitor', 'stdio');
  await session.until(/type 'help'.*\r\n\(outboard\) $/);
  session.type('info status\ninfo vf\nnonsense\n');
  await session.until(/^Device status: running\r\n\(outboard\) /);
  await session.until(/\n +0 +nobody[^]*?\(outboard\) /);
  await session.until(/^Error: unknown command: 'nonsense'; .*\r\n\(outboard\) /);
  session.type('quit\n');
  assert.equal(await session.ended(), 0);
});

test('--monitor stdio on a terminal: a prompt that completes and remembers; Ctrl-D ends the NIC', async (context) => {
  const session = scene(context).onTerminal(...nic, '--monitor', 'stdio');
  if (session === undefined) return;
  await session.until(/type 'help'[^]*\(outboard\) /);
  session.type('info stat');
  await session.tab();
  await session.until(/info stat/);
  session.type('us\r');
  await session.until(/Device status: running/);
  session.type('\u001b[A');
  await session.until(/info status/);
  session.type('\r');
  await session.until(/Device status: running/);
  session.type('\u0004');
  assert.equal(await session.ended(), 0);
});

test('outboard monitor on a terminal: completion by the NIC, history that outlives it, Ctrl-D leaves the NIC alone', async (context) => {
  const { folder, run, onTerminal } = scene(context);
  const server = run(...nic, '--qmp', 'unix:qmp.sock,server=on,wait=off');
  await server.until(/Ctrl-C/);
  const first = onTerminal('monitor', 'qmp.sock');
  if (first === undefined) return;
  await first.until(/\(outboard\) /);
  first.type('set_li');
  await first.tab();
  await first.until(/set_link /);
  first.type('p');
  await first.tab();
  await first.until(/pf /);
  first.type('off\r');
  await first.until(/\(outboard\) /);
  first.type('info network\r');
  await first.until(/link down/);
  first.type('\u0004');
  assert.equal(await first.ended(), 0);
  const history = readFileSync(join(folder, 'state/outboard/monitor-history'), 'utf8');
  assert.equal(history, 'set_link pf off\ninfo network\n');

  const second = onTerminal('monitor', 'qmp.sock')!;
  await second.until(/\(outboard\) /);
  second.type('\u001b[A');
  await second.until(/info network/);
  second.type('\u001b[A');
  await second.until(/set_link pf off/);
  second.type('\u007f\u007fn\r');
  await second.until(/\(outboard\) /);
  second.type('info status\r');
  await second.until(/Device status: running/);
  second.type('\u0004');
  assert.equal(await second.ended(), 0);
  assert.equal(server.child.exitCode, null, 'the NIC goes on');
});

test('one command, in words or in one piece', async (context) => {
  const { run } = scene(context);
  const server = run(...nic, '--qmp', 'unix:qmp.sock,server=on,wait=off');
  await server.until(/Ctrl-C/);
  const answer = async (...words: string[]): Promise<string> => {
    const session = run('monitor', 'qmp.sock', ...words);
    assert.equal(await session.ended(), 0, session.errors);
    return session.heard;
  };
  assert.equal(await answer('info', 'status'), 'Device status: running\n');
  assert.equal(await answer('info status'), 'Device status: running\n');
  assert.equal(await answer('--json', 'info status'), await answer('--json', 'info', 'status'));
});

test('a prompt whose input is a file does its lines and leaves', async (context) => {
  const { run } = scene(context);
  const server = run(...nic, '--qmp', 'unix:qmp.sock,server=on,wait=off');
  await server.until(/Ctrl-C/);
  const session = run('monitor', 'qmp.sock');
  session.child.stdin!.end('info status\nnonsense\ninfo version\n');
  assert.match(await session.until(/Outboard \d.*\n/), /^Device status: running\nError: unknown command.*\nOutboard/);
  assert.equal(await session.ended(), 0);
});

/** The web view of a running NIC, over HTTP. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Monitor } from '../../src/monitor/monitor.ts';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { serveWeb } from '../../src/web/serve-web.ts';
import { Machine } from './machine.ts';

let folder: string;
let nic: Nic;
let monitor: Monitor;
let machines: [Machine, Machine];
let base: URL;
let token: string;
const logged: string[] = [];
const log = (line: string): void => void logged.push(line);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outboard-web-'));
  const attach = [0, 1].map((index) => ({ kind: 'vf' as const, index, path: join(folder, `vf${index}.sock`) }));
  const traceFile = join(folder, 'trace.obt');
  nic = await startNic({ attach, netdev: ['hubport,id=n0,hubid=0'], trace: ['igb_reset_*'], traceFile }, { log });
  monitor = new Monitor({ nic, qmp: [], hmp: [], log, quit: () => void nic.close() });
  await serveWeb(monitor, '127.0.0.1:0', log);
  machines = [new Machine(attach[0]!.path), new Machine(attach[1]!.path)];
  base = new URL(/^web: (.*)$/m.exec(logged.join('\n'))![1]!);
  token = base.searchParams.get('token')!;
});

after(async () => {
  for (const machine of machines) machine.crash();
  await nic.close();
  rmSync(folder, { recursive: true });
});

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${token}` });
const post = (body: string, headers: Record<string, string> = bearer()): Promise<Response> =>
  fetch(new URL('/qmp', base), { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

/** Status of a request whose Host is what we say. */
function statusFor(headers: Record<string, string>, path = '/'): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: base.hostname, port: base.port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    asked.on('error', reject).end();
  });
}

test('the page and all that it names are there, and nothing else', async () => {
  const page = await fetch(base);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy')!, /default-src 'none'/);
  const cookie = page.headers.get('set-cookie')!;
  assert.match(cookie, /^outboard-\d+=[0-9a-f]{32}; HttpOnly; SameSite=Strict; Path=\/$/);
  const text = await page.text();
  const names = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, name]) => name!);
  assert.ok(names.includes('main.js') && names.includes('style.css'));
  const headers = { cookie: cookie.split(';')[0]! };
  for (const name of names) assert.equal((await fetch(new URL(name, base), { headers })).status, 200, name);
  for (const name of ['/main.ts', '/tsconfig.json', '/../web-server.js', '/%2e%2e/web-server.js', '/index.html', '/x'])
    assert.equal((await fetch(new URL(name, base), { headers })).status, 404, name);
  assert.equal((await fetch(new URL('/main.js', base))).status, 401, 'without the cookie');
  assert.equal(await statusFor({ ...headers, host: 'example.com' }), 421);
});

test('commands of QMP are answered, several in order, mistakes among them', async () => {
  const body =
    '{"execute":"query-status","id":7}{"execute":"nonsense"}\n{"execute":"query-version","arguments":{"x":1}}';
  const response = await post(`${body}{`);
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  const answers = (await response.text())
    .trim()
    .split('\r\n')
    .map((line) => JSON.parse(line) as Record<string, never>);
  assert.deepEqual(answers[0], { return: { status: 'running', running: true }, id: 7 });
  assert.equal((answers[1]!['error'] as unknown as { class: string }).class, 'CommandNotFound');
  assert.match((answers[2]!['error'] as unknown as { desc: string }).desc, /'x' is unexpected/);
  assert.equal(answers.length, 3);
  assert.equal((await post('')).status, 400);
  assert.equal((await post('{"execute":')).status, 400);
  const nonsense = (await (await post(']}')).json()) as { error: { desc: string } };
  assert.match(nonsense.error.desc, /JSON parse error/);
  assert.equal((await post(' '.repeat(70_000))).status, 413);
  assert.equal((await fetch(new URL('/qmp', base), { headers: bearer() })).status, 404);
});

test('a page of another origin changes nothing', async () => {
  const cookie = (await fetch(base)).headers.get('set-cookie')!.split(';')[0]!;
  const stop = '{"execute":"stop"}';
  const own = base.origin;
  for (const origin of ['http://evil.example', 'null', own.replace('127.0.0.1', 'localhost')])
    assert.equal((await post(stop, { cookie, origin })).status, 403, origin);
  assert.equal((await post(stop, { cookie, origin: own, 'content-type': 'text/plain' })).status, 415);
  assert.equal(await nic.request('isRunning'), true);
  assert.equal((await post(stop, { cookie, origin: own })).status, 200);
  assert.equal(await nic.request('isRunning'), false);
  assert.equal((await post('{"execute":"cont"}')).status, 200);
});

test('what would be too long an answer is refused, and the rest goes on', async () => {
  const all = JSON.stringify({ execute: 'query-registers', arguments: { all: true } });
  const text = await (await post(all.repeat(600))).text();
  assert.match(text, /the answers would have more than/);
  assert.ok(text.length < 1000);
  assert.equal((await post('{"execute":"query-status"}')).status, 200);
});

interface Told {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** What `/events` tells, until enough of it is true. */
async function hear(wanted: (told: readonly Told[]) => boolean, work: () => unknown): Promise<Told[]> {
  const stop = new AbortController();
  const response = await fetch(new URL('/events', base), { headers: bearer(), signal: stop.signal });
  const told: Told[] = [];
  let text = '';
  setTimeout(work, 50);
  const limit = setTimeout(() => stop.abort(), 10_000);
  for await (const piece of response.body!.pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>) {
    text += piece;
    const messages = text.split('\n\n');
    text = messages.pop()!;
    for (const message of messages) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
      if (event !== undefined) told.push({ event, data: JSON.parse(data!) as Record<string, unknown> });
    }
    if (wanted(told)) break;
  }
  clearTimeout(limit);
  stop.abort();
  return told;
}

interface TraceLine {
  readonly event: string;
  readonly packet: number;
}

/** Lines of the trace among what was told. */
const traceLines = (told: readonly Told[]): TraceLine[] =>
  told.flatMap(({ event, data }) => (event === 'trace' ? (data['lines'] as TraceLine[]) : []));

test('events and traces are told as they happen, and a packet has its story', async () => {
  const [a, b] = machines;
  const told = await hear(
    (all) =>
      traceLines(all).some(({ event }) => event === 'igb_tx_packet') &&
      all.some(({ data }) => data['event'] === 'RESUME'),
    async () => {
      await post('{"execute":"trace-event-set-state","arguments":{"name":"igb_*","enable":true}}');
      a.sendTo(b, 1);
      await post('{"execute":"stop"}{"execute":"cont"}');
    },
  );
  const sent = traceLines(told).find(({ event }) => event === 'igb_tx_packet')!;
  assert.ok(sent.packet > 0);
  const follow = { execute: 'trace-follow', arguments: { packet: sent.packet } };
  const { return: story } = (await (await post(JSON.stringify(follow))).json()) as {
    return: { steps: { says: string }[] };
  };
  const words = story.steps.map(({ says }) => says).join('\n');
  assert.match(words, /transmit queue 0 of VF0: 1 descriptor fetched/);
  assert.match(words, /in the memory of receive queue 1, VF1: 154 B/);
  assert.deepEqual(
    told.flatMap(({ data: { event } }) => (event === 'STOP' || event === 'RESUME' ? [event] : [])),
    ['STOP', 'RESUME'],
  );
  await post('{"execute":"trace-event-set-state","arguments":{"name":"*","enable":false}}');
  assert.equal(b.taken(1), 1);
});

test('pages that never read, and floods, harm nobody; memory stays bounded', async () => {
  const [a, b] = machines;
  await post('{"execute":"trace-event-set-state","arguments":{"name":"*","enable":true}}');
  const rss = process.memoryUsage().rss;
  const get = `GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const ask = '{"execute":"query-registers","arguments":{"all":true}}'.repeat(20);
  const body = `POST /qmp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${ask.length}\r\n\r\n${ask}`;
  const silent: Socket[] = [];
  for (const text of [get, get, get, body.repeat(10), body.repeat(10), 'x'.repeat(1 << 20), 'POST /qmp HTTP/1.1\r\n']) {
    const socket = connect(Number(base.port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(text);
    silent.push(socket);
  }
  for (let n = 0; n < 300; n += 1) {
    a.sendTo(b, n);
    assert.equal(b.taken(1), 1);
    if (n % 20 === 0) await sleep(5);
  }
  const begin = Date.now();
  assert.equal((await post('{"execute":"query-status"}')).status, 200);
  assert.ok(Date.now() - begin < 5000);
  const grown = process.memoryUsage().rss - rss;
  assert.ok(grown < 300 << 20, `${grown >> 20} MiB more`);
  for (const socket of silent) socket.destroy();
  await post('{"execute":"trace-event-set-state","arguments":{"name":"*","enable":false}}');
  assert.deepEqual(
    logged.filter((line) => line.includes('bug')),
    [],
  );
});

test('more pages than there is room for are told so', async () => {
  const stop = new AbortController();
  // All of them are kept: a response that nobody holds any more is cancelled, which makes room.
  const pages: Response[] = [];
  for (let n = 0; n < 14; n += 1)
    pages.push(await fetch(new URL('/events', base), { headers: bearer(), signal: stop.signal }));
  assert.deepEqual([...new Set(pages.map(({ status }) => status))], [200, 503]);
  stop.abort();
  for (const until = Date.now() + 5000; (await statusFor(bearer(), '/events?')) !== 200; await sleep(20))
    assert.ok(Date.now() < until, 'room again');
});

test('a port that is taken is said in one line', async () => {
  await assert.rejects(serveWeb(monitor, base.host, log), {
    code: 'WEB',
    message: `cannot serve the web view on ${base.host}: listen EADDRINUSE: address already in use ${base.host}; another address is chosen by --web 127.0.0.1:PORT`,
  });
});

/** The live view of a running NIC: its page, `POST /qmp`, and what happens as server-sent events. Main thread, loopback only. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import type { LoopbackAddress } from '../metrics/loopback-address.ts';
import type { Monitor } from '../monitor/monitor.ts';
import { traceLine } from '../monitor/modules/packets.ts';
import type { TraceHistory } from '../trace/history.ts';
import { type Door, refusalOf } from './admission.ts';
import { EventClient } from './event-client.ts';
import { type PageFile, readPageFiles } from './page-files.ts';
import { answerQmp } from './qmp-request.ts';

/** Connections at a time, requests under way, those of them that are answered at once, pages that hear events. */
const MOST_CONNECTIONS = 48;
const MOST_REQUESTS = 64;
const AT_ONCE = 2;
const MOST_LISTENERS = 12;
/** How long a client may take to ask, and to read what it asked for. */
const PATIENCE_MS = 10_000;
const MOST_BODY_BYTES = 64 << 10;
/** How often pages hear of traces, and how many records at once. */
const TRACE_EVERY_MS = 100;
const MOST_LINES = 200;
const BEAT_EVERY_MS = 5000;

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function addressOf(request: IncomingMessage): URL | undefined {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    return undefined;
  }
}

/** The whole body; undefined where it is too long, or ends early. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request) {
      pieces.push(piece as Buffer);
      length += (piece as Buffer).length;
      if (length > MOST_BODY_BYTES) return undefined;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces).toString('utf8');
}

export class WebServer {
  readonly #monitor: Monitor;
  readonly #server: Server;
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #history: TraceHistory;
  readonly #listeners: Set<EventClient>;
  /** While a page listens: where none does, nothing wakes the thread. */
  #timers: readonly NodeJS.Timeout[];
  readonly #endEvents: () => void;
  /** Requests that wait to be answered. */
  readonly #waiting: (() => void)[];
  #door: Door;
  #requests: number;
  #answering: number;

  private constructor(monitor: Monitor) {
    this.#monitor = monitor;
    this.#files = readPageFiles();
    this.#history = monitor.nic.trace.remember();
    this.#listeners = new Set();
    this.#door = { token: randomBytes(16).toString('hex'), cookie: '' };
    this.#waiting = [];
    this.#requests = 0;
    this.#answering = 0;
    this.#server = createServer((request, response) => this.#take(request, response));
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.headersTimeout = PATIENCE_MS;
    this.#server.requestTimeout = PATIENCE_MS;
    this.#server.setTimeout(PATIENCE_MS, (socket) => socket.destroy());
    this.#endEvents = monitor.onEvent((event, data) => this.#tell('qmp', { event, data }));
    this.#timers = [];
  }

  /** Listens; rejects with the system's error. */
  static async listen(monitor: Monitor, { host, port }: LoopbackAddress): Promise<WebServer> {
    const made = new WebServer(monitor);
    try {
      await new Promise<void>((resolve, reject) => {
        made.#server.once('error', reject);
        made.#server.listen(port, host, resolve);
      });
    } catch (error) {
      made.close();
      throw error;
    }
    made.#server.unref();
    made.#door = { ...made.#door, cookie: `outboard-${made.#address.port}` };
    return made;
  }

  /** Where to open it: whoever has this address may do all that the monitor can. */
  get url(): string {
    const { address, port } = this.#address;
    return `http://${isIPv6(address) ? `[${address}]` : address}:${port}/?token=${this.#door.token}`;
  }

  close(): void {
    this.#keepTime(false);
    this.#endEvents();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get #address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const url = addressOf(request);
    if (url === undefined) {
      say(response, 400, 'That is no address.');
      return;
    }
    const asked = { method: request.method ?? '', headers: request.headers, url };
    const refusal = refusalOf(asked, this.#door);
    if (refusal !== undefined) {
      // What else it sends is not read.
      response.setHeader('connection', 'close');
      say(response, refusal.status, refusal.text);
    } else if (this.#requests >= MOST_REQUESTS) say(response, 503, 'Too many requests are under way.');
    else if (request.method === 'POST') this.#post(url.pathname, request, response);
    else if (url.pathname === '/events') this.#listen(response);
    else this.#file(url, response);
  }

  #file(url: URL, response: ServerResponse): void {
    const file = this.#files.get(url.pathname);
    if (file === undefined) {
      say(response, 404, 'There is no such page.');
      return;
    }
    const { token, cookie } = this.#door;
    if (url.searchParams.has('token'))
      response.setHeader('set-cookie', `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/`);
    response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length });
    response.end(file.bytes);
  }

  #post(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path !== '/qmp') {
      say(response, 404, 'Only /qmp takes a POST.');
      return;
    }
    this.#requests += 1;
    void this.#answer(request, response).finally(() => (this.#requests -= 1));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) {
      response.setHeader('connection', 'close');
      say(response, 413, `A request has at most ${MOST_BODY_BYTES} bytes.`);
      return;
    }
    const answers = await this.#inTurn(() => answerQmp(this.#monitor, body));
    if (answers === '') {
      say(response, 400, 'The body is one object of QMP or several.');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(answers);
  }

  /** Answers may be long: few are made at a time, whoever asks for how many. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#answering >= AT_ONCE) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#answering += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#answering -= 1;
      else next();
    }
  }

  #listen(response: ServerResponse): void {
    if (this.#listeners.size >= MOST_LISTENERS) {
      say(response, 503, 'Too many pages are open.');
      return;
    }
    const client = new EventClient(response, this.#history.total);
    this.#listeners.add(client);
    this.#keepTime(true);
    const gone = (): void => {
      this.#listeners.delete(client);
      this.#keepTime(this.#listeners.size > 0);
    };
    response.on('close', gone);
    response.on('error', gone);
  }

  #keepTime(on: boolean): void {
    if (on === this.#timers.length > 0) return;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = on
      ? [
          setInterval(() => this.#tellTraces(), TRACE_EVERY_MS).unref(),
          setInterval(() => this.#listeners.forEach((client) => client.beat()), BEAT_EVERY_MS).unref(),
        ]
      : [];
  }

  #tell(event: string, data: unknown): void {
    for (const client of this.#listeners) client.send(event, data);
  }

  #tellTraces(): void {
    const { total } = this.#history;
    for (const client of this.#listeners) {
      const news = total - client.traced;
      if (news === 0 || client.isCongested) continue;
      const records = this.#history.last(Math.min(news, MOST_LINES));
      client.traced = total;
      client.send('trace', { skipped: news - records.length, lines: records.map(traceLine) });
    }
  }
}

/** A browser without a window, driven over the DevTools protocol through a pipe. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chromium } from '../../src/lab/chromium.ts';

type Members = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Members;
  readonly result?: Members;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

const START_MS = 20_000;

export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #waiting: Map<number, (message: Message) => void>;
  readonly #pages: Map<string, Page>;
  #nextId: number;
  #rest: string;

  private constructor({ command, env }: Chromium) {
    this.#profile = mkdtempSync(join(tmpdir(), 'outboard-browser-'));
    // Without it chrome://tracing is closed.
    writeFileSync(join(this.#profile, 'Local State'), '{"internal_only_uis_enabled": true}');
    this.#waiting = new Map();
    this.#pages = new Map();
    this.#nextId = 1;
    this.#rest = '';
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
    const quiet = ['--disable-background-networking', '--disable-component-update', '--hide-scrollbars'];
    this.#process = spawn(
      command,
      [...flags, ...quiet, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: true },
    );
    this.#process.on('error', () => undefined);
    this.#process.stdio[3]!.on('error', () => undefined);
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#received(text));
  }

  /** Rejects where it does not answer. */
  static async start(chromium: Chromium): Promise<Browser> {
    const browser = new Browser(chromium);
    const version = browser.send('Browser.getVersion');
    const answered = await Promise.race([version, sleep(START_MS, undefined, { ref: false })]);
    if (answered !== undefined) return browser;
    browser.close();
    throw new Error('chromium does not answer');
  }

  send(method: string, params: Members = {}, sessionId?: string): Promise<Members> {
    const id = this.#nextId++;
    const message = { id, method, params, ...(sessionId === undefined ? {} : { sessionId }) };
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  async open(url: string): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId as string);
    this.#pages.set(sessionId as string, page);
    for (const domain of ['Page', 'Runtime', 'Log']) await page.send(`${domain}.enable`);
    await page.send('Page.navigate', { url });
    return page;
  }

  close(): void {
    try {
      process.kill(-this.#process.pid!, 'SIGKILL');
    } catch {
      // It has ended.
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  #received(text: string): void {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop()!;
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
      else this.#pages.get(message.sessionId ?? '')?.heard(message.method!, message.params ?? {});
    }
  }
}

export class Page {
  /** What its console says of errors. */
  readonly errors: string[];
  readonly #browser: Browser;
  readonly #session: string;

  constructor(browser: Browser, session: string) {
    this.errors = [];
    this.#browser = browser;
    this.#session = session;
  }

  send(method: string, params: Members = {}): Promise<Members> {
    return this.#browser.send(method, params, this.#session);
  }

  heard(method: string, params: Members): void {
    if (method === 'Runtime.exceptionThrown') {
      const { exceptionDetails: details } = params as {
        exceptionDetails: { text: string; exception?: { description?: string } };
      };
      this.errors.push(details.exception?.description ?? details.text);
    } else if (method === 'Log.entryAdded') {
      const { entry } = params as { entry: { level: string; text: string; url?: string } };
      if (entry.level === 'error') this.errors.push(`${entry.text} ${entry.url ?? ''}`);
    }
  }

  /** The value of an expression, awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const result = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    const { exceptionDetails } = result as {
      exceptionDetails?: { exception?: { description?: string }; text: string };
    };
    if (exceptionDetails !== undefined)
      throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return (result['result'] as { value: T }).value;
  }

  /** Waits until an expression is true; gives what it is then. */
  async until<T>(expression: string, limitMs = 10_000): Promise<T> {
    for (const end = Date.now() + limitMs; ; await sleep(20)) {
      const value = await this.evaluate<T>(expression).catch(() => undefined);
      if (value !== undefined && value !== null && value !== false && value !== '') return value;
      if (Date.now() > end) throw new Error(`still not: ${expression}; ${this.errors.join('; ')}`);
    }
  }

  /** Puts text where the cursor is. */
  async type(text: string): Promise<void> {
    await this.send('Input.insertText', { text });
  }

  /** Presses a key, as a user does. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? key : key === 'Enter' ? '\r' : undefined;
    const code = { Enter: 13, Tab: 9, Escape: 27, ' ': 32 }[key];
    const event = { key, ...(text === undefined ? {} : { text }), ...(code && { windowsVirtualKeyCode: code }) };
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, ...(code && { windowsVirtualKeyCode: code }) });
  }

  /** Size, theme and scale, as a phone or a screen has them. */
  async show(size: { readonly width: number; readonly height: number }, theme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { ...size, deviceScaleFactor: 1, mobile: false });
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] });
  }

  /** A PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data as string, 'base64');
  }
}

/** A program that speaks QTest, ours or any QEMU, started with our end of a unix socket. Calls wait for their answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptUnix, close, EPOLLIN, EventLoop, listenUnix, read, write } from '../../linux/index.ts';
import { LineBuffer } from '../protocol/line-buffer.ts';
import type { QTestTransport } from './transport.ts';

export interface ProgramOptions {
  readonly command: string;
  /** Arguments before those of QTest: machine and devices. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How long an answer may take. */
  readonly limitMs?: number;
}

const READ_BYTES = 64 * 1024;
const LIMIT_MS = 20_000;

export class ProcessTransport implements QTestTransport {
  readonly #child: ChildProcess;
  readonly #loop: EventLoop;
  readonly #folder: string;
  readonly #lines: LineBuffer;
  readonly #buffer: Buffer;
  readonly #limitMs: number;
  #fd: number;
  #readable: boolean;
  #messages: string[];

  /** Starts the program and waits until it has connected. */
  constructor({ command, args, env, limitMs }: ProgramOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), 'outboard-qtest-'));
    this.#loop = new EventLoop();
    this.#lines = new LineBuffer();
    this.#buffer = Buffer.alloc(READ_BYTES);
    this.#limitMs = limitMs ?? LIMIT_MS;
    this.#readable = false;
    this.#messages = [];
    this.#fd = -1;
    const path = join(this.#folder, 'qtest.sock');
    const listener = listenUnix(path);
    this.#loop.watch(listener, EPOLLIN, () => (this.#fd = acceptUnix(listener)));
    const words = [...args, '-qtest', `unix:${path}`, '-qtest-log', 'none', '-accel', 'qtest', '-display', 'none'];
    this.#child = spawn(command, words, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
    this.#child.on('error', () => undefined);
    try {
      this.#until(() => this.#fd !== -1, `${command} to connect`);
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#loop.unwatch(listener);
      close(listener);
    }
    this.#loop.watch(this.#fd, EPOLLIN, () => (this.#readable = true));
  }

  /** Of the program; the program must have started. */
  get pid(): number {
    return this.#child.pid!;
  }

  ask(command: string): string {
    return this.askAll([command])[0]!;
  }

  askAll(commands: readonly string[]): string[] {
    const bytes = Buffer.from(commands.map((command) => `${command}\n`).join(''), 'latin1');
    const answers: string[] = [];
    const end = Date.now() + this.#limitMs;
    for (let sent = 0; answers.length < commands.length;) {
      if (sent < bytes.length)
        sent += Math.max(0, write(this.#fd, bytes, sent, Math.min(bytes.length - sent, READ_BYTES)));
      this.#receive(answers);
      if (Date.now() > end) throw new Error(`no answer to ${commands[answers.length]?.slice(0, 80)}`);
    }
    return answers;
  }

  takeMessages(): string[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  close(): void {
    if (this.#fd !== -1) {
      this.#loop.unwatch(this.#fd);
      close(this.#fd);
      this.#fd = -1;
    }
    this.#child.kill('SIGTERM');
    this.#loop.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #receive(answers: string[]): void {
    let count = read(this.#fd, this.#buffer, 0, READ_BYTES);
    if (count === -1) {
      this.#readable = false;
      this.#loop.runOnce(5);
      if (!this.#readable) return;
      count = read(this.#fd, this.#buffer, 0, READ_BYTES);
      if (count === -1) return;
    }
    if (count === 0) throw new Error('the program has closed the connection');
    this.#lines.push(this.#buffer.toString('latin1', 0, count));
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      if (line?.startsWith('IRQ ') === true) this.#messages.push(line);
      else answers.push(line ?? 'ERR the line is too long');
    }
  }

  #until(condition: () => boolean, what: string): void {
    const end = Date.now() + this.#limitMs;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`waited ${this.#limitMs} ms for ${what}`);
      this.#loop.runOnce(20);
    }
  }
}

import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './errors.ts';
import { JsonStream } from '../qmp/index.ts';

export interface GuestResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Members = Readonly<Record<string, unknown>>;

const resendMs = 250;
const firstPollMs = 4;
const longestPollMs = 100;
/** Room for the agent's own turn beyond the time that a command may take in the guest. */
const graceMs = 30_000;

/** Commands in a guest through qemu-guest-agent on a virtio port. One request is under way at a time. */
export class GuestAgent {
  readonly #stream: JsonStream;
  #answer: (message: Members) => void;
  #turn: Promise<unknown>;
  #lastSync: number;
  #gone: Error | undefined;
  #whenGone: () => void;

  constructor(stream: Duplex) {
    this.#stream = new JsonStream(stream);
    this.#answer = () => undefined;
    this.#turn = Promise.resolve();
    this.#lastSync = 0;
    this.#gone = undefined;
    this.#whenGone = () => undefined;
    this.#stream.onMessage((message) => this.#answer(message));
  }

  /** The machine has ended: what waits for an answer fails with `reason`. */
  end(reason: Error): void {
    this.#gone = reason;
    this.#whenGone();
    this.#stream.close();
  }

  /** Resolves when the agent answers: the guest is up (again). */
  connect(timeoutMs: number): Promise<void> {
    return this.#inTurn(async () => {
      const deadline = Date.now() + timeoutMs;
      const id = ++this.#lastSync;
      for (;;) {
        const left = deadline - Date.now();
        if (left <= 0)
          throw new LabError('AGENT_SILENT', `the guest's agent does not answer within ${timeoutMs / 1000} s`);
        const reply = await this.#exchange(
          { execute: 'guest-sync-delimited', arguments: { id } },
          Math.min(left, resendMs),
          (message) => message['return'] === id,
        );
        if (reply !== undefined) return;
      }
    });
  }

  /** Runs a shell command; rejects only when the agent fails or the command takes longer than `timeoutMs`. */
  async run(command: string, timeoutMs = 30_000): Promise<GuestResult> {
    const seconds = Math.ceil(timeoutMs / 1000);
    const started = (await this.#request('guest-exec', {
      path: 'timeout',
      arg: ['-s', 'KILL', String(seconds), '/bin/sh', '-c', command],
      env: ['PATH=/usr/sbin:/usr/bin', 'HOME=/root', 'LC_ALL=C'],
      'capture-output': true,
    })) as { pid: number };
    const deadline = Date.now() + timeoutMs + graceMs;
    for (let pauseMs = firstPollMs; Date.now() < deadline; pauseMs = Math.min(pauseMs * 1.5, longestPollMs)) {
      await sleep(pauseMs);
      const status = (await this.#request('guest-exec-status', { pid: started.pid })) as Members;
      if (status['exited'] !== true) continue;
      const signal = status['signal'] as number | undefined;
      if (signal === 9 || status['exitcode'] === 137)
        throw new LabError('GUEST_TIMEOUT', `in the guest, "${command}" took longer than ${seconds} s`);
      return {
        status: signal === undefined ? (status['exitcode'] as number) : 128 + signal,
        stdout: decode(status['out-data']),
        stderr: decode(status['err-data']),
      };
    }
    throw new LabError('GUEST_TIMEOUT', `in the guest, "${command}" took longer than ${seconds} s`);
  }

  /** Starts a command and does not wait for its end. */
  async start(command: string): Promise<void> {
    await this.#request('guest-exec', {
      path: '/bin/sh',
      arg: ['-c', command],
      env: ['PATH=/usr/sbin:/usr/bin', 'HOME=/root'],
    });
  }

  async #request(command: string, args: Members): Promise<unknown> {
    const reply = await this.#inTurn(() => this.#exchange({ execute: command, arguments: args }, graceMs, isAnswer));
    if (reply === undefined) throw new LabError('AGENT_SILENT', `the guest's agent did not answer "${command}"`);
    const error = reply['error'] as { desc?: string } | undefined;
    if (error !== undefined) throw new LabError('AGENT_REFUSES', `the guest's agent refuses: ${error.desc ?? ''}`);
    return reply['return'];
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #exchange(request: Members, timeoutMs: number, fits: (message: Members) => boolean): Promise<Members | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone);
        return;
      }
      const finish = (message: Members | undefined): void => {
        clearTimeout(timer);
        this.#answer = () => undefined;
        this.#whenGone = () => undefined;
        resolve(message);
      };
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      this.#answer = (message) => {
        if (fits(message)) finish(message);
      };
      this.#whenGone = () => {
        clearTimeout(timer);
        reject(this.#gone!);
      };
      this.#stream.send(request);
    });
  }
}

/** Any answer but a late one to a sync, which is a bare number. */
function isAnswer(message: Members): boolean {
  return typeof message['return'] !== 'number';
}

function decode(base64: unknown): string {
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : '';
}

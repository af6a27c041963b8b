/** A running NIC at the other end of a monitor's socket, whichever of the two protocols it speaks there. */
import { connect, type Socket } from 'node:net';
import { QmpClient, type QmpMembers } from '../qmp/index.ts';
import { MonitorError } from './context.ts';
import { PROMPT } from './hmp-client.ts';

const GREETING_MS = 5000;

export interface Peer {
  /** Does a line of HMP and gives what it printed. */
  run(line: string): Promise<string>;
  /** Does a command of QMP; only where the socket speaks it. */
  execute(command: string, given: QmpMembers): Promise<unknown>;
  close(): void;
  /** Resolves when the NIC has gone. */
  readonly gone: Promise<void>;
}

const goneError = (): MonitorError => new MonitorError('NIC_ENDED', 'the NIC has ended');
/** Lines end as on a terminal. */
const plain = (text: string): string => text.replaceAll('\r\n', '\n').replace(/\n$/, '');

class QmpPeer implements Peer {
  readonly gone: Promise<void>;
  readonly #client: QmpClient;

  constructor(socket: Socket) {
    this.gone = new Promise((resolve) => void socket.once('close', () => resolve()));
    this.#client = new QmpClient(socket, {
      gone: goneError,
      refused: (errorClass, description) => new MonitorError(errorClass, description),
    });
  }

  async run(line: string): Promise<string> {
    return plain((await this.execute('human-monitor-command', { 'command-line': line })) as string);
  }

  execute(command: string, given: QmpMembers): Promise<unknown> {
    return this.#client.execute(command, given);
  }

  close(): void {
    this.#client.close();
  }
}

class HmpPeer implements Peer {
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  #text: string;
  #answered: ((text: string) => void) | undefined;

  constructor(socket: Socket) {
    this.gone = new Promise((resolve) => void socket.once('close', () => resolve()));
    this.#socket = socket;
    this.#text = '';
    this.#answered = undefined;
    socket.on('data', (piece: string) => {
      this.#text += piece;
      if (!this.#text.endsWith(PROMPT)) return;
      const text = this.#text.slice(0, -PROMPT.length);
      this.#text = '';
      this.#answered?.(plain(text));
    });
  }

  async run(line: string): Promise<string> {
    const answer = new Promise<string>((resolve) => (this.#answered = resolve));
    this.#socket.write(`${line}\n`);
    return Promise.race([
      answer,
      this.gone.then(() => {
        throw goneError();
      }),
    ]);
  }

  execute(): Promise<unknown> {
    const advice = 'give the socket of --qmp instead';
    return Promise.reject(new MonitorError('NO_QMP', `this socket speaks HMP, which has no JSON: ${advice}`));
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects, and listens which protocol the greeting is of. Throws MonitorError. */
export async function connectPeer(path: string): Promise<Peer> {
  const socket = connect({ path });
  socket.setEncoding('utf8');
  const greeting = await new Promise<string>((resolve, reject) => {
    let text = '';
    const wrong = (code: string, why: string): void => {
      socket.destroy();
      reject(new MonitorError(code, `${path}: ${why}`));
    };
    const limit = setTimeout(() => wrong('NO_MONITOR', 'nobody greets there: is it a monitor of a NIC?'), GREETING_MS);
    socket.on('error', (error: NodeJS.ErrnoException) =>
      wrong(error.code ?? 'NO_MONITOR', `${error.message}: is a NIC running, with --qmp or --monitor there?`),
    );
    socket.on('close', () => wrong('NO_MONITOR', 'it was closed at once: too many monitors, or no monitor'));
    const listen = (piece: string): void => {
      text += piece;
      if (!text.includes('\n') || !(text.startsWith('{') || text.endsWith(PROMPT))) return;
      clearTimeout(limit);
      socket.removeAllListeners();
      resolve(text);
    };
    socket.on('data', listen);
  });
  return greeting.startsWith('{') ? new QmpPeer(socket) : new HmpPeer(socket);
}

/** One client from connection to loss: takes its messages in order, answers at the end of the turn. */
import { EPOLLIN, EPOLLOUT, MessageSocket, SystemError, close } from '../linux/index.ts';
import type { EventLoop } from '../linux/index.ts';
import { getInfo, getIrqInfo, getRegionInfo, reset } from './device-info.ts';
import type { Trace } from '../ports/index.ts';
import type { DmaView, VfioUserClient, VfioUserDevice } from './device.ts';
import { DmaMap } from './dma-map.ts';
import { DmaMessages } from './dma-messages.ts';
import { dmaMap, dmaUnmap } from './dma.ts';
import { Refusal, errno, errnoName, errnoOf } from './errors.ts';
import { MessageReader, RECEIVE_BYTES } from './framing.ts';
import { Interrupts } from './irqs.ts';
import { OutputQueue, QUEUE_LIMIT_BYTES } from './output-queue.ts';
import { MAX_TRANSFER_BYTES, TYPE_MASK, TYPE_REPLY, TYPE_REQUEST, command, unsupportedCommands } from './protocol.ts';
import { regionRead, regionWrite } from './region.ts';
import { SessionTrace } from './session-trace.ts';
import { negotiate } from './version.ts';

/** Refusals that are logged for one client, each text once; a broken client would fill the log. */
const MAX_LOGGED_REFUSALS = 10;

/** The buffers of a session: large, so they are made once and used for one client after the other. */
export interface SessionBuffers {
  readonly reader: MessageReader;
  readonly output: OutputQueue;
}

export function makeBuffers(): SessionBuffers {
  return { reader: new MessageReader(close), output: new OutputQueue() };
}

export interface SessionOptions {
  readonly loop: EventLoop;
  readonly device: VfioUserDevice;
  readonly log: (line: string) => void;
  readonly trace: Trace;
  readonly buffers: SessionBuffers;
  /** It has attached, or is detached. */
  readonly clientChanged?: ((attached: boolean) => void) | undefined;
  /** The session has ended and freed everything. */
  readonly ended: () => void;
}

export class Session implements VfioUserClient {
  readonly dma: DmaView;
  readonly #options: SessionOptions;
  readonly #device: VfioUserDevice;
  readonly #socket: MessageSocket;
  readonly #reader: MessageReader;
  readonly #output: OutputQueue;
  readonly #map: DmaMap;
  readonly #interrupts: Interrupts;
  readonly #trace: SessionTrace;
  #messages: DmaMessages;
  #attached: boolean;
  #ended: boolean;
  /** The socket took less than there was: waiting until it can take more. */
  #blocked: boolean;
  readonly #loggedRefusals: Set<string>;
  readonly #stopFlushing: () => void;

  /** Takes the connected socket `fd` over. */
  constructor(fd: number, options: SessionOptions) {
    const { loop, device, buffers } = options;
    this.#options = options;
    this.#device = device;
    this.#socket = new MessageSocket(fd);
    this.#reader = buffers.reader;
    this.#output = buffers.output;
    // A device that closed its server while it handled an access has left a reply to the client before.
    this.#reader.reset();
    this.#output.reset();
    this.#map = new DmaMap();
    this.#trace = new SessionTrace(options.trace);
    this.dma = this.#map;
    this.#interrupts = new Interrupts({
      counts: device.irqCounts,
      loop,
      changed: (index) => device.irqsChanged(index),
    });
    this.#messages = new DmaMessages(this.#output, MAX_TRANSFER_BYTES);
    this.#attached = false;
    this.#ended = false;
    this.#blocked = false;
    this.#loggedRefusals = new Set();
    loop.watch(fd, EPOLLIN, () => this.ready(), true);
    this.#stopFlushing = loop.atTurnEnd(() => this.#flush());
  }

  signal(index: number, vector: number): boolean {
    this.#options.loop.interrupted();
    const delivered = this.#interrupts.signal(index, vector);
    this.#trace.emit('vfio_user_irq', index, vector, delivered ? 1 : 0);
    return delivered;
  }

  writeMessage(address: number, data: number): void {
    if (this.#ended) return;
    this.#options.loop.interrupted();
    this.#trace.emit('vfio_user_dma_write', address, 4, data);
    this.#messages.writeMessage(address, data);
  }

  writeMemory(address: number, bytes: Uint8Array, offset: number, length: number): boolean {
    this.#trace.emit('vfio_user_dma_write', address, length);
    return !this.#ended && this.#messages.write(address, bytes, offset, length);
  }

  readMemory(address: number, length: number, done: (bytes: Uint8Array | undefined) => void): boolean {
    this.#trace.emit('vfio_user_dma_read', address, length);
    return !this.#ended && this.#messages.read(address, length, done);
  }

  /** Receives once and handles every message that is complete then. */
  ready(): void {
    if (this.#ended) return;
    try {
      this.#receive();
    } catch (error) {
      if (!(error instanceof SystemError)) {
        this.end('its connection was closed after an internal error; please report it with the trace');
        throw error;
      }
      this.end(`its connection was lost (${error.code})`);
    }
  }

  /** Frees all that belongs to the client and tells the device. `reason` continues "client gone: …". */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#trace.emit('vfio_user_gone');
    const { loop, log, ended } = this.#options;
    loop.unwatch(this.#socket.fd);
    this.#stopFlushing();
    this.#interrupts.close();
    this.#map.clear();
    this.#reader.reset();
    this.#output.reset();
    this.#socket.close();
    log(`client gone: ${reason}`);
    ended();
    this.#messages.cancel();
    if (!this.#attached) return;
    this.#device.detached();
    this.#options.clientChanged?.(false);
  }

  #receive(): void {
    const reader = this.#reader;
    const socket = this.#socket;
    const { loop } = this.#options;
    const length = socket.receive(reader.bytes, reader.end, RECEIVE_BYTES);
    if (length < 0) return;
    if (length === 0) {
      this.end(reader.incompleteBytes > 0 ? 'it closed its connection within a message' : 'it closed its connection');
      return;
    }
    reader.received(length, socket.receivedFds, socket.receivedFdCount);
    while (reader.next()) {
      this.#trace.received(reader);
      if (reader.wantsReply) loop.replied();
      else loop.posted();
      this.#handle();
      if (this.#ended) return;
      reader.release();
      if (this.#output.pendingBytes > QUEUE_LIMIT_BYTES) this.#flush();
    }
    if (reader.fault !== undefined) {
      this.#output.addError(reader.id, reader.command, errno.EINVAL);
      this.#endAfterReply(reader.fault);
    }
  }

  #handle(): void {
    const message = this.#reader;
    const type = message.flags & TYPE_MASK;
    if (type !== TYPE_REQUEST || !this.#attached) {
      this.#handleUnusual(type);
      return;
    }
    let refused: number;
    if (message.command === command.REGION_WRITE) refused = regionWrite(message, this.#output, this.#device);
    else if (message.command === command.REGION_READ && message.wantsReply) {
      refused = regionRead(message, this.#output, this.#device);
    } else {
      this.#handleRare();
      return;
    }
    if (refused !== 0) this.#refuse(refused, undefined);
  }

  /** Replies, messages of no known type, and everything before VERSION. */
  #handleUnusual(type: number): void {
    if (type === TYPE_REPLY) this.#messages.replied(this.#reader);
    else if (type !== TYPE_REQUEST) this.#refuse(errno.EINVAL, `a message of type ${type}`);
    else if (this.#reader.command !== command.VERSION) this.#refuse(errno.EINVAL, 'it comes before VERSION');
    else this.#attach();
  }

  #attach(): void {
    try {
      const { maxTransferBytes } = negotiate(this.#reader, this.#output);
      this.#messages = new DmaMessages(this.#output, maxTransferBytes);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#output.addError(this.#reader.id, command.VERSION, error.errno);
      this.#endAfterReply(error.message);
      return;
    }
    this.#attached = true;
    this.#trace.emit('vfio_user_attached');
    this.#options.log('client attached');
    this.#device.attached(this);
    this.#options.clientChanged?.(true);
  }

  #handleRare(): void {
    try {
      this.#dispatchRare();
      this.#trace.done(this.#reader);
    } catch (error) {
      if (error instanceof Refusal) this.#refuse(error.errno, error.message);
      else if (error instanceof SystemError) this.#refuse(errnoOf(error), error.message);
      else throw error;
    }
  }

  #dispatchRare(): void {
    const message = this.#reader;
    const output = this.#output;
    switch (message.command) {
      case command.DMA_UNMAP:
        return dmaUnmap(message, this.#map, output);
      case command.DMA_MAP:
        dmaMap(message, this.#map);
        break;
      case command.DEVICE_SET_IRQS:
        this.#interrupts.set(message);
        break;
      case command.DEVICE_RESET:
        reset(message, this.#device);
        break;
      default:
        return this.#dispatchQuery();
    }
    if (message.wantsReply) output.addReply(message.id, message.command, 0);
  }

  /** What makes no sense without a reply. */
  #dispatchQuery(): void {
    const message = this.#reader;
    if (unsupportedCommands.has(message.command)) throw new Refusal(errno.ENOTSUP, 'this server does not offer it');
    if (!message.wantsReply) throw new Refusal(errno.EINVAL, 'it wants no reply');
    switch (message.command) {
      case command.DEVICE_GET_INFO:
        return getInfo(message, this.#output);
      case command.DEVICE_GET_REGION_INFO:
        return getRegionInfo(message, this.#output, this.#device);
      case command.DEVICE_GET_IRQ_INFO:
        return getIrqInfo(message, this.#output, this.#device);
      case command.VERSION:
        throw new Refusal(errno.EINVAL, 'the version is agreed already');
      default:
        throw new Refusal(errno.EINVAL, 'no such request');
    }
  }

  /** Answers with an error, where an answer is wanted. */
  #refuse(number: number, text: string | undefined): void {
    const message = this.#reader;
    this.#trace.emit('vfio_user_refused', message.id, message.command, number);
    if (message.wantsReply) this.#output.addError(message.id, message.command, number);
    if (this.#loggedRefusals.size < MAX_LOGGED_REFUSALS) this.#logRefusal(number, text);
  }

  #logRefusal(number: number, text: string | undefined): void {
    const { command: asked } = this.#reader;
    const name = Object.entries(command).find(([, value]) => value === asked)?.[0] ?? `command ${asked}`;
    const reason = text ?? 'outside the regions, or of a wrong length';
    const line = `refused ${name} (${errnoName(number)}): ${reason}`;
    if (this.#loggedRefusals.has(line)) return;
    this.#loggedRefusals.add(line);
    const last = this.#loggedRefusals.size === MAX_LOGGED_REFUSALS;
    this.#options.log(last ? `${line}; further refusals are not logged` : line);
  }

  /** Sends what waits, interrupts before the replies that may tell of them; called at the end of every turn. */
  #flush(): void {
    if (this.#ended) return;
    this.#interrupts.flush();
    const output = this.#output;
    if (output.pendingBytes === 0) return;
    try {
      const empty = output.flush(this.#socket);
      if (empty === this.#blocked) {
        this.#blocked = !empty;
        this.#options.loop.change(this.#socket.fd, empty ? EPOLLIN : EPOLLIN | EPOLLOUT);
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.end(`its connection was lost (${error.code})`);
      return;
    }
    if (output.overflowed || output.pendingBytes > QUEUE_LIMIT_BYTES) {
      this.end(`it does not read: more than ${QUEUE_LIMIT_BYTES} bytes wait for it`);
    }
  }

  /** For a client that cannot be understood: what can be sent at once is sent. */
  #endAfterReply(reason: string): void {
    this.#flush();
    this.end(reason);
  }
}

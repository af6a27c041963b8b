/** Stand-ins for what is above a PCI domain, and a trace that tests look into. */
import type { MemoryPiece, Trace, TraceEvents, TraceEventSpec } from '../ports/index.ts';
import type { TraceListener } from '../trace/ring.ts';
import type { HostClient, HostMemory } from './host.ts';

/** Every event is on and kept by name. */
export class RecordingTrace implements Trace {
  readonly on: Uint8Array;
  packet: number;
  lastPacket: number;
  readonly names: string[];
  readonly emitted: {
    readonly name: string;
    readonly packet: number;
    readonly args: readonly (number | undefined)[];
  }[];
  readonly listeners: { readonly listener: TraceListener; readonly events: readonly number[] }[];

  constructor() {
    this.on = new Uint8Array(1024).fill(1);
    this.packet = 0;
    this.lastPacket = 0;
    this.names = [];
    this.emitted = [];
    this.listeners = [];
  }

  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T> {
    const numbers: Record<string, number> = {};
    for (const name of Object.keys(specs)) {
      const known = this.names.indexOf(name);
      numbers[name] = known >= 0 ? known : this.names.push(name) - 1;
    }
    return numbers as TraceEvents<T>;
  }

  emit(event: number, a?: number, b?: number, c?: number, d?: number, e?: number): void {
    const args = e === undefined ? [a, b, c, d] : [a, b, c, d, e];
    this.emitted.push({ name: this.names[event]!, packet: this.packet, args });
    for (const { listener, events } of this.listeners)
      if (events.includes(event)) listener.heard(event, a ?? 0, b ?? 0, c ?? 0, d ?? 0, e ?? 0);
  }

  listen(listener: TraceListener, events: readonly number[]): () => void {
    const entry = { listener, events };
    this.listeners.push(entry);
    return () => this.listeners.splice(this.listeners.indexOf(entry), 1);
  }

  /** Arguments of every occurrence of an event. */
  of(name: string): readonly (readonly (number | undefined)[])[] {
    return this.emitted.filter((entry) => entry.name === name).map((entry) => entry.args);
  }
}

/** Guest memory in pieces of the given bases, all writable. */
export class PiecedMemory implements HostMemory {
  readonly pieces: readonly MemoryPiece[];

  constructor(length: number, ...bases: readonly number[]) {
    this.pieces = bases.map((base) => {
      const buffer = new ArrayBuffer(length);
      return { base, length, bytes: new Uint8Array(buffer), dwords: new Uint32Array(buffer), window: -1 };
    });
  }

  forReading(address: number, length: number): MemoryPiece | undefined {
    return this.pieces.find(({ base, length: size }) => address >= base && address + length <= base + size);
  }

  forWriting(address: number, length: number): MemoryPiece | undefined {
    return this.forReading(address, length);
  }
}

/** A client that notes what it was told. */
export class RecordingHost implements HostClient {
  readonly dma: HostMemory;
  /** `address=data` in hexadecimal. */
  messages: string[];
  /** `index.vector`. */
  signals: string[];
  /** What `signal` answers. */
  connected: boolean;

  constructor(dma: HostMemory = new PiecedMemory(0x1000, 0x1000)) {
    this.dma = dma;
    this.messages = [];
    this.signals = [];
    this.connected = true;
  }

  signal(index: number, vector: number): boolean {
    if (this.connected) this.signals.push(`${index}.${vector}`);
    return this.connected;
  }

  writeMessage(address: number, data: number): void {
    this.messages.push(`${address.toString(16)}=${data.toString(16)}`);
  }
}

/** The netdevs of a machine, as devices are plugged into them. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pcapHeader, pcapRecordHeader } from '../capture/pcap.ts';
import type { EventLoop } from '../linux/index.ts';
import { arena } from '../packet/index.ts';
import type { FrameOffload, FrameRun, Wire, WireDrain, WirePort } from '../ports/index.ts';
import { type Hub, openWire, type OpenWire, RECEIVE_BUFFER_LENGTH } from '../wires/index.ts';
import type { FilterDumpOptions } from './options/filter-dump.ts';
import type { QTestNetdev } from './options/netdev.ts';

/** Shortest frame on a cable, without its FCS. */
const SHORTEST = 60;

/** A cable whose other end nobody reads: `-netdev user`, and what a device without a netdev has. */
export class OpenCable implements Wire {
  readonly acceptsOffload = false;
  readonly carrier = true;
  send(_bytes: Uint8Array, _offset: number, _length: number, _offload: FrameOffload | undefined): void {
    // Out there is nobody.
  }
  plug(_port: WirePort): void {
    // Nothing ever comes.
  }
  resume(): void {
    // Nothing waits.
  }
}

/** Takes note of frames. */
export interface FrameWatcher {
  sent(bytes: Uint8Array, offset: number, length: number): void;
  received(bytes: Uint8Array, offset: number, length: number): void;
}

/** A netdev as QEMU presents it to a device: frames that are too short arrive filled up to 60 bytes. */
export class MachineWire implements Wire, WirePort {
  /** The device has said that it can receive again. */
  resumed: boolean;
  readonly watchers: FrameWatcher[];
  readonly #wire: Wire;
  readonly #padded: Uint8Array;
  #port: WirePort | undefined;

  constructor(wire: Wire) {
    this.resumed = false;
    this.watchers = [];
    this.#wire = wire;
    this.#padded = new Uint8Array(SHORTEST);
    this.#port = undefined;
  }

  get acceptsOffload(): boolean {
    return false;
  }

  get carrier(): boolean {
    return this.#wire.carrier;
  }

  get drain(): WireDrain | undefined {
    return this.watchers.length === 0 ? this.#wire.drain : undefined;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    for (const watcher of this.watchers) watcher.sent(bytes, offset, length);
    this.#wire.send(bytes, offset, length, offload);
  }

  plug(port: WirePort): void {
    this.#port = port;
    this.#wire.plug(this);
  }

  resume(): void {
    this.resumed = true;
    this.#wire.resume();
  }

  canReceive(): boolean {
    return this.#port?.canReceive() ?? false;
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    for (const watcher of this.watchers) watcher.received(bytes, offset, length);
    if (length >= SHORTEST) {
      this.#port?.receive(bytes, offset, length, offload);
      return;
    }
    this.#padded.fill(0);
    this.#padded.set(bytes.subarray(offset, offset + length));
    this.#port?.receive(this.#padded, 0, SHORTEST, undefined);
  }

  receiveRun(run: FrameRun): number {
    return this.watchers.length === 0 ? (this.#port?.receiveRun?.(run) ?? 0) : 0;
  }

  carrierChanged(): void {
    this.#port?.carrierChanged();
  }
}

/** `-object filter-dump`: frames both ways into a pcap file, as they pass. */
class FrameDump implements FrameWatcher {
  readonly fd: number;
  readonly #maxLength: number;
  readonly #now: () => number;

  constructor(options: FilterDumpOptions, now: () => number) {
    this.fd = openSync(options.file, 'w');
    this.#maxLength = options.maxLength;
    this.#now = now;
    writeSync(this.fd, pcapHeader(options.maxLength));
  }

  sent(bytes: Uint8Array, offset: number, length: number): void {
    const kept = Math.min(length, this.#maxLength);
    writeSync(this.fd, pcapRecordHeader(this.#now(), length, kept));
    writeSync(this.fd, bytes, offset, kept);
  }

  received(bytes: Uint8Array, offset: number, length: number): void {
    this.sent(bytes, offset, length);
  }
}

export interface MachineWiresOptions {
  readonly netdevs: readonly QTestNetdev[];
  readonly objects: readonly FilterDumpOptions[];
  readonly loop: EventLoop;
  /** The machine's time, for captures. */
  readonly now: () => number;
  readonly log: (line: string) => void;
}

export class MachineWires {
  readonly byId: ReadonlyMap<string, MachineWire>;
  readonly #opened: OpenWire[];
  readonly #dumps: FrameDump[];

  /** Opens all of them; throws SystemError or NetdevError. */
  constructor({ netdevs, objects, loop, now, log }: MachineWiresOptions) {
    const hubs = new Map<number, Hub>();
    const byId = new Map<string, MachineWire>();
    this.#opened = [];
    for (const netdev of netdevs) {
      if (netdev.type === 'user') byId.set(netdev.id, new MachineWire(new OpenCable()));
      else {
        const buffer = {
          bytes: arena.bytes,
          offset: arena.reserve(RECEIVE_BUFFER_LENGTH),
          length: RECEIVE_BUFFER_LENGTH,
        };
        const wire = openWire(netdev, { loop, hubs, buffer, log: (line) => log(`netdev ${netdev.id}: ${line}`) });
        this.#opened.push(wire);
        byId.set(netdev.id, new MachineWire(wire));
      }
    }
    this.#dumps = objects.map((options) => {
      const dump = new FrameDump(options, now);
      byId.get(options.netdev)!.watchers.push(dump);
      return dump;
    });
    this.byId = byId;
  }

  /** A device could not take frames before and can now: they are to reach it before the command ends. */
  takeResumed(): boolean {
    let any = false;
    for (const wire of this.byId.values()) {
      any ||= wire.resumed;
      wire.resumed = false;
    }
    return any;
  }

  close(): void {
    for (const wire of this.#opened) wire.close();
    for (const { fd } of this.#dumps) closeSync(fd);
  }
}

/** A NIC in its own device thread, through its vfio-user socket: the hierarchy, whose VMD this end drives. The clock is real. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineMemory, PciConfig } from '../../../src/driver/index.ts';
import { close, createMemfd, EPOLLIN, EventLoop, type Mapping, mapShared } from '../../../src/linux/index.ts';
import { type Nic, startNic } from '../../../src/nic/nic.ts';
import { Client, DMA_WRITE, message, type Message, pack, REGION_READ, u16, u32, u64 } from '../../protocol/client.ts';
import type { CardKind, ConformanceMachine, FarEnd } from '../machine.ts';
import { PciNic } from './pci-nic.ts';
import type { CaseMemory, Platform } from './platform.ts';
import { StreamPeer } from './stream-peer.ts';

const CONFIG_REGION = 7;
const ECAM_REGION = 0;
const MEMBAR1_REGION = 2;
const MEMBAR1 = 0xfa00_0000;
const MEMORY_BYTES = 64 << 20;
const ALIGNMENT = 128;
const MESSAGES = 0xfee0_0000;
const MESSAGE_BYTES = 16;
const PUMP_MS = 20;
const ANSWER_MS = 5000;
/** Turns of the device's loop after which it has worked off what was there before. */
const SETTLING_TURNS = 3;

/** The protocol's client with messages of the device kept, and a wait that ends as soon as something comes. */
class Guest {
  readonly client: Client;
  /** Data of the messages that have come, by address. */
  readonly messages: Map<number, number>;
  readonly #loop: EventLoop;
  /** Something was written that the device may still be at. */
  #busy: boolean;
  #id: number;

  constructor(path: string) {
    this.#loop = new EventLoop();
    this.client = new Client(path, (timeoutMs) => this.#loop.runOnce(timeoutMs)).version();
    this.#loop.watch(this.client.socket.fd, EPOLLIN, () => undefined);
    this.messages = new Map();
    this.#busy = false;
    this.#id = 0;
  }

  read(region: number, offset: number, size: 1 | 2 | 4): number {
    this.settle();
    return this.#read(region, offset, size);
  }

  write(region: number, offset: number, size: 1 | 2 | 4, value: number): void {
    const bytes = pack(u32(value >>> 0)).subarray(0, size);
    this.client.write(region, offset, bytes);
    this.#busy = true;
  }

  /** The device has something to do that did not come through this socket. */
  markBusy(): void {
    this.#busy = true;
  }

  settle(): void {
    if (!this.#busy) return;
    this.#busy = false;
    for (let turn = 0; turn < SETTLING_TURNS; turn += 1) this.#read(CONFIG_REGION, 0, 4);
  }

  close(): void {
    this.#loop.unwatch(this.client.socket.fd);
    this.client.close();
    this.#loop.close();
  }

  #read(region: number, offset: number, size: 1 | 2 | 4): number {
    const id = (this.#id = (this.#id + 1) & 0xffff);
    this.client.send(message(REGION_READ, pack(u64(offset), u32(region), u32(size)), { id }));
    const { payload } = this.#reply(id);
    const data = new Uint8Array(4);
    data.set(new Uint8Array(payload.buffer, payload.byteOffset + 16, size));
    return new DataView(data.buffer).getUint32(0, true);
  }

  #reply(id: number): Message {
    const end = Date.now() + ANSWER_MS;
    while (Date.now() < end) {
      const got = this.client.receive(PUMP_MS);
      if (got === undefined) continue;
      if (got.command === DMA_WRITE) this.#keep(got);
      else if (got.id === id) return got;
    }
    throw new Error('the NIC does not answer');
  }

  #keep({ payload }: Message): void {
    this.messages.set(Number(payload.getBigUint64(0, true)), payload.getUint32(16, true));
  }
}

class SharedMemory implements CaseMemory {
  readonly fd: number;
  readonly #mapping: Mapping;
  readonly #view: DataView;
  readonly #settle: () => void;
  #next: number;

  constructor(settle: () => void) {
    this.fd = createMemfd('conformance', MEMORY_BYTES, { seal: true });
    this.#mapping = mapShared(this.fd, 0, MEMORY_BYTES, true);
    this.#view = new DataView(this.#mapping.buffer);
    this.#settle = settle;
    this.#next = ALIGNMENT;
  }

  freeAll(): void {
    this.#next = ALIGNMENT;
  }

  allocate(lengthBytes: number): number {
    const address = this.#next;
    this.#next += Math.ceil(lengthBytes / ALIGNMENT) * ALIGNMENT;
    if (this.#next > MEMORY_BYTES) throw new Error('the case has used all memory');
    new Uint8Array(this.#mapping.buffer, address, lengthBytes).fill(0);
    return address;
  }

  read32(address: number): number {
    this.#settle();
    return this.#view.getUint32(address, true);
  }

  write32(address: number, value: number): void {
    this.#view.setUint32(address, value >>> 0, true);
  }

  readBytes(address: number, length: number): Uint8Array {
    this.#settle();
    return new Uint8Array(this.#mapping.buffer, address, length).slice();
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.#mapping.buffer).set(bytes, address);
  }

  free(): void {
    this.#mapping.unmap();
    close(this.fd);
  }
}

class VfioUserPlatform implements Platform {
  readonly driver = 'vfio-user';
  readonly card: CardKind;
  readonly described = 'a NIC through its vfio-user socket, real time';
  readonly realTime = true;
  readonly config: PciConfig;
  readonly registers: MachineMemory;
  readonly memory: SharedMemory;
  readonly wire: FarEnd;
  readonly rootPort = 0;
  readonly barBase = MEMBAR1;
  readonly #guest: Guest;
  readonly #end: () => Promise<void>;

  constructor(card: CardKind, guest: Guest, peer: StreamPeer, end: () => Promise<void>) {
    this.card = card;
    this.#guest = guest;
    this.#end = end;
    this.memory = new SharedMemory(() => guest.settle());
    this.config = {
      configRead: (routingId, offset, size) => guest.read(ECAM_REGION, routingId * 4096 + offset, size),
      configWrite: (routingId, offset, size, value) => guest.write(ECAM_REGION, routingId * 4096 + offset, size, value),
    };
    this.registers = {
      read32: (address) => guest.read(MEMBAR1_REGION, address - MEMBAR1, 4),
      write32: (address, value) => guest.write(MEMBAR1_REGION, address - MEMBAR1, 4, value),
    };
    this.wire = {
      send: (frame) => {
        guest.settle();
        peer.send(frame);
        guest.markBusy();
      },
      take: () => {
        guest.settle();
        return peer.take();
      },
    };
    if (guest.client.map(0, MEMORY_BYTES, { fd: this.memory.fd }) !== 0) throw new Error('the NIC refused the memory');
    this.#bootVmd();
  }

  messageAddress(slot: number): number {
    return MESSAGES + slot * MESSAGE_BYTES;
  }

  takeMessages(first: number, count: number): number[] {
    this.#guest.settle();
    return Array.from({ length: count }, (_, slot) => slot).filter((slot) =>
      this.#guest.messages.delete(this.messageAddress(first + slot)),
    );
  }

  wait(durationNs: number): void {
    this.#guest.settle();
    Atomics.wait(sleeper, 0, 0, durationNs / 1e6);
    this.#guest.markBusy();
  }

  async close(): Promise<void> {
    this.#guest.close();
    this.memory.free();
    await this.#end();
  }

  /** The VMD's own BARs, VMCONFIG and command register, as firmware and the vmd driver set them. */
  #bootVmd(): void {
    for (const [at, value] of [
      [0x10, 0x8000_0000],
      [0x14, 0xf],
      [0x18, MEMBAR1],
      [0x20, 0x8200_0000],
      [0x24, 0xf],
    ] as const) {
      this.#guest.client.write(CONFIG_REGION, at, pack(u32(value)));
    }
    this.#guest.client.write(CONFIG_REGION, 4, pack(u16(6)));
  }
}

/** Of port 1: a hub with nobody else on it. */
const otherWire = 'hubport,id=n1,hubid=0';

const sleeper = new Int32Array(new SharedArrayBuffer(4));

export async function openVfioUser(card: CardKind = 'copper'): Promise<ConformanceMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-conformance-'));
  const path = join(folder, 'nic.sock');
  const wirePath = join(folder, 'wire.sock');
  const nic: Nic = await startNic(
    {
      attach: [{ kind: 'hierarchy', path }],
      mac: '52:54:00:12:34:56',
      netdev: [
        `stream,id=n0,server=on,addr.type=unix,addr.path=${wirePath}`,
        ...(card === 'two ports' ? [otherWire] : []),
      ],
      media: card === 'sfp' ? 'sfp' : 'copper',
      ports: card === 'two ports' ? 2 : 1,
    },
    { log: () => undefined },
  );
  const peer = new StreamPeer(wirePath, 'client');
  const end = async (): Promise<void> => {
    peer.close();
    await nic.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return new PciNic(new VfioUserPlatform(card, new Guest(path), peer, end));
}

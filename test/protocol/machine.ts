/** A virtual machine with a VF, played by the test in its own thread. */
import assert from 'node:assert/strict';
import { VfPort, type DriverMemory, type ReceiveRing, type TransmitRing } from '../../src/driver/index.ts';
import { close, createMemfd, mapShared, type Mapping } from '../../src/linux/index.ts';
import { buildFrame } from '../../src/packet/testing.ts';
import { Client, pack, u16, u32 } from './client.ts';

const MEMORY_BYTES = 4 << 20;
const ALIGNMENT = 128;
const CONFIG_REGION = 7;
const COMMAND = 4;
const MEMORY_AND_MASTER = 6;
const WAIT_MS = 2000;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** The device is in another thread: all there is to do is to wait. */
const sleep = (milliseconds: number): void => void Atomics.wait(sleeper, 0, 0, milliseconds);

/** A machine's memory: a memfd that the NIC maps as well, handed out from its start. */
class Memory implements DriverMemory {
  readonly fd: number;
  readonly #mapping: Mapping;
  readonly #view: DataView;
  #next: number;

  constructor(name: string) {
    this.fd = createMemfd(name, MEMORY_BYTES, { seal: true });
    this.#mapping = mapShared(this.fd, 0, MEMORY_BYTES, true);
    this.#view = new DataView(this.#mapping.buffer);
    // Address 0 is where no driver has a ring.
    this.#next = ALIGNMENT;
  }

  allocate(lengthBytes: number): number {
    const address = this.#next;
    this.#next += Math.ceil(lengthBytes / ALIGNMENT) * ALIGNMENT;
    assert.ok(this.#next <= MEMORY_BYTES);
    return address;
  }

  read32(address: number): number {
    return this.#view.getUint32(address, true);
  }

  write32(address: number, value: number): void {
    this.#view.setUint32(address, value, true);
  }

  readBytes(address: number, length: number): Uint8Array {
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

/** A virtual machine whose driver of the VF is the project's own, over the protocol's bytes. */
export class Machine {
  readonly memory: Memory;
  readonly client: Client;
  readonly port: VfPort;
  readonly transmit: TransmitRing;
  readonly receive: ReceiveRing;

  constructor(path: string) {
    this.memory = new Memory(path.slice(-8));
    this.client = new Client(path, (timeoutMs) => {
      sleep(Math.min(timeoutMs, 1));
      return false;
    }).version();
    assert.equal(this.client.map(0, MEMORY_BYTES, { fd: this.memory.fd }), 0);
    this.client.write(CONFIG_REGION, COMMAND, pack(u16(MEMORY_AND_MASTER)));
    const bus = {
      read32: (offset: number): number =>
        new DataView(this.client.read(0, offset, 4).slice().buffer).getUint32(0, true),
      write32: (offset: number, value: number): void => this.client.write(0, offset, pack(u32(value >>> 0))),
      wait: (): void => sleep(1),
    };
    this.port = new VfPort(bus, this.memory);
    assert.equal(this.port.reset(), true, 'the hosted PF answers');
    const { transmit, receive } = this.port.open();
    this.transmit = transmit;
    this.receive = receive;
  }

  /** Vanishes as a killed VM does: no farewell. */
  crash(): void {
    this.client.close();
    this.memory.free();
  }

  sendTo(other: Machine, mark: number): void {
    const frame = buildFrame({ payload: new Uint8Array(100).fill(mark) });
    frame.set(other.port.mac, 0);
    frame.set(this.port.mac, 6);
    this.transmit.send(frame);
  }

  /** Takes frames until there are `count`; what else arrives within a moment counts as well. */
  taken(count: number): number {
    const until = Date.now() + WAIT_MS;
    let frames = 0;
    while (frames < count && Date.now() < until) {
      frames += this.receive.take().length;
      if (frames < count) sleep(1);
    }
    return frames;
  }
}

/** A virtual machine with a VF, played over the protocol: a ring of small frames, sent again and again. */
import { read, type RegisterBus, update, VfPort, write } from '../driver/index.ts';
import { vf } from '../devices/igb/tables/index.ts';
import { close, createMemfd, mapShared, type Mapping } from '../linux/index.ts';
import { dmaMapMessage, readMessage, VfioClient, writeMessage } from './vfio-client.ts';

const MEMORY_BYTES = 4 << 20;
const CONFIG_REGION = 7;
const COMMAND = 4;
const MEMORY_AND_MASTER = 6;
const DESCRIPTORS = 256;
const DESCRIPTOR_BYTES = 16;
/** Address 0 is where no driver has a ring. */
const RING = 0x1000;
const FRAMES = 0x10_0000;
const FRAME_ROOM = 2048;
const FRAME_BYTES = 60;
const ENABLE = 1 << 25;
/** Data descriptor, DEXT, RS, IFCS, EOP. */
const DATA_COMMAND = 0x2b30_0000;
const PAYLOAD_SHIFT = 14;
const DONE = 1;
const LIMIT_MS = 10_000;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const pause = (milliseconds: number): void => void Atomics.wait(sleeper, 0, 0, milliseconds);

export class AttachedMachine {
  readonly #client: VfioClient;
  readonly #fd: number;
  readonly #mapping: Mapping;
  readonly #memory: DataView;
  /** Where the next batch begins. */
  #next: number;

  /** Attaches, greets the PF and fills a ring with frames for nobody on this host. Throws where the PF does not answer. */
  constructor(path: string) {
    this.#client = new VfioClient(path);
    this.#fd = createMemfd('machine', MEMORY_BYTES, { seal: true });
    this.#mapping = mapShared(this.#fd, 0, MEMORY_BYTES, true);
    this.#memory = new DataView(this.#mapping.buffer);
    this.#next = 0;
    this.#client.request(dmaMapMessage(0, MEMORY_BYTES), [this.#fd]);
    this.#client.request(writeMessage(CONFIG_REGION, COMMAND, 2, MEMORY_AND_MASTER));
    const bus: RegisterBus & { wait(): void } = {
      read32: (offset) => this.#client.read32(readMessage(0, offset)),
      write32: (offset, value) => this.#client.request(writeMessage(0, offset, 4, value >>> 0)),
      wait: () => pause(1),
    };
    const port = new VfPort(bus, {
      allocate: () => 0,
      read32: () => 0,
      write32: () => undefined,
      readBytes: () => new Uint8Array(0),
      writeBytes: () => undefined,
    });
    if (!port.reset()) throw new Error('the hosted PF does not answer');
    this.#openRing(bus, port.mac);
  }

  /** Frames of a batch: as many as a ring takes. */
  static readonly batch = DESCRIPTORS - 1;

  /** Has a batch sent, by one posted write. */
  begin(): void {
    for (let n = 0; n < AttachedMachine.batch; n += 1) this.#describe((this.#next + n) % DESCRIPTORS);
    this.#next = (this.#next + AttachedMachine.batch) % DESCRIPTORS;
    this.#client.post(writeMessage(0, vf.TDT.at, 4, this.#next, true));
  }

  /** Waits until the device has done with the batch. */
  end(): void {
    const last = RING + ((this.#next + DESCRIPTORS - 1) % DESCRIPTORS) * DESCRIPTOR_BYTES;
    const limit = performance.now() + LIMIT_MS;
    while ((this.#memory.getUint32(last + 12, true) & DONE) === 0) {
      if (performance.now() > limit) throw new Error('the device does not send');
      pause(1);
    }
  }

  close(): void {
    this.#client.close();
    this.#mapping.unmap();
    close(this.#fd);
  }

  #openRing(bus: RegisterBus, source: Uint8Array): void {
    for (let slot = 0; slot < DESCRIPTORS; slot += 1) {
      const frame = new Uint8Array(this.#mapping.buffer, FRAMES + slot * FRAME_ROOM, FRAME_BYTES);
      frame.set([2, 0, 0, 0, 9, 9, ...source, 0x88, 0xb5]);
    }
    write(bus, vf.TDBAL, RING);
    write(bus, vf.TDBAH, 0);
    write(bus, vf.TDLEN, DESCRIPTORS * DESCRIPTOR_BYTES);
    write(bus, vf.TDH, 0);
    write(bus, vf.TDT, 0);
    update(bus, vf.TXDCTL, 0, ENABLE);
    if ((read(bus, vf.TXDCTL) & ENABLE) === 0) throw new Error('the queue is not enabled');
  }

  #describe(slot: number): void {
    const at = RING + slot * DESCRIPTOR_BYTES;
    this.#memory.setUint32(at, FRAMES + slot * FRAME_ROOM, true);
    this.#memory.setUint32(at + 4, 0, true);
    this.#memory.setUint32(at + 8, (DATA_COMMAND | FRAME_BYTES) >>> 0, true);
    this.#memory.setUint32(at + 12, FRAME_BYTES << PAYLOAD_SHIFT, true);
  }
}

/** Single frames on the external host's side of the wire, as they are. */
import { setTimeout as sleep } from 'node:timers/promises';
import { close, FrameWriter, openPacketSocket, PacketReceiver, VIRTIO_HEADER_LENGTH } from '../linux/index.ts';
import type { FramesWanted } from './external-host-protocol.ts';

const bufferLength = 68 * 1024;
const addressesLength = 12;
const pollMs = 2;
/** What comes too much comes soon after what was wanted. */
const afterLastMs = 60;

export class HostFrames {
  readonly #fd: number;
  readonly #receiver: PacketReceiver;
  readonly #sender: FrameWriter;
  readonly #buffer: Uint8Array;

  constructor(interfaceName: string) {
    this.#fd = openPacketSocket({ interfaceName });
    this.#receiver = new PacketReceiver(this.#fd);
    this.#sender = new FrameWriter(this.#fd, VIRTIO_HEADER_LENGTH);
    this.#buffer = new Uint8Array(bufferLength);
  }

  /** Sends frames, and gives what comes from then on. */
  async exchange(frames: readonly Buffer[], { count, containing = '', limitMs }: FramesWanted): Promise<Buffer[]> {
    while (this.#read() !== undefined);
    for (const frame of frames) {
      this.#buffer.set(frame);
      this.#sender.write(this.#buffer, 0, frame.length);
    }
    const wanted = Buffer.from(containing, 'hex');
    const kept: Buffer[] = [];
    let end = performance.now() + limitMs;
    while (performance.now() < end) {
      for (let frame = this.#read(); frame !== undefined; frame = this.#read()) {
        if (!frame.includes(wanted)) continue;
        kept.push(frame);
        if (kept.length === count) end = Math.min(end, performance.now() + afterLastMs);
      }
      await sleep(pollMs);
    }
    return kept;
  }

  close(): void {
    close(this.#fd);
  }

  /** The next frame; the kernel has put its outer tag aside. */
  #read(): Buffer | undefined {
    const length = this.#receiver.read(this.#buffer, 0, bufferLength);
    if (length < 0) return undefined;
    const frame = Buffer.from(this.#buffer.subarray(0, length));
    const { vlanTag, vlanProtocol } = this.#receiver;
    if (vlanTag < 0 || length < addressesLength) return frame;
    const tag = Buffer.from([vlanProtocol >>> 8, vlanProtocol & 0xff, vlanTag >>> 8, vlanTag & 0xff]);
    return Buffer.concat([frame.subarray(0, addressesLength), tag, frame.subarray(addressesLength)]);
  }
}

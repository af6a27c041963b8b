/** REGION_READ and REGION_WRITE: the guest's accesses. u64 offset, u32 region, u32 count, data. Allocates nothing. */
import type { VfioUserDevice } from './device.ts';
import { errno } from './errors.ts';
import type { MessageReader } from './framing.ts';
import type { OutputQueue } from './output-queue.ts';
import { BEYOND_INTEGERS, MAX_TRANSFER_BYTES, REGIONS, TWO_TO_32, command } from './protocol.ts';

const ACCESS_BYTES = 16;
const { EINVAL, E2BIG } = errno;

/** Answers with the data; returns 0, or the errno of an access that is refused. */
export function regionRead(message: MessageReader, output: OutputQueue, device: VfioUserDevice): number {
  const { view, payload } = message;
  if (message.payloadLength !== ACCESS_BYTES || message.fdCount !== 0) return EINVAL;
  const count = view.getUint32(payload + 12, true);
  if (count > MAX_TRANSFER_BYTES) return E2BIG;
  const region = view.getUint32(payload + 8, true);
  const offset = offsetWithin(view, payload, device, region, count);
  if (offset < 0) return EINVAL;
  const at = output.addReply(message.id, command.REGION_READ, ACCESS_BYTES + count);
  if (at < 0) return 0;
  repeat(output.view, at, view, payload);
  if (count > 0) device.regionRead(region, offset, output.bytes, at + ACCESS_BYTES, count);
  return 0;
}

/** Lets the device have the data; QEMU posts most writes (no reply). Returns 0 or an errno. */
export function regionWrite(message: MessageReader, output: OutputQueue, device: VfioUserDevice): number {
  const { view, payload } = message;
  if (message.payloadLength < ACCESS_BYTES || message.fdCount !== 0) return EINVAL;
  const count = view.getUint32(payload + 12, true);
  if (count !== message.payloadLength - ACCESS_BYTES) return EINVAL;
  const region = view.getUint32(payload + 8, true);
  const offset = offsetWithin(view, payload, device, region, count);
  if (offset < 0) return EINVAL;
  if (count > 0) device.regionWrite(region, offset, message.bytes, payload + ACCESS_BYTES, count);
  if (message.wantsReply) {
    const at = output.addReply(message.id, command.REGION_WRITE, ACCESS_BYTES);
    if (at >= 0) repeat(output.view, at, view, payload);
  }
  return 0;
}

/** The access's offset, or -1 where not all of it lies in a region that exists. */
function offsetWithin(view: DataView, payload: number, device: VfioUserDevice, region: number, count: number): number {
  const high = view.getUint32(payload + 4, true);
  if (region >= REGIONS || (high & BEYOND_INTEGERS) !== 0) return -1;
  const offset = view.getUint32(payload, true) + high * TWO_TO_32;
  const size = device.regionSizes[region];
  return size !== undefined && size > 0 && offset + count <= size ? offset : -1;
}

function repeat(target: DataView, at: number, source: DataView, from: number): void {
  for (let i = 0; i < ACCESS_BYTES; i += 4) target.setUint32(at + i, source.getUint32(from + i, true), true);
}

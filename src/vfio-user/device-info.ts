/** DEVICE_GET_INFO, DEVICE_GET_REGION_INFO, DEVICE_GET_IRQ_INFO and DEVICE_RESET: what the device has. */
import type { VfioUserDevice } from './device.ts';
import { Refusal, errno } from './errors.ts';
import type { MessageReader } from './framing.ts';
import type { OutputQueue } from './output-queue.ts';
import { INTX_INDEX, IRQ_INDEXES, REGIONS, ROM_REGION, TWO_TO_32 } from './protocol.ts';

const DEVICE_INFO_BYTES = 16;
const REGION_INFO_BYTES = 32;
const IRQ_INFO_BYTES = 16;

const DEVICE_RESET_AND_PCI = 3;
const REGION_READ = 1;
const REGION_WRITE = 2;
const IRQ_EVENTFD = 1;
const IRQ_MASKABLE = 2;
const IRQ_AUTOMASKED = 4;

/** u32 argsz, u32 flags, u32 regions, u32 irq indexes. */
export function getInfo(message: MessageReader, output: OutputQueue): void {
  check(message, 'DEVICE_GET_INFO', DEVICE_INFO_BYTES);
  const at = output.addReply(message.id, message.command, DEVICE_INFO_BYTES);
  if (at < 0) return;
  output.view.setUint32(at, DEVICE_INFO_BYTES, true);
  output.view.setUint32(at + 4, DEVICE_RESET_AND_PCI, true);
  output.view.setUint32(at + 8, REGIONS, true);
  output.view.setUint32(at + 12, IRQ_INDEXES, true);
}

/**
 * u32 argsz, u32 flags, u32 index, u32 capability offset, u64 size, u64 offset. No region can be mapped by the client:
 * one such region would make QEMU wait for the reply of every write.
 */
export function getRegionInfo(message: MessageReader, output: OutputQueue, device: VfioUserDevice): void {
  check(message, 'DEVICE_GET_REGION_INFO', REGION_INFO_BYTES);
  const index = message.view.getUint32(message.payload + 8, true);
  if (index >= REGIONS) throw new Refusal(errno.EINVAL, `region ${index} of ${REGIONS}`);
  const size = device.regionSizes[index] ?? 0;
  const access = index === ROM_REGION ? REGION_READ : REGION_READ | REGION_WRITE;
  const at = output.addReply(message.id, message.command, REGION_INFO_BYTES);
  if (at < 0) return;
  output.view.setUint32(at, REGION_INFO_BYTES, true);
  output.view.setUint32(at + 4, size > 0 ? access : 0, true);
  output.view.setUint32(at + 8, index, true);
  output.view.setUint32(at + 12, 0, true);
  output.view.setUint32(at + 16, size >>> 0, true);
  output.view.setUint32(at + 20, Math.floor(size / TWO_TO_32), true);
  output.bytes.fill(0, at + 24, at + 32);
}

/** u32 argsz, u32 flags, u32 index, u32 count. Vectors of MSI and MSI-X may be added one by one: no NORESIZE. */
export function getIrqInfo(message: MessageReader, output: OutputQueue, device: VfioUserDevice): void {
  check(message, 'DEVICE_GET_IRQ_INFO', IRQ_INFO_BYTES);
  const index = message.view.getUint32(message.payload + 8, true);
  if (index >= IRQ_INDEXES) throw new Refusal(errno.EINVAL, `irq index ${index} of ${IRQ_INDEXES}`);
  const at = output.addReply(message.id, message.command, IRQ_INFO_BYTES);
  if (at < 0) return;
  output.view.setUint32(at, IRQ_INFO_BYTES, true);
  output.view.setUint32(at + 4, index === INTX_INDEX ? IRQ_EVENTFD | IRQ_MASKABLE | IRQ_AUTOMASKED : IRQ_EVENTFD, true);
  output.view.setUint32(at + 8, index, true);
  output.view.setUint32(at + 12, device.irqCounts[index] ?? 0, true);
}

/** No payload either way. */
export function reset(message: MessageReader, device: VfioUserDevice): void {
  if (message.payloadLength !== 0) throw new Refusal(errno.EINVAL, 'DEVICE_RESET carries nothing');
  noDescriptors(message, 'DEVICE_RESET');
  device.reset();
}

function check(message: MessageReader, name: string, lengthBytes: number): void {
  if (message.payloadLength !== lengthBytes) {
    throw new Refusal(errno.EINVAL, `${name} carries ${lengthBytes} bytes, not ${message.payloadLength}`);
  }
  if (message.view.getUint32(message.payload, true) < lengthBytes) {
    throw new Refusal(errno.EINVAL, `${name} leaves less than ${lengthBytes} bytes for the reply`);
  }
  noDescriptors(message, name);
}

function noDescriptors(message: MessageReader, name: string): void {
  if (message.fdCount > 0) throw new Refusal(errno.EINVAL, `${name} with a file descriptor`);
}

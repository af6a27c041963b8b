/** VERSION: the first message of a client, answered with what both sides can do. */
import { Refusal, errno } from './errors.ts';
import type { MessageReader } from './framing.ts';
import type { OutputQueue } from './output-queue.ts';
import { MAX_DMA_MAPS, MAX_MESSAGE_FDS, MAX_TRANSFER_BYTES, PAGE_BYTES, command } from './protocol.ts';

const MAJOR = 0;
const MINOR = 0;
/** u16 major, u16 minor, in front of the optional JSON. */
const VERSION_BYTES = 4;
const MAX_JSON_BYTES = 16384;

/**
 * Our limits by capability; only those that the client proposed are answered, as the specification wants, and none is
 * answered with more than it proposed. `write_multiple` is left out on purpose: it makes QEMU queue writes, and reads
 * then take half as long again.
 */
const limits: Readonly<Record<string, number>> = {
  max_msg_fds: MAX_MESSAGE_FDS,
  max_data_xfer_size: MAX_TRANSFER_BYTES,
  max_dma_maps: MAX_DMA_MAPS,
  pgsizes: PAGE_BYTES,
};

export interface Negotiated {
  /** Most data bytes that the client takes in one DMA_READ or DMA_WRITE. */
  readonly maxTransferBytes: number;
}

/** Answers the version and returns what holds for the session; throws a Refusal. */
export function negotiate(message: MessageReader, output: OutputQueue): Negotiated {
  if (message.payloadLength < VERSION_BYTES) throw new Refusal(errno.EINVAL, 'VERSION without a version');
  if (message.payloadLength > VERSION_BYTES + MAX_JSON_BYTES) {
    throw new Refusal(errno.EINVAL, `VERSION with more than ${MAX_JSON_BYTES} bytes of capabilities`);
  }
  if (message.fdCount > 0) throw new Refusal(errno.EINVAL, 'VERSION with a file descriptor');
  const major = message.view.getUint16(message.payload, true);
  const minor = message.view.getUint16(message.payload + 2, true);
  if (major !== MAJOR) {
    throw new Refusal(
      errno.ENOTSUP,
      `the client speaks vfio-user ${major}.${minor}, and this server ${MAJOR}.${MINOR}: use QEMU 11.1 or a client of that version`,
    );
  }
  const proposed = proposedCapabilities(message);
  const room = message.payloadLength - VERSION_BYTES;
  const answer = room > 0 ? answerTo(proposed, room) : new Uint8Array(0);
  const at = output.addReply(message.id, command.VERSION, VERSION_BYTES + answer.length);
  if (at >= 0) {
    output.view.setUint16(at, MAJOR, true);
    output.view.setUint16(at + 2, MINOR, true);
    output.bytes.set(answer, at + VERSION_BYTES);
  }
  return { maxTransferBytes: proposed.get('max_data_xfer_size') ?? MAX_TRANSFER_BYTES };
}

/** The numbers below "capabilities" that are whole and not negative. */
function proposedCapabilities(message: MessageReader): ReadonlyMap<string, number> {
  const start = message.payload + VERSION_BYTES;
  const end = message.payload + message.payloadLength;
  if (start === end) return new Map();
  if (message.bytes[end - 1] !== 0) throw new Refusal(errno.EINVAL, 'VERSION whose capabilities do not end with NUL');
  const text = new TextDecoder().decode(message.bytes.subarray(start, end - 1));
  if (text === '') return new Map();
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Refusal(errno.EINVAL, 'VERSION whose capabilities are no JSON');
  }
  const capabilities = isObject(data) ? (data['capabilities'] ?? {}) : undefined;
  if (!isObject(capabilities)) throw new Refusal(errno.EINVAL, 'VERSION whose capabilities are no object');
  return new Map(
    Object.entries(capabilities).flatMap(([name, value]) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? [[name, value]] : [],
    ),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** NUL-terminated JSON of at most `room` bytes: QEMU has no more room for the reply than it used for the request. */
function answerTo(proposed: ReadonlyMap<string, number>, room: number): Uint8Array {
  const answered = Object.entries(limits).flatMap(([name, limit]): [string, number][] => {
    const value = proposed.get(name);
    if (value === undefined) return [];
    return [[name, name === 'pgsizes' ? limit : Math.min(limit, value)]];
  });
  for (;;) {
    const text = new TextEncoder().encode(`${JSON.stringify({ capabilities: Object.fromEntries(answered) })}\0`);
    if (text.length <= room) return text;
    if (answered.pop() === undefined) return new TextEncoder().encode(room > 2 ? '{}\0' : '\0');
  }
}

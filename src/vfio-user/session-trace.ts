/** What a session tells of itself by trace events. */
import type { Trace, TraceEvents } from '../ports/index.ts';
import type { MessageReader } from './framing.ts';
import { TWO_TO_32, command } from './protocol.ts';
import { vfioUserTraceEvents } from './trace-events.ts';

type Events = TraceEvents<typeof vfioUserTraceEvents>;
type Name = keyof Events;

let clients = 0;

const wide = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_TO_32;

export class SessionTrace {
  readonly #trace: Trace;
  readonly #events: Events;
  readonly #client: number;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#events = trace.declare(vfioUserTraceEvents);
    this.#client = ++clients;
  }

  emit(name: Name, a = 0, b = 0, c = 0, d = 0): void {
    const event = this.#events[name];
    if (this.#trace.on[event] !== 0) this.#trace.emit(event, this.#client, a, b, c, d);
  }

  /** A message is there, whole. */
  received(message: MessageReader): void {
    const { on } = this.#trace;
    const { vfio_user_recv_hdr: header, vfio_user_region_rw: access } = this.#events;
    if (on[header] !== 0) {
      this.emit('vfio_user_recv_hdr', message.id, message.command, message.flags, message.payloadLength);
    }
    if (on[access] !== 0) this.#access(message);
  }

  #access({ command: asked, payloadLength, view, payload }: MessageReader): void {
    if ((asked !== command.REGION_READ && asked !== command.REGION_WRITE) || payloadLength < 16) return;
    const [region, length] = [view.getUint32(payload + 8, true), view.getUint32(payload + 12, true)];
    const write = asked === command.REGION_WRITE ? 1 : 0;
    this.emit('vfio_user_region_rw', region, wide(view, payload), length, write);
  }

  /** A message that is neither a read nor a write of a region was done. */
  done({ command: asked, view, payload }: MessageReader): void {
    const at = (offset: number): number => view.getUint32(payload + offset, true);
    if (asked === command.DMA_MAP) {
      const [address, length] = [wide(view, payload + 16), wide(view, payload + 24)];
      this.emit('vfio_user_dma_map', address, length, wide(view, payload + 8), at(4) & 3);
    } else if (asked === command.DMA_UNMAP) {
      this.emit('vfio_user_dma_unmap', wide(view, payload + 8), wide(view, payload + 16));
    } else if (asked === command.DEVICE_SET_IRQS) this.emit('vfio_user_set_irqs', at(8), at(12), at(16), at(4));
  }
}

/** The sockets that machines attach to: made and taken away while the NIC runs. */
import type { EventLoop } from '../linux/index.ts';
import type { PciDevicePort } from '../pci/index.ts';
import type { Trace } from '../ports/index.ts';
import { VfioUserServer } from '../vfio-user/index.ts';
import type { NicConfig } from './config.ts';
import { NicError } from './errors.ts';
import { attachmentId } from './functions.ts';
import { attachmentError } from './host-advice.ts';

export type Attachment = NicConfig['attach'][number];

/** One attachment as a monitor shows it. */
export interface AttachmentStatus {
  readonly id: string;
  readonly attachment: Attachment;
  /** A machine is there. */
  readonly attached: boolean;
  /** Machines that have been there. */
  readonly sessions: number;
}

export interface AttachmentsOptions {
  readonly loop: EventLoop;
  readonly log: (line: string) => void;
  readonly trace: Trace;
  /** What the socket of an attachment serves. */
  readonly portOf: (attachment: Attachment) => PciDevicePort;
  /** A machine has come or gone. */
  readonly clientChanged: (id: string, attached: boolean) => void;
}

interface Entry {
  readonly attachment: Attachment;
  readonly server: VfioUserServer;
  attached: boolean;
  sessions: number;
}

export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #entries: Map<string, Entry>;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
    this.#entries = new Map();
  }

  /** Listens. Throws NicError. */
  add(attachment: Attachment): void {
    const id = attachmentId(attachment);
    const there = this.#entries.get(id);
    if (there !== undefined) {
      const { path } = there.attachment;
      throw new NicError('DEVICE_EXISTS', `${id} is attached by ${path} already: it can be in one machine only`);
    }
    const { loop, log, trace, portOf, clientChanged } = this.#options;
    try {
      const server = new VfioUserServer({
        loop,
        log,
        trace,
        path: attachment.path,
        device: portOf(attachment),
        clientChanged: (attached) => {
          entry.attached = attached;
          if (attached) entry.sessions += 1;
          clientChanged(id, attached);
        },
      });
      const entry: Entry = { attachment, server, attached: false, sessions: 0 };
      this.#entries.set(id, entry);
    } catch (error) {
      throw attachmentError(error);
    }
  }

  /** Ends the machine's session, as if it had been unplugged, and removes the socket; false where there is none. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    entry?.server.close();
    return entry !== undefined;
  }

  list(): AttachmentStatus[] {
    return [...this.#entries].map(([id, { attachment, attached, sessions }]) => ({
      id,
      attachment,
      attached,
      sessions,
    }));
  }

  close(): void {
    for (const { server } of this.#entries.values()) server.close();
  }
}

/** What a NIC is put together from in the device thread. */
import type { Epoch } from '../capture/ring.ts';
import type { EventLoop } from '../linux/index.ts';
import type { NonvolatileMemory, Trace } from '../ports/index.ts';
import type { NicConfig } from './config.ts';
import type { NicEvent } from './events.ts';
import type { DeviceThreadData } from './messages.ts';

export interface AssemblyOptions {
  readonly config: NicConfig;
  readonly netdevs: DeviceThreadData['netdevs'];
  readonly captures: DeviceThreadData['captures'];
  readonly loop: EventLoop;
  readonly trace: Trace;
  /** Keeps the NVM, where a file does. */
  readonly nonvolatile: NonvolatileMemory | undefined;
  readonly rom: Uint8Array | undefined;
  /** When the loop's time began. */
  readonly epoch: Epoch;
  readonly tell: (event: NicEvent) => void;
  readonly log: (line: string) => void;
}

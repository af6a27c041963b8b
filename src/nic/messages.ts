/** What the main thread and the device thread say to each other. */
import type { CaptureMemory } from '../capture/capture-memory.ts';
import type { TraceMemory } from '../trace/ring.ts';
import type { NetdevOptions } from '../wires/index.ts';
import type { CommandName } from './commands/index.ts';
import type { NicConfig } from './config.ts';
import type { NicEvent } from './events.ts';
import type { KeptMemory } from './kept-file.ts';

/** Given to the device thread when it starts. */
export interface DeviceThreadData {
  readonly config: NicConfig;
  /** `config.netdev`, parsed, with names of hosts resolved. */
  readonly netdevs: readonly NetdevOptions[];
  readonly trace: TraceMemory;
  /** One for each `filter-dump` that is on from the start. */
  readonly captures: readonly CaptureMemory[];
  /** Where the NVM is kept, if it is, and the flash. */
  readonly nvm?: KeptMemory | undefined;
  readonly flash?: KeptMemory | undefined;
  /** Contents of `config.romfile`. */
  readonly rom?: Uint8Array | undefined;
}

/** A command for the device thread, under a number of ours that its answer carries. */
export interface RequestMessage {
  readonly type: 'request';
  readonly request: number;
  readonly command: CommandName;
  readonly given: unknown;
}

export type ToDevice = RequestMessage | { readonly type: 'close' };

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

export type FromDevice =
  /** It can be woken by `wakeFd` from now on. */
  | { readonly type: 'listening'; readonly wakeFd: number }
  | { readonly type: 'log'; readonly line: string }
  /** NVM or flash has been written. */
  | { readonly type: 'kept' }
  | { readonly type: 'event'; readonly event: NicEvent }
  | { readonly type: 'answer'; readonly request: number; readonly result: unknown }
  | { readonly type: 'refusal'; readonly request: number; readonly failure: Failure }
  /** The thread ends. */
  | { readonly type: 'failed'; readonly failure: Failure };

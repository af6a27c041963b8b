/** What the main thread and the device thread say to each other. */
import type { CaptureMemory } from '../capture/ring.ts';
import type { TraceMemory } from '../trace/ring.ts';
import type { NetdevOptions } from '../wires/index.ts';
import type { NicConfig } from './config.ts';
import type { NvmMemory } from './nvm-file.ts';

/** Given to the device thread when it starts. */
export interface DeviceThreadData {
  readonly config: NicConfig;
  /** `config.netdev`, parsed, with names of hosts resolved. */
  readonly netdevs: readonly NetdevOptions[];
  readonly trace: TraceMemory;
  /** One for each `filter-dump` on the NIC's netdev. */
  readonly captures: readonly CaptureMemory[];
  /** Where the NVM is kept, if it is. */
  readonly nvm?: NvmMemory | undefined;
}

export type ToDevice =
  | { readonly type: 'set-link'; readonly up: boolean }
  | { readonly type: 'statistics'; readonly request: number }
  | { readonly type: 'close' };

/** Counters of one NIC by name; wires' counters are prefixed by the netdev's id. */
export type NicStatistics = Readonly<Record<string, number>>;

export type FromDevice =
  /** It can be woken by `wakeFd` from now on. */
  | { readonly type: 'listening'; readonly wakeFd: number }
  | { readonly type: 'log'; readonly line: string }
  /** The NVM has been written. */
  | { readonly type: 'nvm' }
  | { readonly type: 'statistics'; readonly request: number; readonly counters: NicStatistics }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly stack?: string };

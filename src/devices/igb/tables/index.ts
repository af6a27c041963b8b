/** The registers of one 82576 port, put together from its blocks, and what runs on them: handles, hooks, plan. */
import { compilePlan, defineRegisters, type RegisterSpec } from '../../../registers/index.ts';
import { diagnostics } from './diagnostics.ts';
import { extension } from './extension.ts';
import { general } from './general.ts';
import { interrupts } from './interrupts.ts';
import { nvmPhy } from './nvm-phy.ts';
import { pcs } from './pcs.ts';
import { receiveFilters } from './receive-filters.ts';
import { receive } from './receive.ts';
import { rxQueues } from './rx-queues.ts';
import { security } from './security.ts';
import { statistics } from './statistics.ts';
import { timeSync } from './time-sync.ts';
import { transmit } from './transmit.ts';
import { txQueues } from './tx-queues.ts';
import { vfMirror } from './vf-mirror.ts';
import { virtualization } from './virtualization.ts';
import { wakeupManagement } from './wakeup-management.ts';

export { vf, vfMap, vfSpecs, vfWindowBytes, type VfMapping } from './vf.ts';

/** Blocks by their title, in the order of the documentation. */
export const pfBlocks = {
  'General control': general,
  'NVM, PHY, semaphores': nvmPhy,
  Interrupts: interrupts,
  Receive: receive,
  'Receive filters': receiveFilters,
  'Receive queues': rxQueues,
  Transmit: transmit,
  'Transmit queues': txQueues,
  'Virtualization and mailbox': virtualization,
  'VF registers seen by the PF': vfMirror,
  Statistics: statistics,
  'Wake-up and management': wakeupManagement,
  PCS: pcs,
  'Time synchronisation': timeSync,
  Security: security,
  Diagnostics: diagnostics,
  'Our own, not in the 82576': extension,
} as const;

export const pfSpecs = {
  ...general,
  ...nvmPhy,
  ...interrupts,
  ...receive,
  ...receiveFilters,
  ...rxQueues,
  ...transmit,
  ...txQueues,
  ...virtualization,
  ...vfMirror,
  ...statistics,
  ...wakeupManagement,
  ...pcs,
  ...timeSync,
  ...security,
  ...diagnostics,
  ...extension,
} as const satisfies Readonly<Record<string, RegisterSpec>>;

export const pf = defineRegisters(pfSpecs);

/** Bytes of the PF's BAR0. */
export const pfWindowBytes = 0x20000;

type Specs = typeof pfSpecs;
/** Names of the side effects of reads. */
export type PfReadHook = {
  [N in keyof Specs]: Specs[N] extends { readonly onRead: infer H extends string } ? H : never;
}[keyof Specs];
/** Names of the side effects of writes. */
export type PfWriteHook = {
  [N in keyof Specs]: Specs[N] extends { readonly onWrite: infer H extends string } ? H : never;
}[keyof Specs];
export type PfHook = PfReadHook | PfWriteHook;

/** Every side effect once; `plan.readHook` and `plan.writeHook` hold the position here plus one. */
export const pfHooks = [
  ...new Set(Object.values<RegisterSpec>(pfSpecs).flatMap(({ onRead, onWrite }) => [onRead, onWrite])),
].filter((name) => name !== undefined) as readonly PfHook[];

export const pfPlan = compilePlan(pfSpecs, pfWindowBytes, pfHooks);

/**
 * What the main thread can ask of the device thread, by name: `nic.request(name, arguments)`. A command runs in the device thread as
 * the device's own work, within a turn of its loop, so what it sets off leaves with that turn. Arguments and results are
 * copied between the threads. An error with a `code` is the asker's to see, as a NicError with that code and message.
 */
import type { AssembledNic } from '../assembled-nic.ts';
import { addAttachment, listAttachments, removeAttachment } from './attachments.ts';
import { addBreak, breaksStatus, deleteBreak, step } from './breaks.ts';
import { addCapture, removeCapture } from './captures.ts';
import { addFault, clearFaults, listFaults } from './faults.ts';
import { lint, setLint } from './lint.ts';
import { metrics } from './metrics.ts';
import { interruptStatus } from './interrupts.ts';
import { readMemory } from './memory.ts';
import { addNetdev, listNetdevs, removeNetdev } from './netdevs.ts';
import { pciDomains } from './pci.ts';
import { peekRegisters } from './registers.ts';
import { peekRings } from './rings.ts';
import { cont, isRunning, stop } from './run-state.ts';
import { setLink } from './set-link.ts';
import { statistics } from './statistics.ts';
import { setVf, vfsStatus } from './vfs.ts';

export const commands = {
  addAttachment,
  addBreak,
  addCapture,
  addFault,
  addNetdev,
  breaksStatus,
  clearFaults,
  cont,
  deleteBreak,
  interruptStatus,
  isRunning,
  lint,
  listAttachments,
  listFaults,
  listNetdevs,
  metrics,
  pciDomains,
  peekRegisters,
  peekRings,
  readMemory,
  removeAttachment,
  removeCapture,
  removeNetdev,
  setLink,
  setLint,
  setVf,
  statistics,
  step,
  stop,
  vfsStatus,
} as const satisfies Readonly<Record<string, (nic: AssembledNic, given: never) => unknown>>;

type Commands = typeof commands;
export type CommandName = keyof Commands;
/** What `request` takes behind the name: a command's arguments in an object, or nothing. */
export type CommandArguments<N extends CommandName> =
  Parameters<Commands[N]> extends [AssembledNic, infer Given] ? [given: Given] : [];
export type CommandResult<N extends CommandName> = ReturnType<Commands[N]>;

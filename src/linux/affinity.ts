/** On which processors threads may run. */
import { readdirSync } from 'node:fs';
import { check, libc } from './libc.ts';
import { NativeBlock } from './native-block.ts';

const MASK_BYTES = 128;
const BITS_PER_DWORD = 32;

const mask = new NativeBlock(MASK_BYTES);

/** Processors that a thread may run on; thread 0 is the one that asks. */
export function allowedProcessors(thread = 0): number[] {
  mask.words.fill(0);
  check(libc.sched_getaffinity(thread, MASK_BYTES, mask.address), 'sched_getaffinity');
  const found: number[] = [];
  for (let processor = 0; processor < MASK_BYTES * 8; processor++)
    if ((mask.words[processor >>> 5]! & (1 << (processor & 31))) !== 0) found.push(processor);
  return found;
}

/** Lets a thread (0: the one that asks) run on these processors only. */
export function allowProcessors(processors: readonly number[], thread = 0): void {
  mask.words.fill(0);
  for (const processor of processors)
    mask.words[Math.floor(processor / BITS_PER_DWORD)]! |= 1 << (processor % BITS_PER_DWORD);
  check(libc.sched_setaffinity(thread, MASK_BYTES, mask.address), 'sched_setaffinity');
}

/** Lets every thread that a process has now run on one processor only. */
export function pinProcess(pid: number, processor: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) allowProcessors([processor], Number(thread));
}

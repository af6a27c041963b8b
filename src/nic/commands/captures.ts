import type { CaptureMemory } from '../../capture/capture-memory.ts';
import type { AssembledNic } from '../assembled-nic.ts';

/** Frames go to a capture from now on. */
export function addCapture({ captures }: AssembledNic, { memory }: { readonly memory: CaptureMemory }): void {
  captures.add(memory);
}

/** No frames go to a capture any more; what its ring holds stays. */
export function removeCapture({ captures }: AssembledNic, { id }: { readonly id: string }): void {
  captures.remove(id);
}

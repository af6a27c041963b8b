import type { AssembledNic } from '../assembled-nic.ts';
import type { BreaksStatus } from '../breaks.ts';
import { NicError } from '../errors.ts';

/** Stops where the expression holds, from now on; returns the breakpoint's number. Throws NicError `BREAK`. */
export function addBreak({ breaks }: AssembledNic, { text }: { readonly text: string }): number {
  return breaks.add(text);
}

/** Takes a breakpoint away, or all of them. */
export function deleteBreak({ breaks }: AssembledNic, { number }: { readonly number?: number | undefined }): void {
  if (breaks.delete(number) === 0 && number !== undefined)
    throw new NicError('NOT_FOUND', `there is no breakpoint ${number}`);
}

/** Goes on to the next access of a register, or to where an expression holds. */
export function step({ breaks }: AssembledNic, { text }: { readonly text?: string | undefined }): void {
  breaks.step(text);
}

export function breaksStatus({ breaks }: AssembledNic): BreaksStatus {
  return breaks.status();
}

import { lstatSync, unlinkSync } from 'node:fs';

/** Removes the file of a unix socket that was ours to bind; what is not a socket stays. */
export function removeSocketFile(path: string): void {
  if (path.startsWith('\0')) return;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}

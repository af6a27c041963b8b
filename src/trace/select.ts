/** Which events are on: globs as `--trace` takes them, later ones win, a leading `-` excludes. */
import picomatch from 'picomatch';
import { eventNames } from './catalogue.ts';
import type { TraceMemory } from './ring.ts';

/** Sets the memory's flags; returns the globs that match no event. */
export function selectEvents(memory: TraceMemory, globs: readonly string[]): string[] {
  const on = new Uint8Array(memory.on);
  const unmatched: string[] = [];
  for (const glob of globs) {
    const exclude = glob.startsWith('-');
    const matches = picomatch(exclude ? glob.slice(1) : glob);
    let any = false;
    eventNames.forEach((name, number) => {
      if (!matches(name)) return;
      any = true;
      on[number] = exclude ? 0 : 1;
    });
    if (!any) unmatched.push(glob);
  }
  return unmatched;
}

/** Which events are on: globs as `--trace` takes them, later ones win, a leading `-` excludes. */
import picomatch from 'picomatch';
import { catalogue } from './catalogue.ts';
import type { TraceMemory } from './ring.ts';

/** Sets the memory's flags; returns the globs that match no event. */
export function selectEvents(memory: TraceMemory, globs: readonly string[]): string[] {
  const on = new Uint8Array(memory.on);
  const names = Object.keys(catalogue);
  const unmatched: string[] = [];
  for (const glob of globs) {
    const exclude = glob.startsWith('-');
    const matches = picomatch(exclude ? glob.slice(1) : glob);
    let any = false;
    names.forEach((name, number) => {
      if (!matches(name)) return;
      any = true;
      on[number] = exclude ? 0 : 1;
    });
    if (!any) unmatched.push(glob);
  }
  return unmatched;
}

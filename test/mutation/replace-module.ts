/** Hooks of Node's module loader: one module has another text than its file. */
import type { InitializeHook, LoadHook } from 'node:module';

export interface Replacement {
  readonly url: string;
  readonly source: string;
}

let replaced: Replacement | undefined;

export const initialize: InitializeHook<Replacement> = (data) => {
  replaced = data;
};

export const load: LoadHook = (url, context, nextLoad) =>
  url === replaced?.url ? { format: 'module', shortCircuit: true, source: replaced.source } : nextLoad(url, context);

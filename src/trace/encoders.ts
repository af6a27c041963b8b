import { BinaryEncoder } from './binary.ts';
import { ChromeEncoder } from './chrome.ts';
import { TextEncoder, type TraceEncoder } from './encoder.ts';
import { epochOf, type TraceMemory } from './ring.ts';

/** By the end of the file's name: `.obt` is the compact form, `.json` the one of Chrome and Perfetto, anything else is text. */
export function encoderFor(path: string | undefined, memory: TraceMemory): TraceEncoder {
  if (path?.endsWith('.obt') === true) return new BinaryEncoder(epochOf(memory));
  return path?.endsWith('.json') === true ? new ChromeEncoder() : new TextEncoder();
}

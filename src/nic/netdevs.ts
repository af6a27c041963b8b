import type { EventLoop } from '../linux/index.ts';
import type { Wire } from '../ports/index.ts';
import { TapWire } from '../wires/tap-wire.ts';

export interface Netdevs { readonly id: string; readonly wire: Wire; statistics(): Record<string, number>; close(): void }

export function openNetdevs(texts: readonly string[], loop: EventLoop, log: (line: string) => void): Netdevs {
  const ifname = /ifname=([^,]+)/.exec(texts[0] ?? '')?.[1];
  const wire = new TapWire({ loop, log }, { ifname });
  return { id: 'n0', wire, statistics: () => ({ ...wire.counters }), close: () => wire.close() };
}

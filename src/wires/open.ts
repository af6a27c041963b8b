import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isDatagramSocket } from '../linux/index.ts';
import type { Wire } from '../ports/index.ts';
import { DgramWire } from './dgram-wire.ts';
import { Hub } from './hub.ts';
import { PacketWire } from './packet-wire.ts';
import type { NetdevOptions } from './parse.ts';
import { PasstWire } from './passt-wire.ts';
import { StreamWire } from './stream-wire.ts';
import { TapWire } from './tap-wire.ts';
import type { WireContext, WireCounters } from './wire.ts';

export type OpenWire = Wire & { readonly counters: WireCounters; close(): void };

export interface OpenContext extends WireContext {
  /** The hubs of this thread by number; `hubport` makes one that is missing. */
  readonly hubs?: Map<number, Hub>;
}

/** Opens a wire. Hosts must be numeric by now (`resolveHosts`). Throws SystemError. */
export function openWire(options: NetdevOptions, context: OpenContext): OpenWire {
  switch (options.type) {
    case 'tap':
      return new TapWire(context, options);
    case 'packet':
      return new PacketWire(context, options);
    case 'stream':
      return new StreamWire(context, options);
    case 'dgram':
      return new DgramWire(context, options);
    case 'socket-fd': {
      const address = { type: 'fd', fd: options.fd } as const;
      return isDatagramSocket(options.fd)
        ? new DgramWire(context, { local: address })
        : new StreamWire(context, { address, server: false, reconnectMs: 0 });
    }
    case 'passt':
      return new PasstWire(context, options);
    case 'hubport': {
      const hubs = context.hubs ?? new Map<number, Hub>();
      const hub = hubs.get(options.hubid) ?? new Hub(context.loop);
      hubs.set(options.hubid, hub);
      return hub.addPort();
    }
  }
}

/** The same options with names of hosts replaced by addresses; an empty host is any local address. */
export async function resolveHosts(options: NetdevOptions): Promise<NetdevOptions> {
  if (options.type === 'stream') return { ...options, address: await resolved(options.address) };
  if (options.type !== 'dgram') return options;
  return {
    ...options,
    local: options.local && (await resolved(options.local)),
    remote: options.remote && (await resolved(options.remote)),
  };
}

async function resolved<T extends { readonly type: string }>(address: T): Promise<T> {
  if (!('host' in address) || typeof address.host !== 'string') return address;
  if (address.host === '') return { ...address, host: '0.0.0.0' };
  if (isIP(address.host.split('%')[0] ?? '') !== 0) return address;
  return { ...address, host: (await lookup(address.host, { verbatim: false })).address };
}

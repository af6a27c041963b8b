import * as v from 'valibot';
import type { DgramAddress } from './dgram-wire.ts';
import { parseKeyList } from './key-list.ts';
import { nearest, NetdevError } from './netdev-error.ts';
import type { PasstSettings } from './passt-wire.ts';
import { type NetdevType, type NetdevValues, schemas } from './schemas.ts';
import type { StreamAddress } from './stream-wire.ts';

/** What `-netdev` asks for, ready to open. */
export type NetdevOptions =
  | {
      readonly type: 'tap' | 'packet';
      readonly id: string;
      readonly ifname?: string | undefined;
      readonly fd?: number | undefined;
      readonly vnet_hdr?: boolean | undefined;
    }
  | {
      readonly type: 'stream';
      readonly id: string;
      readonly address: StreamAddress;
      readonly server: boolean;
      readonly reconnectMs: number;
    }
  | {
      readonly type: 'dgram';
      readonly id: string;
      readonly local?: DgramAddress | undefined;
      readonly remote?: DgramAddress | undefined;
    }
  /** `socket,fd=`: a stream or a datagram socket, which the descriptor itself knows. */
  | { readonly type: 'socket-fd'; readonly id: string; readonly fd: number }
  | {
      readonly type: 'hubport';
      readonly id: string;
      readonly hubid: number;
      /** The netdev that the port is connected to; a NIC can be plugged into it where none is given. */
      readonly netdev?: string | undefined;
    }
  | ({ readonly type: 'passt'; readonly id: string } & PasstSettings);

/** Reads QEMU's `-netdev` syntax: `tap,id=n0,ifname=ob0`. Throws NetdevError. */
export function parseNetdev(text: string): NetdevOptions {
  const { type, values } = parseKeyList(text);
  if (!isType(type)) {
    const types = Object.keys(schemas);
    throw new NetdevError('NETDEV_TYPE', type, `"${text}": there is no netdev type "${type}"${hint(type, types)}`);
  }
  switch (type) {
    case 'tap':
    case 'packet':
      return interfaceOptions(text, type, checkedValues(text, type, values));
    case 'stream':
      return streamOptions(text, checkedValues(text, type, values));
    case 'dgram':
      return dgramOptions(text, checkedValues(text, type, values));
    case 'socket':
      return socketOptions(text, checkedValues(text, type, values));
    case 'hubport':
      return { type, ...checkedValues(text, type, values) };
    case 'passt':
      return { type, ...checkedValues(text, type, values) };
  }
}

function isType(type: string): type is NetdevType {
  return Object.hasOwn(schemas, type);
}

function hint(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near === undefined ? `; there are ${candidates.join(', ')}` : `; did you mean "${near}"?`;
}

function checkedValues<T extends NetdevType>(
  text: string,
  type: T,
  values: Readonly<Record<string, string>>,
): NetdevValues<T> {
  const known = Object.keys(schemas[type].entries);
  for (const key of Object.keys(values)) {
    if (!known.includes(key)) {
      throw new NetdevError('NETDEV_KEY', key, `"${text}": ${type} has no key "${key}"${hint(key, known)}`);
    }
  }
  const result = v.safeParse(schemas[type], values);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = v.getDotPath(issue) ?? '';
  if (!Object.hasOwn(values, key)) throw missing(text, key);
  throw new NetdevError('NETDEV_VALUE', key, `"${text}": ${key} ${issue.message}, not "${values[key]}"`);
}

function missing(text: string, key: string): NetdevError {
  return new NetdevError('NETDEV_MISSING', key, `"${text}": ${key}= is missing`);
}

function contradiction(text: string, key: string, message: string): NetdevError {
  return new NetdevError('NETDEV_VALUE', key, `"${text}": ${message}`);
}

function interfaceOptions(text: string, type: 'tap' | 'packet', values: NetdevValues<'packet'>): NetdevOptions {
  const { id, ifname, fd, vnet_hdr } = values;
  if (ifname !== undefined && fd !== undefined) {
    throw contradiction(text, 'fd', 'ifname and fd exclude each other');
  }
  if (type === 'packet' && ifname === undefined && fd === undefined) throw missing(text, 'ifname');
  return { type, id, ifname, fd, vnet_hdr };
}

function streamOptions(text: string, values: NetdevValues<'stream'>): NetdevOptions {
  const address = addressOf(text, 'addr', {
    type: values['addr.type'],
    host: values['addr.host'],
    port: values['addr.port'],
    path: values['addr.path'],
    str: values['addr.str'],
  });
  if (address === undefined) throw missing(text, 'addr.type');
  const server = values.server ?? false;
  const reconnectMs = values['reconnect-ms'] ?? (values.reconnect ?? 0) * 1000;
  if (reconnectMs > 0 && (server || address.type === 'fd')) {
    throw contradiction(text, 'reconnect-ms', 'only a client that connects can reconnect');
  }
  return { type: 'stream', id: values.id, address, server, reconnectMs };
}

function dgramOptions(text: string, values: NetdevValues<'dgram'>): NetdevOptions {
  const local = addressOf(text, 'local', {
    type: values['local.type'],
    host: values['local.host'],
    port: values['local.port'] ?? 0,
    path: values['local.path'],
    str: values['local.str'],
  });
  const remote = addressOf(text, 'remote', {
    type: values['remote.type'],
    host: values['remote.host'],
    port: values['remote.port'],
    path: values['remote.path'],
    str: undefined,
  });
  if (local === undefined && remote === undefined) throw missing(text, 'remote.type');
  if (local?.type !== 'fd') {
    if (remote === undefined) throw missing(text, 'remote.type');
    const multicast = remote.type === 'inet' && /^2(2[4-9]|3\d)\./.test(remote.host);
    if (local === undefined && !multicast) throw missing(text, 'local.type');
    if (local !== undefined && local.type !== remote.type) {
      throw contradiction(text, 'remote.type', `local.type is ${local.type} and remote.type is ${remote.type}`);
    }
    if (!multicast && local?.type === 'inet' && values['local.port'] === undefined) throw missing(text, 'local.port');
  }
  return { type: 'dgram', id: values.id, local, remote };
}

interface AddressValues {
  readonly type: 'inet' | 'unix' | 'fd' | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: string | undefined;
  readonly str: number | undefined;
}

function addressOf(text: string, prefix: string, values: AddressValues): StreamAddress | undefined {
  const { type, host, port, path, str } = values;
  switch (type) {
    case undefined: {
      if (host !== undefined || path !== undefined || str !== undefined) throw missing(text, `${prefix}.type`);
      return undefined;
    }
    case 'unix':
      if (path === undefined) throw missing(text, `${prefix}.path`);
      return { type, path };
    case 'fd':
      if (str === undefined) throw missing(text, `${prefix}.str`);
      return { type, fd: str };
    case 'inet':
      if (host === undefined) throw missing(text, `${prefix}.host`);
      if (port === undefined) throw missing(text, `${prefix}.port`);
      return { type, host, port };
  }
}

function socketOptions(text: string, values: NetdevValues<'socket'>): NetdevOptions {
  const { id, fd, listen, connect, mcast, udp, localaddr } = values;
  const given = Object.entries({ fd, listen, connect, mcast, udp }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw contradiction(text, 'socket', 'exactly one of fd, listen, connect, mcast and udp is needed');
  }
  if (localaddr !== undefined && mcast === undefined && udp === undefined) {
    throw contradiction(text, 'localaddr', 'localaddr goes with mcast or udp only');
  }
  if (fd !== undefined) return { type: 'socket-fd', id, fd };
  const endpoint = listen ?? connect;
  if (endpoint !== undefined) {
    const address = { type: 'inet', ...hostPort(text, listen === undefined ? 'connect' : 'listen', endpoint) } as const;
    return { type: 'stream', id, address, server: listen !== undefined, reconnectMs: 0 };
  }
  if (udp !== undefined) {
    if (localaddr === undefined) throw missing(text, 'localaddr');
    const local = { type: 'inet', ...hostPort(text, 'localaddr', localaddr) } as const;
    return { type: 'dgram', id, local, remote: { type: 'inet', ...hostPort(text, 'udp', udp) } };
  }
  const local = localaddr === undefined ? undefined : ({ type: 'inet', host: localaddr, port: 0 } as const);
  return { type: 'dgram', id, local, remote: { type: 'inet', ...hostPort(text, 'mcast', mcast ?? '') } };
}

/** `host:port`, `[v6]:port` or `:port`. */
function hostPort(text: string, key: string, value: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new NetdevError('NETDEV_VALUE', key, `"${text}": ${key} is HOST:PORT, not "${value}"`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

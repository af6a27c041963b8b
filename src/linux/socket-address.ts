/** Socket addresses in the kernel's form. */
import { isIPv4, isIPv6 } from 'node:net';
import { SystemError } from './errors.ts';
import { NativeBlock } from './native-block.ts';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
const PATH_AT = 2;
const PATH_MAXIMUM = 108;

/** A prepared sockaddr. */
export interface SocketAddress {
  readonly family: number;
  readonly block: NativeBlock;
  readonly length: number;
}

/** Address of a unix socket; a path that begins with NUL lives in the abstract namespace. */
export function unixAddress(path: string): SocketAddress {
  const encoded = new TextEncoder().encode(path);
  const abstract = path.startsWith('\0');
  if (encoded.length === 0 || encoded.length + (abstract ? 0 : 1) > PATH_MAXIMUM) {
    throw new SystemError(
      'ENAMETOOLONG',
      'bind',
      `a unix socket's path has 1 to ${PATH_MAXIMUM - 1} bytes, not ${encoded.length}: ${path}`,
    );
  }
  const block = new NativeBlock(112);
  block.view.setUint16(0, AF_UNIX, true);
  block.bytes.set(encoded, PATH_AT);
  return { family: AF_UNIX, block, length: PATH_AT + encoded.length + (abstract ? 0 : 1) };
}

/** Address of an IPv4 or IPv6 host given as digits; names are resolved by the caller. */
export function inetAddress(host: string, port: number): SocketAddress {
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new SystemError('EINVAL', 'bind', `port ${port}`);
  if (isIPv4(host)) {
    const block = new NativeBlock(16);
    block.view.setUint16(0, AF_INET, true);
    block.view.setUint16(2, port);
    block.bytes.set(ipv4Bytes(host), 4);
    return { family: AF_INET, block, length: 16 };
  }
  const [digits = '', zone] = host.split('%');
  if (isIPv6(digits)) {
    const block = new NativeBlock(28);
    block.view.setUint16(0, AF_INET6, true);
    block.view.setUint16(2, port);
    block.bytes.set(ipv6Bytes(digits), 8);
    if (zone !== undefined) block.view.setUint32(24, Number(zone), true);
    return { family: AF_INET6, block, length: 28 };
  }
  throw new SystemError('EINVAL', 'bind', `${host} is not an IP address`);
}

export function ipv4Bytes(host: string): Uint8Array {
  return Uint8Array.from(host.split('.').map(Number));
}

function ipv6Bytes(host: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  let text = host;
  if (dotted !== null) {
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(dotted[2]!);
    text = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const first = hexGroups(head);
  const last = tail === undefined ? [] : hexGroups(tail);
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

function hexGroups(text: string): number[] {
  return text
    .split(':')
    .filter(Boolean)
    .map((group) => parseInt(group, 16));
}

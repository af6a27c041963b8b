/** Tap interfaces: /dev/net/tun and its ioctls. */
import { SystemError } from './errors.ts';
import { setNonblocking } from './descriptor.ts';
import { check, libc } from './libc.ts';
import { cString, NativeBlock } from './native-block.ts';
import { VIRTIO_HEADER_LENGTH } from './virtio-header.ts';

const O_RDWR_NONBLOCK_CLOEXEC = 0o2 | 0o4000 | 0o2000000;
const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const TUNGETIFF = 0x800454d2;
const TUNSETVNETHDRSZ = 0x400454d8;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFREQ_LENGTH = 40;
/** Longest interface name, without the NUL. */
export const MAXIMUM_NAME = 15;

const TUN_F_CSUM = 1;
const TUN_F_TSO4 = 2;
const TUN_F_TSO6 = 4;
const TUN_F_TSO_ECN = 8;
const TUN_F_USO4 = 0x20;
const TUN_F_USO6 = 0x40;

export interface Tap {
  readonly fd: number;
  readonly name: string;
  /** Each frame carries a virtio_net_hdr. */
  readonly vnetHeader: boolean;
  /** UDP segmentation is known to this kernel (6.2 and later). */
  readonly udpSegmentation: boolean;
}

export interface TapOptions {
  /** Interface to make or to join; `%d` or nothing lets the kernel choose. */
  readonly name?: string;
  /** An opened tap instead, taken over. */
  readonly fd?: number;
  readonly vnetHeader: boolean;
}

/** Opens a tap and, with a header, has the kernel leave checksums and segments to us. Throws 'EPERM', 'EBUSY', 'ENOENT'. */
export function openTap(options: TapOptions): Tap {
  const fd = options.fd ?? openInterface(options.name ?? '', options.vnetHeader);
  try {
    const { name, vnetHeader } = describe(fd);
    setNonblocking(fd);
    if (vnetHeader) {
      const size = new NativeBlock(8);
      size.words[0] = VIRTIO_HEADER_LENGTH;
      check(libc.ioctl(fd, TUNSETVNETHDRSZ, size.address), 'ioctl', 'TUNSETVNETHDRSZ');
    }
    const udpSegmentation = vnetHeader && setOffload(fd, true);
    return { fd, name, vnetHeader, udpSegmentation };
  } catch (error) {
    if (options.fd === undefined) libc.close(fd);
    throw error;
  }
}

/** Says what the tap may hand over unfinished: all that we can finish, or nothing. True where that includes UDP segments. */
export function setOffload(fd: number, on: boolean): boolean {
  const base = on ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;
  if (on && libc.ioctl(fd, TUNSETOFFLOAD, base | TUN_F_USO4 | TUN_F_USO6) !== -1) return true;
  check(libc.ioctl(fd, TUNSETOFFLOAD, base), 'ioctl', 'TUNSETOFFLOAD');
  return false;
}

function openInterface(name: string, vnetHeader: boolean): number {
  const encoded = new TextEncoder().encode(name);
  if (encoded.length > MAXIMUM_NAME) {
    throw new SystemError('EINVAL', 'ioctl', `an interface's name has at most ${MAXIMUM_NAME} bytes: ${name}`);
  }
  const device = '/dev/net/tun';
  const fd = check(libc.open(cString(device).address, O_RDWR_NONBLOCK_CLOEXEC, 0), 'open', device);
  try {
    const request = new NativeBlock(IFREQ_LENGTH);
    request.bytes.set(encoded);
    request.view.setUint16(16, IFF_TAP | IFF_NO_PI | (vnetHeader ? IFF_VNET_HDR : 0), true);
    check(libc.ioctl(fd, TUNSETIFF, request.address), 'ioctl', `TUNSETIFF ${name}`);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

function describe(fd: number): { name: string; vnetHeader: boolean } {
  const request = new NativeBlock(IFREQ_LENGTH);
  check(libc.ioctl(fd, TUNGETIFF, request.address), 'ioctl', 'TUNGETIFF: not a tap');
  const flags = request.view.getUint16(16, true);
  if ((flags & IFF_TAP) === 0 || (flags & IFF_NO_PI) === 0) {
    throw new SystemError('EINVAL', 'ioctl', 'the descriptor is not a tap without packet information');
  }
  const end = request.bytes.indexOf(0);
  return {
    name: new TextDecoder().decode(request.bytes.subarray(0, Math.min(end, 16))),
    vnetHeader: (flags & IFF_VNET_HDR) !== 0,
  };
}

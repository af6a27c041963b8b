import {
  bindUdp,
  bindUnixDatagram,
  close,
  DatagramSocket,
  inetAddress,
  isMulticast,
  joinMulticast,
  localPort,
  setNonblocking,
  SystemError,
  unixAddress,
} from '../linux/index.ts';
import type { WirePort } from '../ports/index.ts';
import { removeSocketFile } from './socket-file.ts';
import { FrameWire, LONGEST_FRAME, type WireContext } from './wire.ts';

export type DgramAddress =
  | { readonly type: 'inet'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'fd'; readonly fd: number };

export interface DgramWireOptions {
  readonly local?: DgramAddress | undefined;
  readonly remote?: DgramAddress | undefined;
}

interface Endpoints {
  readonly receiver: DatagramSocket;
  readonly sender: DatagramSocket;
  /** Of a multicast sender: what comes from here is our own. */
  readonly ownAddress?: Uint8Array;
  readonly path?: string;
  readonly localPort: number;
}

/** Frames as datagrams, one each and nothing around it: UDP, a multicast group, or unix sockets. Always up. */
export class DgramWire extends FrameWire {
  /** The UDP port this end is bound to; 0 for other kinds. */
  readonly localPort: number;
  private readonly ends: Endpoints;

  constructor(context: WireContext, options: DgramWireOptions) {
    const ends = openEndpoints(options);
    super(context, ends.receiver.fd);
    this.ends = ends;
    this.localPort = ends.localPort;
  }

  send(bytes: Uint8Array, offset: number, length: number): void {
    if (this.isOpen && this.ends.sender.write(bytes, offset, length) === 0) this.countSent(length);
    else this.counters.dropped += 1;
  }

  protected closeDescriptors(): void {
    const { receiver, sender, path } = this.ends;
    close(receiver.fd);
    if (sender.fd !== receiver.fd) close(sender.fd);
    if (path !== undefined) removeSocketFile(path);
  }

  protected receiveOne(port: WirePort): boolean {
    const { bytes, offset, length } = this.buffer;
    const { receiver, ownAddress } = this.ends;
    const count = receiver.read(bytes, offset, length);
    if (count === -1) return false;
    if (ownAddress !== undefined && receiver.cameFrom(ownAddress)) return true;
    if (count === 0 || count > LONGEST_FRAME) this.counters.malformed += 1;
    else this.deliver(port, bytes, offset, count, undefined);
    return true;
  }
}

function openEndpoints({ local, remote }: DgramWireOptions): Endpoints {
  if (local?.type === 'fd') {
    setNonblocking(local.fd);
    return single(local.fd, undefined, 0);
  }
  if (remote?.type === 'inet' && isMulticast(remote.host)) {
    const group = joinMulticast(remote.host, remote.port, local?.type === 'inet' ? local.host : undefined);
    return {
      receiver: new DatagramSocket(group.receiver),
      sender: new DatagramSocket(group.sender),
      ownAddress: group.senderAddress,
      localPort: remote.port,
    };
  }
  if (local?.type === 'inet' && remote?.type === 'inet') {
    const destination = inetAddress(remote.host, remote.port);
    const fd = bindUdp(local.host, local.port);
    return single(fd, destination, localPort(fd));
  }
  if (local?.type === 'unix' && remote?.type === 'unix') {
    const destination = unixAddress(remote.path);
    return { ...single(bindUnixDatagram(local.path), destination, 0), path: local.path };
  }
  throw new SystemError('EINVAL', 'dgram', 'local and remote must both be inet or both be unix');
}

function single(fd: number, destination: ReturnType<typeof inetAddress> | undefined, port: number): Endpoints {
  const socket = new DatagramSocket(fd, destination);
  return { receiver: socket, sender: socket, localPort: port };
}

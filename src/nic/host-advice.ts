/** What to do when the host refuses what a NIC needs: the system's reasons, with the user's remedies. */
import { NicError } from './errors.ts';

type Advice = Readonly<Record<string, string>>;

const attachAdvice: Advice = {
  ENOENT: 'make its folder first',
  ENOTDIR: 'make its folder first',
  EACCES: 'choose a folder that you may write',
  EPERM: 'choose a folder that you may write',
  EROFS: 'choose a folder that can be written',
};

const own = 'run as root, or let root make it yours: ip tuntap add dev NAME mode tap user USER';
const badDescriptor = 'pass an open descriptor of that kind, such as by 3<>FILE in a shell';
const nobody = 'start the other end first, or let a stream wait for it: reconnect-ms=1000';

const netdevAdvice: Readonly<Record<string, Advice>> = {
  tap: { EACCES: own, EPERM: own, EBUSY: 'another process has it: end that, or name another', ENOENT: own },
  packet: { EPERM: 'run as root', EACCES: 'run as root' },
  stream: { ENOENT: nobody, ECONNREFUSED: nobody },
  dgram: {},
  any: {
    EBADF: badDescriptor,
    ENOTSOCK: badDescriptor,
    EADDRINUSE: 'another process has that address: end it, or choose another',
    EADDRNOTAVAIL: 'name an address of this machine',
    ENOTFOUND: 'is the name of the host right?',
    EAI_AGAIN: 'is the name of the host right, and a name server there?',
  },
};

/** The same with `what` in front and a remedy behind; an error that has no code, or is for the user already, as it is. */
function withAdvice(error: unknown, what: string, advice: Advice): unknown {
  const { code, message } = error as Error & { code?: unknown };
  if (!(error instanceof Error) || typeof code !== 'string' || error instanceof NicError) return error;
  const remedy = advice[code];
  return new NicError(code, `${what}${message}${remedy === undefined ? '' : `: ${remedy}`}`, error);
}

/** The error that a socket for QEMU cannot be made; it names the path already. */
export const attachmentError = (error: unknown): unknown => withAdvice(error, '', attachAdvice);

/** The error that a netdev cannot be opened. */
export function netdevError(error: unknown, { type, id }: { readonly type: string; readonly id: string }): unknown {
  return withAdvice(error, `${netdevName(type, id)}: `, { ...netdevAdvice['any'], ...netdevAdvice[type] });
}

export const netdevName = (type: string, id: string): string => `netdev ${id === '' ? type : id}`;

import { getSystemErrorName } from 'node:util';

/** A failure that the kernel reported, or a condition on a descriptor that this layer insists on. */
export class SystemError extends Error {
  /** Stable: the kernel's name of the error ('ECONNRESET'), or 'EUNSEALED'. */
  readonly code: string;
  /** The system call that failed. */
  readonly call: string;

  constructor(code: string, call: string, detail?: string) {
    super(detail === undefined ? `${call} failed: ${code}` : `${call} failed: ${code} (${detail})`);
    this.name = 'SystemError';
    this.code = code;
    this.call = call;
  }
}

/** The name of an errno value ('EPIPE'). */
export function errorCode(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `E${errno}`;
  }
}

// The values that code here branches on (x86-64 and all other Linux ports but alpha, mips, sparc).
export const EINTR = 4;
export const EAGAIN = 11;
export const EINVAL = 22;
export const ENOBUFS = 105;
export const EINPROGRESS = 115;

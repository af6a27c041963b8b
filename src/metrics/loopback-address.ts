/** Where something is served over HTTP: this machine only. */

export interface LoopbackAddress {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** `127.0.0.1:9100`, `[::1]:9100`, `localhost:0`; undefined where it is no such thing or not of this machine alone. */
export function parseLoopbackAddress(text: string): LoopbackAddress | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) return undefined;
  if (bracketed === undefined) return /^(localhost|127(\.\d{1,3}){3})$/.test(host) ? { host, port } : undefined;
  return host === '::1' ? { host, port } : undefined;
}

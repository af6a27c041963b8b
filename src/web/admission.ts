/**
 * Who may ask the web view for what. It listens on loopback only, but a browser brings any web page there, and other users of
 * the machine reach the port too. So whoever asks has the token that the NIC's log tells; a request names a host of this machine (a
 * page of a rebound DNS name does not); and what changes something comes from the view's own pages, or with the token in a
 * header, which no other page can send.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly url: URL;
}

export interface Refusal {
  readonly status: number;
  readonly text: string;
}

export interface Door {
  readonly token: string;
  /** Name of the cookie that holds it: cookies know no ports. */
  readonly cookie: string;
}

const thisMachine = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/;
const closed = (status: number, text: string): Refusal => ({ status, text });

function sameText(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

const bearerOf = ({ authorization }: IncomingHttpHeaders): string | undefined =>
  /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];

/** Undefined where the request may pass. */
export function refusalOf({ method, headers, url }: Asked, { token, cookie }: Door): Refusal | undefined {
  const host = headers.host ?? '';
  if (!thisMachine.test(host)) return closed(421, 'Ask for 127.0.0.1 or localhost: other names are refused.');
  const looks = method === 'GET' || method === 'HEAD';
  if (!looks && method !== 'POST') return closed(405, 'Only GET, HEAD and POST are answered.');
  const bearer = bearerOf(headers);
  const given = bearer ?? cookieOf(headers, cookie) ?? (looks ? url.searchParams.get('token') : null);
  if (given === null || given === undefined || !sameText(given, token))
    return closed(401, 'Open the address with ?token=… that the NIC told when it started.');
  if (looks) return undefined;
  if (headers['content-type']?.split(';')[0] !== 'application/json')
    return closed(415, 'The content-type is application/json.');
  if (bearer === undefined && headers.origin !== `http://${host}`)
    return closed(
      403,
      'What changes something comes from this very page, or with the token in an Authorization header.',
    );
  return undefined;
}

/** Where a monitor is, in QEMU's words: `unix:PATH,server=on,wait=off`, or `stdio`. */
import { NicError } from '../nic/errors.ts';
import { nearest } from '../wires/index.ts';
import { parseKeyList } from '../wires/key-list.ts';

export type MonitorDevice = { readonly kind: 'stdio' } | { readonly kind: 'unix'; readonly path: string };

const KEYS = ['server', 'wait', 'nowait'];
const LONGEST_PATH = 107;
const on: readonly string[] = ['on', 'yes', 'true'];
const off: readonly string[] = ['off', 'no', 'false'];

/** Throws NicError `CONFIG`; `flag` is what the text was given to. */
export function parseMonitorDevice(flag: string, text: string): MonitorDevice {
  const wrong = (why: string): NicError => new NicError('CONFIG', `${flag} ${text}: ${why}`);
  const { type, values } = parseKeyList(text);
  for (const key of Object.keys(values)) {
    if (type !== 'stdio' && KEYS.includes(key)) continue;
    const near = nearest(key, KEYS);
    throw wrong(`there is no "${key}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }
  if (type === 'stdio') return { kind: 'stdio' };
  if (!type.startsWith('unix:')) throw wrong('it is stdio, or unix:PATH,server=on,wait=off');
  const path = type.slice('unix:'.length);
  if (path === '') throw wrong('the path is missing');
  if (Buffer.byteLength(path) > LONGEST_PATH) throw wrong(`a path of a socket has at most ${LONGEST_PATH} bytes`);
  const { server = 'off', wait = 'off' } = values;
  if (!on.includes(server)) throw wrong('the NIC does not connect, it listens: add server=on');
  if (!off.includes(wait)) throw wrong('the NIC does not wait for a client: wait=off');
  return { kind: 'unix', path };
}

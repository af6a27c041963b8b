/** Where a protocol is spoken: standard input and output, or a unix socket. */
import { parseKeyList } from '../../wires/key-list.ts';
import { checkedKeys, fault, parseSwitch } from './words.ts';

export type CharacterDevice =
  | { readonly kind: 'stdio' }
  /** `server`: listen and take one connection; otherwise connect. */
  | { readonly kind: 'unix'; readonly path: string; readonly server: boolean }
  | { readonly kind: 'null' };

const SOCKET_KEYS = ['id', 'path', 'server', 'wait'];

/** The text after -qtest or -qmp: `stdio`, `unix:PATH[,server=on,wait=off]`. */
export function parseShortDevice(option: string, text: string): CharacterDevice {
  if (text === 'stdio' || text === 'null') return { kind: text };
  if (!text.startsWith('unix:')) throw fault(`${option} ${text}: stdio and unix:PATH are possible`);
  const { first, values } = checkedKeys(option, text, ['server', 'wait', 'nowait']);
  const server = values['server'] !== undefined && parseSwitch(option, 'server', values['server']);
  const path = first.slice('unix:'.length);
  if (path === '') throw fault(`${option} ${text}: the path is missing`);
  return { kind: 'unix', path, server };
}

/** The text after -chardev: `socket,id=ID,path=PATH[,server=on,wait=off]`, `stdio,id=ID`, `null,id=ID`. */
export function parseCharacterDevice(text: string): { id: string; device: CharacterDevice } {
  const { type, values } = parseKeyList(text);
  const id = values['id'];
  if (id === undefined) throw fault(`-chardev ${text}: id= is missing`);
  switch (type) {
    case 'stdio':
    case 'null':
      checkedKeys('-chardev', text, ['id']);
      return { id, device: { kind: type } };
    case 'socket': {
      checkedKeys('-chardev', text, SOCKET_KEYS);
      const path = values['path'];
      if (path === undefined) throw fault(`-chardev ${text}: path= is missing: unix sockets are what there is`);
      const server = values['server'] !== undefined && parseSwitch('-chardev', 'server', values['server']);
      return { id, device: { kind: 'unix', path, server } };
    }
    default:
      throw fault(`-chardev ${text}: socket, stdio and null are what there is`);
  }
}

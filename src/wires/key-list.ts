import { NetdevError } from './netdev-error.ts';

/** QEMU's `type,key=value,…`: a comma inside a value is doubled, and a key alone means `on`. */
export interface KeyList {
  readonly type: string;
  readonly values: Readonly<Record<string, string>>;
}

export function parseKeyList(text: string): KeyList {
  const [first = '', ...rest] = splitAtCommas(text);
  const type = first.startsWith('type=') ? first.slice('type='.length) : first;
  const values: Record<string, string> = {};
  for (const part of rest) {
    const at = part.indexOf('=');
    const key = at === -1 ? part : part.slice(0, at);
    if (key === '') throw new NetdevError('NETDEV_VALUE', '', `"${text}": a key is missing before "${part}"`);
    if (Object.hasOwn(values, key)) throw new NetdevError('NETDEV_VALUE', key, `"${text}": ${key} is given twice`);
    values[key] = at === -1 ? 'on' : part.slice(at + 1);
  }
  return { type, values };
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== ',') {
      part += text[at];
    } else if (text[at + 1] === ',') {
      part += ',';
      at += 1;
    } else {
      parts.push(part);
      part = '';
    }
  }
  return [...parts, part];
}

/** QAPI's objects as QEMU's `type,key=value,…`. */

/** Members become keys, those of objects with their path: `{"addr": {"type": "unix"}}` is `addr.type=unix`. */
export function keyList(type: string, members: Readonly<Record<string, unknown>>): string {
  const parts: string[] = [escape(type)];
  const add = (key: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [inner, content] of Object.entries(value)) add(`${key}.${inner}`, content);
    } else if (value !== undefined && value !== null) parts.push(`${escape(key)}=${escape(textOf(value))}`);
  };
  for (const [key, value] of Object.entries(members)) add(key, value);
  return parts.join(',');
}

const textOf = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
const escape = (text: string): string => text.replaceAll(',', ',,');

/** Words that several options share. */
import { nearest } from '../../wires/index.ts';
import { parseKeyList } from '../../wires/key-list.ts';
import { QTestError } from '../errors.ts';

export function fault(message: string): QTestError {
  return new QTestError('QTEST_OPTION', message);
}

/** `first,key=value,…` of an option, its keys checked against those that it has. */
export function checkedKeys(
  option: string,
  text: string,
  keys: readonly string[],
): { first: string; values: Readonly<Record<string, string>> } {
  const { type: first, values } = parseKeyList(text);
  for (const key of Object.keys(values)) {
    if (keys.includes(key)) continue;
    const near = nearest(key, keys);
    throw fault(`${option} ${text}: there is no "${key}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }
  return { first, values };
}

/** `on`, `yes`, `true` and their opposites. */
export function parseSwitch(option: string, key: string, value: string): boolean {
  if (/^(on|yes|true|y)$/.test(value)) return true;
  if (/^(off|no|false|n)$/.test(value)) return false;
  throw fault(`${option}: ${key} is on or off, not "${value}"`);
}

const UNITS: Readonly<Record<string, number>> = { '': 2 ** 20, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A size as `-m` takes it: mebibytes unless it has a unit. */
export function parseSize(option: string, text: string): number {
  const found = /^(\d+(?:\.\d+)?)([bkmgt]?)$/i.exec(text);
  const bytes = found === null ? Number.NaN : Math.round(Number(found[1]) * UNITS[found[2]!.toLowerCase()]!);
  if (!Number.isFinite(bytes)) throw fault(`${option} ${text}: not a size such as 512M or 2G`);
  return bytes;
}

/** A place on a bus: `SLOT` or `SLOT.FUNCTION`, in hexadecimal as QEMU reads it. */
export function parseSlot(option: string, text: string): number {
  const found = /^(?:0x)?([0-9a-f]{1,2})(?:\.([0-7]))?$/i.exec(text);
  const slot = found === null ? 32 : Number.parseInt(found[1]!, 16);
  if (slot > 31) throw fault(`${option}: addr=${text} is no slot from 0 to 1f`);
  if (found![2] !== undefined && found![2] !== '0') throw fault(`${option}: addr=${text}: only function 0 is possible`);
  return slot;
}

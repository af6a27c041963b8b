/** `-device` and QMP's `device_add`. */
import { parseMac } from '../../packet/index.ts';
import { nearest } from '../../wires/index.ts';
import { checkedKeys, fault, parseSlot } from './words.ts';

export type DeviceOptions =
  | {
      readonly driver: 'igb';
      readonly id?: string | undefined;
      readonly bus?: string | undefined;
      readonly slot?: number | undefined;
      readonly mac?: Uint8Array | undefined;
      readonly netdev?: string | undefined;
    }
  | {
      readonly driver: 'pcie-root-port';
      readonly id?: string | undefined;
      readonly bus?: string | undefined;
      readonly slot?: number | undefined;
    };

const KEYS = {
  igb: ['id', 'bus', 'addr', 'mac', 'netdev', 'rombar', 'romfile', 'multifunction'],
  // The slot's number, chassis and port say nothing that a test sees.
  'pcie-root-port': ['id', 'bus', 'addr', 'chassis', 'slot', 'port', 'multifunction'],
} as const;

/** What `-device` and `device_add` know. */
export const drivers: readonly string[] = Object.keys(KEYS);

/** Reads `igb,netdev=n0,addr=4`. */
export function parseDevice(text: string): DeviceOptions {
  const { first, values } = checkedDriver(text);
  return deviceOf(first, values, `-device ${text}`);
}

function checkedDriver(text: string): { first: keyof typeof KEYS; values: Readonly<Record<string, string>> } {
  const comma = text.indexOf(',');
  const name = comma === -1 ? text : text.slice(0, comma);
  const driver = checkDriver(name.startsWith('driver=') ? name.slice('driver='.length) : name);
  const { values } = checkedKeys('-device', text, KEYS[driver]);
  return { first: driver, values };
}

/** The driver of that name; throws for those that do not exist. */
export function checkDriver(name: string): keyof typeof KEYS {
  if (Object.hasOwn(KEYS, name)) return name as keyof typeof KEYS;
  throw fault(`-device ${name}: '${name}' is not a device here; there are ${drivers.join(' and ')}`);
}

/** Checks the properties of a device. */
export function deviceOf(
  driver: keyof typeof KEYS,
  values: Readonly<Record<string, string>>,
  context: string,
): DeviceOptions {
  const keys: readonly string[] = KEYS[driver];
  for (const key of Object.keys(values)) {
    if (keys.includes(key)) continue;
    const near = nearest(key, keys);
    throw fault(`${context}: ${driver} has no "${key}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }
  const { id, bus, addr, mac, netdev, rombar, romfile, multifunction } = values;
  if (rombar !== undefined && rombar !== '0') throw fault(`${context}: rombar can only be 0: there is no ROM`);
  if (romfile !== undefined && romfile !== '') throw fault(`${context}: romfile can only be empty: there is no ROM`);
  if (multifunction !== undefined && multifunction !== 'off') throw fault(`${context}: multifunction can only be off`);
  const slot = addr === undefined ? undefined : parseSlot(context, addr);
  if (driver === 'pcie-root-port') return { driver, id, bus, slot };
  const bytes = mac === undefined ? undefined : parseMac(mac);
  if (mac !== undefined && bytes === undefined)
    throw fault(`${context}: mac=${mac} is no address such as 52:54:00:12:34:56`);
  return { driver, id, bus, slot, mac: bytes, netdev };
}

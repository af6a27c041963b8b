/** `-machine` and `-M`: none, pc and q35, by the names of any version. */
import type { MachineType } from '../machine/machine.ts';
import { checkedKeys, fault } from './words.ts';

export type MachineChoice = MachineType | 'none';

const NAMES: readonly (readonly [RegExp, MachineChoice])[] = [
  [/^none$/, 'none'],
  [/^pc$|^pc-i440fx-\d+\.\d+$/, 'pc'],
  [/^q35$|^pc-q35-\d+\.\d+$/, 'q35'],
];

/** The machine of a text such as `q35,accel=qtest`; undefined where it only has keys. */
export function parseMachine(option: string, text: string): MachineChoice | undefined {
  const plain = text.replace(/,$/, '');
  const keyed = /^[a-z-]+=/.test(plain);
  const { first, values } = checkedKeys(option, keyed && !plain.startsWith('type=') ? `,${plain}` : plain, [
    'accel',
    'type',
    'graphics',
    'usb',
    'vmport',
    'hpet',
  ]);
  const { accel, ...others } = values;
  if (accel !== undefined) checkAccelerator(option, accel);
  for (const [key, value] of Object.entries(others)) {
    if (key !== 'type' && value !== 'off') throw fault(`${option} ${text}: ${key} can only be off`);
  }
  const name = first === '' ? values['type'] : first;
  if (name === undefined) return undefined;
  const found = NAMES.find(([pattern]) => pattern.test(name));
  if (found === undefined)
    throw fault(`${option} ${name}: there are pc, q35 and none, and the versioned names of the first two`);
  return found[1];
}

export function checkAccelerator(option: string, text: string): void {
  if (text !== 'qtest') throw fault(`${option} ${text}: qtest is the one accelerator there is`);
}

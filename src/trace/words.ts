/** Arguments of trace events in words. Not for hot paths. */
import { pfPlan, pfSpecs, vfSpecs, vfWindowBytes } from '../devices/igb/tables/index.ts';
import { Message, TYPE_MASK } from '../driver/index.ts';
import type { TraceType } from '../ports/index.ts';
import { compilePlan, decodeFields, hex, registerName, type RegisterPlan } from '../registers/index.ts';

const vfPlan = compilePlan(vfSpecs, vfWindowBytes, []);
const units: Readonly<Record<string, string>> = { bytes: ' B', ns: ' ns', µs: ' µs', 'Mb/s': ' Mb/s' };
const messageNames = new Map<number, string>(Object.entries(Message).map(([name, type]) => [type, name]));
/** From bit 29. */
const messageFlags = ['CTS', 'NACK', 'ACK'];

function planOf(type: TraceType | undefined): RegisterPlan | undefined {
  if (type === 'register') return pfPlan;
  return type === 'vf register' ? vfPlan : undefined;
}

/** `{0 3}`: numbers of the bits that are set. */
function members(mask: number): string {
  const found: number[] = [];
  for (let rest = mask >>> 0, bit = 0; rest !== 0; rest >>>= 1, bit += 1) if ((rest & 1) !== 0) found.push(bit);
  return `{${found.join(' ')}}`;
}

/** A register's value, with its fields where it has some. */
function valueOf(plan: RegisterPlan | undefined, offset: number, value: number): string {
  const id = plan?.register[offset >>> 2] ?? 0;
  const fields = id === 0 ? '' : decodeFields(plan!.specs[id - 1]!, value);
  return fields === '' ? hex(value) : `${hex(value)} [${fields}]`;
}

function messageOf(word: number): string {
  const name = messageNames.get(word & TYPE_MASK) ?? hex(word & TYPE_MASK, 1);
  return [name, ...messageFlags.filter((_, bit) => ((word >>> (29 + bit)) & 1) !== 0)].join(' ');
}

function routingId(value: number): string {
  const text = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
  return `${text(value >>> 8, 2)}:${text((value >>> 3) & 0x1f, 2)}.${value & 7}`;
}

/** One argument; `beforeType` and `before` are the argument in front of it, which may say what it is a value of. */
export function argumentInWords(type: TraceType, value: number, beforeType?: TraceType, before = 0): string {
  if (typeof type !== 'string') return type[value] ?? String(value);
  // Whoever emits a dword may have it signed.
  const unsigned = value < 0 ? value >>> 0 : value;
  switch (type) {
    case 'hex':
    case 'address':
      return hex(unsigned, 1);
    case 'yes/no':
      return value === 0 ? 'no' : 'yes';
    case 'register':
    case 'vf register':
      return registerName(planOf(type)!, unsigned);
    case 'value':
      return valueOf(planOf(beforeType), before, unsigned);
    case 'VLAN':
      return value < 0 ? 'none' : String(value);
    case 'function':
      return value === 0 ? 'PF' : `VF${value - 1}`;
    case 'routing id':
      return routingId(unsigned);
    case 'pools':
    case 'queues':
    case 'vectors':
      return members(value);
    case 'causes':
      return `${hex(unsigned, 1)} [${decodeFields(pfSpecs.ICR, unsigned)}]`;
    case 'message':
      return messageOf(unsigned);
    default:
      return `${unsigned}${units[type] ?? ''}`;
  }
}

/** Registers in words, for traces, monitors and documentation. Not for hot paths. */
import { bitRange, type RegisterSpec } from './define.ts';
import type { RegisterPlan } from './plan.ts';

/** Hexadecimal with `0x` and at least `digits` digits. */
export function hex(value: number, digits = 8): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** Name of the register at a byte offset, with its element (`RDT[3]`), or the bare offset where none is declared. */
export function registerName(plan: RegisterPlan, offset: number): string {
  const index = offset >>> 2;
  const id = index < plan.dwords ? plan.register[index]! : 0;
  if (id === 0) return hex(offset, 5);
  const name = plan.names[id - 1]!;
  return (plan.specs[id - 1]!.count ?? 1) > 1 ? `${name}[${plan.element[index]}]` : name;
}

/** The fields of a value that are not zero, as `NAME` for a set bit and `NAME=value` otherwise. */
export function decodeFields(spec: RegisterSpec, value: number): string {
  const parts: string[] = [];
  for (const [name, field] of Object.entries(spec.fields ?? {})) {
    const [high, low] = bitRange(field.bits);
    const width = high - low + 1;
    const content = width === 32 ? value >>> 0 : (value >>> low) & ((1 << width) - 1);
    const word = field.values?.[content];
    if (word !== undefined) parts.push(`${name}=${word}`);
    else if (content !== 0) parts.push(width === 1 ? name : `${name}=${content > 9 ? hex(content, 1) : content}`);
  }
  return parts.join(' ');
}

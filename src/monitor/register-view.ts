/** Registers of a port as they were at one moment, by name and field. */
import { pf } from '../devices/igb/tables/index.ts';
import type { RegisterRange } from '../nic/commands/registers.ts';
import type { Field, RegisterHandle } from '../registers/index.ts';
import type { MonitorContext } from './context.ts';

export class RegisterView {
  readonly values: Uint32Array;

  constructor(values: Uint32Array) {
    this.values = values;
  }

  get(register: RegisterHandle, element = 0): number {
    return this.values[register.index + element * register.step]!;
  }

  field(register: RegisterHandle, { mask, shift }: Field, element = 0): number {
    return (this.get(register, element) & mask) >>> shift;
  }

  isSet(register: RegisterHandle, { mask }: Field, element = 0): boolean {
    return (this.get(register, element) & mask) !== 0;
  }
}

/** Where a register, or an array of them, lies. */
const rangeOf = ({ at, step, count }: RegisterHandle): RegisterRange => ({ at, dwords: (count - 1) * step + 1 });

/** Registers of the window of a port's PF: those named, or all. */
export async function viewOf(
  { nic }: MonitorContext,
  registers?: readonly RegisterHandle[],
  port = 0,
): Promise<RegisterView> {
  const ranges = registers?.map(rangeOf);
  return new RegisterView(await nic.request('peekRegisters', { port, number: 0, ...(ranges && { ranges }) }));
}

export { pf };

import { pfWindowBytes, vfWindowBytes } from '../../devices/igb/tables/index.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { partsOf } from '../functions.ts';

export interface RegisterRange {
  /** Byte offset of the first. */
  readonly at: number;
  readonly dwords: number;
}

export interface PeekRequest {
  readonly port?: number;
  /** 0 the PF, 1 + v VF v, each in its own window. */
  readonly number: number;
  /** The whole window where not given; the rest is 0. */
  readonly ranges?: readonly RegisterRange[];
}

/** Registers by dword index, as software would read them, without any effect. */
export function peekRegisters(nic: AssembledNic, { port: place = 0, number, ranges }: PeekRequest): Uint32Array {
  const { port } = partsOf(nic, place);
  const window = number === 0 ? port : port.vfWindows[number - 1]!;
  const values = new Uint32Array((number === 0 ? pfWindowBytes : vfWindowBytes) >>> 2);
  for (const { at, dwords } of ranges ?? [{ at: 0, dwords: values.length }]) {
    const first = at >>> 2;
    for (let index = first; index < first + dwords; index += 1) values[index] = window.peek(index << 2);
  }
  return values;
}

/**
 * Interrupts of the VFs (reference §6.9): vector k of VF v is bit 22 - 3 v + k of EICR and its kin. What a VF sees as VTEICR
 * and so on, and the PF as PVTEICR, are live views of these three bits. Which event uses which vector a VF says in VTIVAR0
 * and VTIVAR_MISC.
 */
import { POOLS, type PortContext } from '../context.ts';
import type { Interrupts } from './interrupts.ts';
import { VF_VECTORS } from '../sizes.ts';
import { pf } from '../tables/index.ts';

const BITS = 7;

/** A byte of VTIVAR: valid, and the vector. */
const VALID = 0x80;
const BYTES_KEPT = 0x8383_8383;

/** Number, among the port's, of vector 0 of a VF. */
export function firstVector(vf: number): number {
  return 22 - VF_VECTORS * vf;
}

type VectorRegisters = Pick<
  Interrupts,
  'acknowledge' | 'maskVectors' | 'raiseVectors' | 'resetVectors' | 'unmaskVectors'
>;

export class VfInterrupts {
  private readonly context: PortContext;
  private readonly interrupts: VectorRegisters;
  /** VTIVAR0 and VTIVAR_MISC by VF, as written. */
  private readonly queueVectors: Uint32Array;
  private readonly mailboxVectors: Uint8Array;

  constructor(context: PortContext, parts: { interrupts: VectorRegisters }) {
    this.context = context;
    this.interrupts = parts.interrupts;
    this.queueVectors = new Uint32Array(POOLS);
    this.mailboxVectors = new Uint8Array(POOLS);
  }

  /** The three bits of a VF in a register of the EICR family, by the register's index. */
  view(index: number, vf: number): number {
    return (this.context.registers.values[index]! >>> firstVector(vf)) & BITS;
  }

  /** VTEICR: a read clears, but nothing of others. */
  readCauses(vf: number): number {
    const causes = this.view(pf.EICR.index, vf);
    this.interrupts.acknowledge(BITS << firstVector(vf));
    return causes;
  }

  /** VTEICR written: ones clear. */
  clearCauses(vf: number, value: number): void {
    this.interrupts.acknowledge((value & BITS) << firstVector(vf));
  }

  /** VTEICS. */
  setCauses(vf: number, value: number): void {
    this.interrupts.raiseVectors((value & BITS) << firstVector(vf));
  }

  /** VTEIMS. */
  unmask(vf: number, value: number): void {
    this.interrupts.unmaskVectors((value & BITS) << firstVector(vf));
  }

  /** VTEIMC. */
  mask(vf: number, value: number): void {
    this.interrupts.maskVectors((value & BITS) << firstVector(vf));
  }

  /** VTEIAC and VTEIAM: replaces the bits of a VF in a register by its index. */
  replace(index: number, vf: number, value: number): void {
    const { values } = this.context.registers;
    const shift = firstVector(vf);
    values[index] = (values[index]! & ~(BITS << shift)) | ((value & BITS) << shift);
  }

  readVtivar(vf: number): number {
    return this.queueVectors[vf]!;
  }

  /** Its bytes lie as those of IVAR(v) do: RX and TX of queue v, RX and TX of queue v + 8. */
  writeVtivar(vf: number, value: number): void {
    const kept = (value & BYTES_KEPT) >>> 0;
    this.queueVectors[vf] = kept;
    let ivar = 0;
    for (let shift = 0; shift < 32; shift += 8) {
      const vector = vectorOf(vf, kept >>> shift);
      if (vector >= 0) ivar |= (VALID | vector) << shift;
    }
    this.context.registers.values[pf.IVAR.index + vf * pf.IVAR.step] = ivar;
  }

  readVtivarMisc(vf: number): number {
    return this.mailboxVectors[vf]!;
  }

  writeVtivarMisc(vf: number, value: number): void {
    this.mailboxVectors[vf] = value & BYTES_KEPT & 0xff;
  }

  /** The PF wrote a message or read one. */
  mailboxEvent(vf: number): void {
    const vector = vectorOf(vf, this.mailboxVectors[vf]!);
    if (vector >= 0) this.interrupts.raiseVectors(1 << vector);
  }

  /** PBACL of a VF. */
  clearPending(vf: number, value: number): void {
    const port = this.context.interruptPorts[1 + vf];
    for (let vector = 0; vector < VF_VECTORS; vector += 1) {
      if ((value & (1 << vector)) !== 0) port?.clearPending(vector);
    }
  }

  /** A VF was reset: causes, masks, throttles and assignments of its vectors. */
  resetVf(vf: number): void {
    this.queueVectors[vf] = 0;
    this.mailboxVectors[vf] = 0;
    this.context.registers.values[pf.IVAR.index + vf * pf.IVAR.step] = 0;
    this.interrupts.resetVectors(firstVector(vf), VF_VECTORS);
  }

  /** The port was reset, its registers already are. */
  reset(): void {
    this.queueVectors.fill(0);
    this.mailboxVectors.fill(0);
  }
}

/** The port's vector that a byte of VTIVAR names; -1 where it is none of the VF's, 3 being the next VF's first. */
function vectorOf(vf: number, byte: number): number {
  const vector = byte & 3;
  return (byte & VALID) === 0 || vector >= VF_VECTORS ? -1 : firstVector(vf) + vector;
}

/** Virtual functions of SR-IOV (PCI Express 9): their place on the bus and their BARs are those that the PF's capability says. */
import type { SriovCapability } from './capabilities/sriov.ts';
import { type FunctionOptions, PciFunction } from './function.ts';

/** A function with the capability. */
export interface SriovParent {
  readonly fn: PciFunction;
  readonly sriov: SriovCapability;
}

/** A VF: no BARs of its own and no Memory Space Enable; its windows (`addWindow`) decode with VFE and VF MSE of the PF. */
export class VirtualPciFunction extends PciFunction {
  /** Which VF of its PF, from 0. */
  readonly index: number;
  readonly #parent: SriovParent;

  constructor(options: FunctionOptions, parent: SriovParent, index: number) {
    super(options);
    this.index = index;
    this.#parent = parent;
  }

  override decodedAddress(bar: number): number {
    const { fn, sriov } = this.#parent;
    if (!sriov.enabled || !sriov.memoryEnabled || fn.powerState !== 0 || this.powerState !== 0) return -1;
    return sriov.vfBarAddress(bar, this.index);
  }
}

/** Puts the VFs of a PF on its bus and takes them off. */
export class VirtualFunctionSlots {
  readonly #parent: SriovParent;
  readonly #functions: readonly PciFunction[];

  /** `functions`: one for each VF that the capability may enable. */
  constructor(parent: SriovParent, functions: readonly PciFunction[]) {
    this.#parent = parent;
    this.#functions = functions;
  }

  /** VF Enable or NumVFs changed, or the PF was reset. A VF that vanishes is reset as by power-up: the next one is new. */
  refresh(): void {
    const { fn, sriov } = this.#parent;
    const { bus } = fn;
    const count = sriov.enabled && bus !== undefined ? sriov.numVfs : 0;
    for (let index = 0; index < this.#functions.length; index += 1) {
      const vf = this.#functions[index]!;
      if (index < count) {
        if (vf.bus === undefined) bus!.add(vf, fn.routingOffset + sriov.routingOffset(index));
      } else if (vf.bus !== undefined) {
        vf.bus.remove(vf);
        vf.reset('fundamental');
      }
    }
  }
}

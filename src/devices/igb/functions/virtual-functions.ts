/**
 * The eight VFs of a port and whom each belongs to: the machine of its own socket while one is attached, else the PF's guest
 * while that has it enabled, else nobody.
 */
import type { GuestMemory, InterruptPort, Trace } from '../../../ports/index.ts';
import { PciDomain, type PciDevicePort, VirtualFunctionSlots } from '../../../pci/index.ts';
import { POOLS } from '../context.ts';
import { Slot } from './slot.ts';
import type { IgbPhysicalFunction, SriovListener } from './physical-function.ts';
import type { IgbPort } from '../port.ts';
import {
  AttachedVirtualFunction,
  HierarchyVirtualFunction,
  type IgbVirtualFunction,
  type VfResetListener,
} from './virtual-function.ts';

export interface VirtualFunctionsOptions {
  readonly trace: Trace;
  readonly pf: IgbPhysicalFunction;
}

export class IgbVirtualFunctions implements SriovListener, VfResetListener {
  /** By function, 0 the PF, 1 + v VF v: its memory and interrupts change with whom it belongs to. */
  readonly memorySlots: readonly Slot<GuestMemory>[];
  readonly interruptSlots: readonly Slot<InterruptPort>[];
  /** What the slots hold, for the port. */
  readonly memory: GuestMemory[];
  readonly interruptPorts: InterruptPort[];
  /** The VFs as the PF's guest sees them. */
  readonly hierarchy: readonly HierarchyVirtualFunction[];
  /** Those with a socket of their own. */
  readonly attachable: (AttachedVirtualFunction | undefined)[];
  readonly #options: VirtualFunctionsOptions;
  readonly #slots: VirtualFunctionSlots;
  /** One while a client is attached to a VF's socket. */
  readonly #attached: Uint8Array;
  #port: IgbPort | undefined;

  constructor(options: VirtualFunctionsOptions) {
    const { pf, trace } = options;
    this.hierarchy = Array.from(
      { length: POOLS },
      (_, index) => new HierarchyVirtualFunction({ trace, pf, index, listener: this }),
    );
    this.attachable = Array.from({ length: POOLS }, () => undefined);
    this.memory = [pf.memory, ...this.hierarchy.map((fn) => fn.memory)];
    this.interruptPorts = [pf.interrupts, ...this.hierarchy.map((fn) => fn.interrupts)];
    this.memorySlots = this.memory.map((_, number) => new Slot(this.memory, number));
    this.interruptSlots = this.interruptPorts.map((_, number) => new Slot(this.interruptPorts, number));
    this.#options = options;
    this.#slots = new VirtualFunctionSlots({ fn: pf, sriov: pf.sriov }, this.hierarchy);
    this.#attached = new Uint8Array(POOLS);
    this.#port = undefined;
  }

  /** Connects the port, which was made with `memory` and `interruptPorts`. Once. */
  connect(port: IgbPort): void {
    this.#port = port;
    for (const fn of this.hierarchy) fn.connect(port.vfWindows[fn.index]!);
    for (const fn of this.attachable) fn?.connect(port.vfWindows[fn.index]!);
    this.#options.pf.sriovListener = this;
    this.#refresh();
  }

  /** What the socket of a VF serves: the VF by itself, in a domain of its own. One client has it at a time. */
  makePort(index: number): PciDevicePort {
    const there = this.attachable[index];
    if (there !== undefined) return there.makePort();
    const { trace, pf } = this.#options;
    const fn = new AttachedVirtualFunction({ trace, pf, index, listener: this, domain: new PciDomain(trace) });
    this.attachable[index] = fn;
    if (this.#port !== undefined) fn.connect(this.#port.vfWindows[index]!);
    return fn.makePort();
  }

  /** A client is attached to the VF's own socket. */
  isAttached(index: number): boolean {
    return this.#attached[index] === 1;
  }

  onSriovChanged(): void {
    this.#refresh();
  }

  onMasteringChanged(): void {
    this.#refresh();
  }

  /** A reset where the VF does not belong concerns that place's config space only. */
  vfReset(fn: IgbVirtualFunction): void {
    const { index } = fn;
    const attached = this.#attached[index] === 1;
    // A client that goes has its own reset: `vfClientChanged`, which follows.
    if (fn !== this.#owner(index) || (attached && fn.memory.domain.host === undefined)) return;
    this.#port?.resetVf(index, 'function');
  }

  vfDmaEnabled(fn: IgbVirtualFunction): void {
    if (fn === this.#owner(fn.index)) this.#port?.dmaEnabled(1 + fn.index);
  }

  vfMessagesEnabled(fn: IgbVirtualFunction): void {
    if (fn === this.#owner(fn.index)) this.#port?.messagesEnabled(1 + fn.index);
  }

  vfClientChanged(fn: AttachedVirtualFunction, attached: boolean): void {
    const { index } = fn;
    const there = this.hierarchy[index]!;
    const port = this.#port;
    if (!attached) port?.resetVf(index, 'machine');
    this.#attached[index] = attached ? 1 : 0;
    const owner = attached ? fn : there;
    this.memorySlots[1 + index]!.set(owner.memory);
    this.interruptSlots[1 + index]!.set(owner.interrupts);
    there.setElsewhere(attached);
    this.#refresh();
    if (attached) port?.resetVf(index, 'machine');
    if (port === undefined) return;
    const { trace, events } = port.context;
    if (trace.on[events.igb_vf_attached] !== 0) trace.emit(events.igb_vf_attached, index, attached ? 1 : 0);
  }

  /** The function that a VF is now: the one of its own socket, or the PF's guest's. */
  #owner(index: number): IgbVirtualFunction | undefined {
    return this.#attached[index] === 1 ? this.attachable[index] : this.hierarchy[index];
  }

  /**
   * Puts enabled VFs on the bus and gives each live VF its resources. One that is attached but not enabled by SR-IOV has them
   * only while no guest drives the PF, as bus mastering tells: a PF's driver without SR-IOV uses all queues itself, and
   * must not lose them to a machine that attaches.
   */
  #refresh(): void {
    const { pf } = this.#options;
    const { sriov } = pf;
    this.#slots.refresh();
    const port = this.#port;
    if (port === undefined) return;
    for (let index = 0; index < POOLS; index += 1) {
      const enabled = sriov.enabled && index < sriov.numVfs;
      port.setVfLive(index, enabled || (this.#attached[index] === 1 && !pf.dmaEnabled));
    }
    port.onSriovChanged(sriov.numVfs, sriov.enabled);
  }
}

import { declareBar, barAddress, barFlags, type BarSpec } from '../bar.ts';
import { type CapabilityList, ExtendedId } from '../capability-list.ts';
import { Change } from '../change.ts';
import type { ConfigSpace } from '../config-space.ts';

export interface SriovOptions {
  readonly totalVfs: number;
  readonly vfDeviceId: number;
  readonly vfStride: number;
  /** First VF Offset where the hierarchy is ARI capable, and where it is not. */
  readonly firstVfOffsetAri: number;
  readonly firstVfOffset: number;
  /** Bit n: pages of 2^(n+12) bytes. */
  readonly supportedPageSizes: number;
  readonly bars: readonly BarSpec[];
  /** Function number of the PF: 0 where not given. Others than the lowest have no ARI Capable Hierarchy of their own. */
  readonly functionNumber?: number;
}

const VFE = 1 << 0;
const MSE = 1 << 3;
const ARI_HIERARCHY = 1 << 4;
const CONTROL_WRITABLE = VFE | MSE | ARI_HIERARCHY;

/**
 * Single Root I/O Virtualization (PCI Express 9.3.3). NumVFs, System Page Size and ARI Capable Hierarchy are frozen while VF
 * Enable is set; a NumVFs above TotalVFs and a page size that is not one supported are not taken.
 */
export class SriovCapability {
  readonly options: SriovOptions;
  readonly #config: ConfigSpace;
  readonly #at: number;
  /** The PF behind this one, which goes by our ARI Capable Hierarchy. */
  next: SriovCapability | undefined;
  readonly #controlWritable: number;
  #ari: boolean;
  #numVfs: number;
  #pageSize: number;

  constructor(list: CapabilityList, at: number, options: SriovOptions) {
    const announces = Change.sriov;
    const functionNumber = options.functionNumber ?? 0;
    this.#controlWritable = functionNumber === 0 ? CONTROL_WRITABLE : CONTROL_WRITABLE & ~ARI_HIERARCHY;
    list.extended(at, ExtendedId.sriov, 1);
    list.config.declare(
      { at: at + 0x04, size: 4 },
      { at: at + 0x08, size: 2, writable: this.#controlWritable, announces },
      { at: at + 0x0a, size: 2 },
      { at: at + 0x0c, size: 2, value: options.totalVfs },
      { at: at + 0x0e, size: 2, value: options.totalVfs },
      { at: at + 0x10, size: 2, writable: 0xffff, announces },
      // Function Dependency Link: on itself.
      { at: at + 0x12, size: 2, value: functionNumber },
      { at: at + 0x14, size: 2, value: options.firstVfOffset },
      { at: at + 0x16, size: 2, value: options.vfStride },
      { at: at + 0x18, size: 2 },
      { at: at + 0x1a, size: 2, value: options.vfDeviceId },
      { at: at + 0x1c, size: 4, value: options.supportedPageSizes },
      { at: at + 0x20, size: 4, value: 1, writable: 0xffffffff, announces },
      { at: at + 0x3c, size: 4 },
    );
    for (const bar of options.bars) declareBar(list.config, bar, at + 0x24 + 4 * bar.index, Change.sriovBars);
    this.options = options;
    this.#config = list.config;
    this.#at = at;
    this.next = undefined;
    this.#ari = false;
    this.#numVfs = 0;
    this.#pageSize = 1;
  }

  get enabled(): boolean {
    return (this.#control & VFE) !== 0;
  }

  /** VF Memory Space Enable: the VFs' BARs decode. */
  get memoryEnabled(): boolean {
    return (this.#control & MSE) !== 0;
  }

  get numVfs(): number {
    return this.#numVfs;
  }

  /** Bytes of a System Page Size page. */
  get pageBytes(): number {
    return this.#pageSize * 4096;
  }

  get #control(): number {
    return this.#config.read(this.#at + 8, 2);
  }

  /** Routing id of VF `vf` less that of its PF. */
  routingOffset(vf: number): number {
    return this.#config.read(this.#at + 0x14, 2) + vf * this.options.vfStride;
  }

  /** Address of a VF's BAR, by the BAR's index; -1 where there is none. */
  vfBarAddress(index: number, vf: number): number {
    const bar = this.options.bars.find((spec) => spec.index === index);
    if (bar === undefined) return -1;
    return barAddress(this.#config, bar, this.#at + 0x24 + 4 * index) + vf * Math.max(bar.sizeBytes, this.pageBytes);
  }

  /** After a write to Control, NumVFs or System Page Size: applies the rules above. */
  written(): void {
    const { options } = this;
    const numVfs = this.#config.read(this.#at + 0x10, 2);
    if (numVfs > options.totalVfs) this.#config.set(this.#at + 0x10, 2, this.#numVfs);
    else this.#numVfs = numVfs;
    const pageSize = this.#config.read(this.#at + 0x20, 4);
    const single = pageSize !== 0 && (pageSize & (pageSize - 1)) === 0;
    if (single && (pageSize & options.supportedPageSizes) !== 0) this.#pageSize = pageSize;
    else this.#config.set(this.#at + 0x20, 4, this.#pageSize);
    if (options.functionNumber === undefined || options.functionNumber === 0) {
      this.#setAri((this.#control & ARI_HIERARCHY) !== 0);
    }
    this.#refresh();
  }

  #setAri(ari: boolean): void {
    const { firstVfOffset, firstVfOffsetAri } = this.options;
    this.#ari = ari;
    this.#config.set(this.#at + 0x14, 2, ari ? firstVfOffsetAri : firstVfOffset);
    if (this.next !== undefined) this.next.#setAri(ari);
  }

  /** After a reset of the config space. */
  reset(): void {
    this.#numVfs = 0;
    this.#pageSize = 1;
    this.#setAri((this.options.functionNumber ?? 0) !== 0 && this.#ari);
    this.#refresh();
  }

  #refresh(): void {
    const { enabled } = this;
    this.#config.setWritable(this.#at + 0x08, 2, enabled ? VFE | MSE : this.#controlWritable);
    this.#config.setWritable(this.#at + 0x10, 2, enabled ? 0 : 0xffff);
    this.#config.setWritable(this.#at + 0x20, 4, enabled ? 0 : 0xffffffff);
    for (const bar of this.options.bars) {
      const at = this.#at + 0x24 + 4 * bar.index;
      const writable = ~(Math.max(bar.sizeBytes, this.pageBytes) - 1);
      this.#config.setWritable(at, 4, writable);
      this.#config.set(at, 4, (this.#config.read(at, 4) & writable) | barFlags(bar));
    }
  }
}

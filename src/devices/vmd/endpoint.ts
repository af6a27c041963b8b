/**
 * Intel's Volume Management Device, 8086:28c0: one endpoint that gives a guest a whole PCI domain of its own. Register offsets and the
 * meaning of VMCONFIG are what Linux's drivers/pci/controller/vmd.c uses; this device id is the one with which QEMU has no quirk.
 */
import {
  CapabilityList,
  Change,
  declareType0,
  Ecam,
  type FunctionOptions,
  Header,
  PciDomain,
  PciExpress,
  PciFunction,
  PortType,
  barAddress,
  type BarSpec,
  type BarWindow,
  type ResetKind,
} from '../../pci/index.ts';
import type { TraceEvents } from '../../ports/index.ts';
import { vmdTraceEvents } from './trace-events.ts';

const MIB = 1024 * 1024;
const VMCONFIG = 0x44;

/** CFGBAR: configuration of the buses inside, a megabyte each. Small, since a guest scans 32 devices of every bus. */
const cfgBar: BarSpec = { index: 0, kind: 'memory64', sizeBytes: 4 * MIB, prefetchable: true };
/** MEMBAR1: the children's non-prefetchable BARs. 32-bit, so that they find addresses there. */
const memBar1: BarSpec = { index: 2, kind: 'memory32', sizeBytes: 32 * MIB };
/** MEMBAR2: the children's prefetchable BARs, from +0x2010 (a shadow of MSI-X and of the BARs would come before). */
const memBar2: BarSpec = { index: 4, kind: 'memory64', sizeBytes: 32 * MIB, prefetchable: true };

/** Memory of the domain inside, as a window: the guest's address is the BAR's, which the guest gave, plus the offset. */
class DomainWindow implements BarWindow {
  readonly #domain: PciDomain;
  /** Address that the guest gave this BAR. */
  base: number;

  constructor(domain: PciDomain) {
    this.#domain = domain;
    this.base = 0;
  }

  read(offset: number, size: number): number {
    return this.#domain.map.read(this.base + offset, size);
  }

  write(offset: number, size: number, value: number): void {
    this.#domain.map.write(this.base + offset, size, value);
  }
}

export class VmdEndpoint extends PciFunction {
  /** The domain inside. */
  readonly domain: PciDomain;
  readonly pciExpress: PciExpress;
  readonly #memory1: DomainWindow;
  readonly #memory2: DomainWindow;
  readonly #events: TraceEvents<typeof vmdTraceEvents>;

  constructor(options: FunctionOptions) {
    super(options);
    this.#events = options.trace.declare(vmdTraceEvents);
    this.domain = new PciDomain(options.trace);
    this.#memory1 = new DomainWindow(this.domain);
    this.#memory2 = new DomainWindow(this.domain);
    const { config } = this;
    declareType0(config, { vendorId: 0x8086, deviceId: 0x28c0, revision: 0, classCode: 0x010400 });
    this.addBar(cfgBar, new Ecam(this.domain));
    this.addBar(memBar1, this.#memory1);
    this.addBar(memBar2, this.#memory2);
    config.declare(
      // VMCAP: bus numbers start at 0, nothing is restricted.
      { at: 0x40, size: 4 },
      // VMCONFIG: bit 1 is the guest's wish that children's interrupts are not remapped; they never are.
      { at: VMCONFIG, size: 4, writable: 0xffffffff, announces: Change.deviceSpecific },
      // VMLOCK: no shadow of the BARs.
      { at: 0x70, size: 4 },
    );
    this.pciExpress = new PciExpress(new CapabilityList(config), 0x90, { type: PortType.rootComplexEndpoint });
  }

  protected override configChanged(changes: number): void {
    if ((changes & Change.bars) !== 0) this.#basesChanged();
    if ((changes & Change.deviceSpecific) === 0) return;
    this.#emit(this.#events.vmd_config, (this.config.read(VMCONFIG, 4) >>> 1) & 1);
  }

  #basesChanged(): void {
    this.#place(this.#memory1, memBar1);
    this.#place(this.#memory2, memBar2);
  }

  #place(window: DomainWindow, bar: BarSpec): void {
    const base = barAddress(this.config, bar, Header.bar + 4 * bar.index);
    if (base === window.base) return;
    window.base = base;
    this.#emit(this.#events.vmd_window, bar.index, base);
  }

  protected override deviceReset(kind: ResetKind): void {
    this.#emit(this.#events.vmd_reset);
    this.#basesChanged();
    this.domain.root.reset(kind);
  }

  #emit(event: number, a = 0, b = 0): void {
    if (this.trace.on[event] !== 0) this.trace.emit(event, a, b);
  }
}

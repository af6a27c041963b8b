/** A function as a VFIO-like client sees it: regions (BARs 0 to 5, 6 the ROM, 7 config space) and interrupts, byte-wise. */
import { type AccessTarget, readAccess, writeAccess } from './access.ts';
import { ALL_ONES, CONFIG_BYTES } from './config-space.ts';
import type { PciDomain } from './domain.ts';
import type { PciFunction } from './function.ts';
import type { HostClient } from './host.ts';

const REGIONS = 9;
const CONFIG_REGION = 7;

/**
 * A client decodes by itself: it takes BAR sizes from the regions, keeps BARs and command register of its own and passes config writes on.
 * So an access to a region is answered whatever our command register says, while the addresses that the guest gave, its bus master bit and
 * its MSI-X enable are still found in our config space.
 */
export class PciDevicePort implements AccessTarget {
  readonly regionSizes: readonly number[];
  readonly irqCounts: readonly number[];
  readonly #fn: PciFunction;
  readonly #domain: PciDomain;

  /** `irqCounts`: vectors of INTx, MSI, MSI-X, error, request. */
  constructor(fn: PciFunction, domain: PciDomain, irqCounts: readonly number[]) {
    const sizes = Array.from({ length: REGIONS }, (_, region) => fn.bars[region]?.sizeBytes ?? 0);
    sizes[CONFIG_REGION] = CONFIG_BYTES;
    this.regionSizes = sizes;
    this.irqCounts = irqCounts;
    this.#fn = fn;
    this.#domain = domain;
  }

  regionRead(region: number, offset: number, bytes: Uint8Array, at: number, count: number): void {
    readAccess(this, region, offset, bytes, at, count);
  }

  regionWrite(region: number, offset: number, bytes: Uint8Array, at: number, count: number): void {
    writeAccess(this, region, offset, bytes, at, count);
  }

  accessRead(region: number, offset: number, size: number): number {
    if (region < CONFIG_REGION) return this.#fn.barRead(region, offset, size);
    if (region === CONFIG_REGION && offset < CONFIG_BYTES) return this.#fn.configRead(offset, size);
    return ALL_ONES[size]!;
  }

  accessWrite(region: number, offset: number, size: number, value: number): void {
    if (region < CONFIG_REGION) this.#fn.barWrite(region, offset, size, value);
    else if (region === CONFIG_REGION && offset < CONFIG_BYTES) this.#fn.configWrite(offset, size, value);
  }

  /** A client has arrived: memory and interrupts are its. */
  attached(client: HostClient): void {
    this.#domain.host = client;
    this.#fn.interrupts?.clientChanged();
    this.#fn.clientChanged(true);
  }

  /** The client has gone, and with it the machine: the next one finds the device as after power-up. */
  detached(): void {
    this.#domain.host = undefined;
    this.#fn.interrupts?.clientChanged();
    this.#fn.reset('fundamental');
    this.#fn.clientChanged(false);
  }

  /** The client's machine was reset. */
  reset(): void {
    this.#fn.reset('fundamental');
  }

  irqsChanged(index: number): void {
    this.#fn.interrupts?.irqsChanged(index);
  }
}

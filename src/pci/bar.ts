/** Base address registers: what a function declares, and how the register looks to a guest that sizes it. */
import { Change } from './change.ts';
import type { ConfigSpace } from './config-space.ts';
import { Header } from './header.ts';

/** What stands behind a BAR. Accesses are aligned, of 1, 2 or 4 bytes, and lie inside the BAR. */
export interface BarWindow {
  read(offset: number, size: number): number;
  write(offset: number, size: number, value: number): void;
}

export interface BarSpec {
  /** 0 to 5; a `memory64` BAR takes the next one too. */
  readonly index: number;
  readonly kind: 'memory32' | 'memory64' | 'io';
  /** A power of two, at least 16 for memory and 4 for I/O, below 4 GiB. */
  readonly sizeBytes: number;
  readonly prefetchable?: boolean;
}

/** Low bits of a BAR that say what it is. */
export function barFlags(spec: BarSpec): number {
  if (spec.kind === 'io') return 1;
  return (spec.kind === 'memory64' ? 4 : 0) | (spec.prefetchable === true ? 8 : 0);
}

/** Declares a BAR at `at` (a header's, or a VF BAR of SR-IOV): read-only size and type bits, writable address bits. */
export function declareBar(config: ConfigSpace, spec: BarSpec, at: number, announces: number): void {
  const { sizeBytes } = spec;
  const power = Math.log2(sizeBytes);
  if (!Number.isInteger(power) || power < (spec.kind === 'io' ? 2 : 4) || power > 31) {
    throw new Error(`BAR ${spec.index}: a size of ${sizeBytes} bytes`);
  }
  config.declare({ at, size: 4, value: barFlags(spec), writable: ~(sizeBytes - 1) >>> 0, announces });
  if (spec.kind === 'memory64') config.declare({ at: at + 4, size: 4, writable: 0xffffffff, announces });
}

/** Declares a function's own BAR in its header. */
export function declareHeaderBar(config: ConfigSpace, spec: BarSpec): void {
  if (spec.index < 0 || spec.index + (spec.kind === 'memory64' ? 1 : 0) > 5) throw new Error(`no BAR ${spec.index}`);
  declareBar(config, spec, Header.bar + 4 * spec.index, Change.bars);
}

/** The expansion ROM's place among the BARs; also its region for a VFIO client. */
export const ROM_BAR = 6;
/** The least that the ROM's address register can express. */
const LEAST_ROM_BYTES = 2048;
const ROM_ENABLE = 1;

/** Makes the header's Expansion ROM Base Address one of at least `bytes` (PCI Express 7.5.1.2.4). */
export function declareRom(config: ConfigSpace, bytes: number): BarSpec {
  let sizeBytes = LEAST_ROM_BYTES;
  while (sizeBytes < bytes) sizeBytes *= 2;
  config.setWritable(Header.expansionRom, 4, (~(sizeBytes - 1) | ROM_ENABLE) >>> 0);
  return { index: ROM_BAR, kind: 'memory32', sizeBytes };
}

/** Address of the ROM, -1 while it is not enabled. */
export function romAddress(config: ConfigSpace): number {
  const register = config.read(Header.expansionRom, 4);
  return (register & ROM_ENABLE) === 0 ? -1 : (register & ~ROM_ENABLE) >>> 0;
}

/** The address in a BAR register at `at`; it may exceed 2^53, where nothing is ever found. */
export function barAddress(config: ConfigSpace, spec: BarSpec, at: number): number {
  const low = config.read(at, 4);
  if (spec.kind === 'io') return (low & ~3) >>> 0;
  const address = (low & ~0xf) >>> 0;
  return spec.kind === 'memory64' ? address + config.read(at + 4, 4) * 0x1_0000_0000 : address;
}

/** MSI-X vector table and pending bits behind a BAR (PCI Express 7.7.2). */
import type { BarWindow } from './bar.ts';
import type { MsixCapability } from './capabilities/msix.ts';

/** Where interrupt messages go: memory writes of one dword. */
export interface MessageSender {
  sendMessage(address: number, data: number): void;
}

/** Dwords of a table entry: address, upper address, data, vector control. */
const ENTRY_DWORDS = 4;
const MASK = 1;

export class MsixTable implements BarWindow {
  readonly #capability: MsixCapability;
  readonly #sender: MessageSender;
  readonly #entries: Uint32Array;
  readonly #pending: Uint32Array;
  readonly #tableOffset: number;
  readonly #pendingOffset: number;

  constructor(capability: MsixCapability, sender: MessageSender, tableOffset: number, pendingOffset: number) {
    this.#capability = capability;
    this.#sender = sender;
    this.#entries = new Uint32Array(capability.vectors * ENTRY_DWORDS);
    // Whole quadwords, as software reads them.
    this.#pending = new Uint32Array(Math.ceil(capability.vectors / 64) * 2);
    this.#tableOffset = tableOffset;
    this.#pendingOffset = pendingOffset;
    this.reset();
  }

  read(offset: number, size: number): number {
    const value = this.#dword(offset & ~3) >>> ((offset & 3) << 3);
    return size === 4 ? value : size === 2 ? value & 0xffff : value & 0xff;
  }

  #dword(offset: number): number {
    const entry = (offset - this.#tableOffset) >> 2;
    if (entry >= 0 && entry < this.#entries.length) return this.#entries[entry]!;
    const pending = (offset - this.#pendingOffset) >> 2;
    return pending >= 0 && pending < this.#pending.length ? this.#pending[pending]! : 0;
  }

  /** Writes to the pending bits and outside the table have no effect. */
  write(offset: number, size: number, value: number): void {
    const index = ((offset & ~3) - this.#tableOffset) >> 2;
    if (index < 0 || index >= this.#entries.length) return;
    const shift = (offset & 3) << 3;
    const lanes = (size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff) << shift;
    const merged = (this.#entries[index]! & ~lanes) | ((value << shift) & lanes);
    const field = index % ENTRY_DWORDS;
    this.#entries[index] = field === 0 ? merged & ~3 : field === 3 ? merged & MASK : merged;
    if (field === 3) this.#deliverPending(index >> 2);
  }

  /** Sends a vector's message, or notes it while it or the function is masked. */
  send(vector: number): void {
    if (vector < 0 || vector >= this.#capability.vectors || !this.#capability.enabled) return;
    if (this.#masked(vector)) this.#pending[vector >> 5]! |= 1 << (vector & 31);
    else this.#deliver(vector);
  }

  clearPending(vector: number): void {
    if (vector >= 0 && vector < this.#capability.vectors) this.#pending[vector >> 5]! &= ~(1 << (vector & 31));
  }

  /** After a write to Message Control: what became unmasked leaves. */
  controlChanged(): void {
    for (let vector = 0; vector < this.#capability.vectors; vector += 1) this.#deliverPending(vector);
  }

  reset(): void {
    this.#entries.fill(0);
    this.#pending.fill(0);
    for (let vector = 0; vector < this.#capability.vectors; vector += 1)
      this.#entries[vector * ENTRY_DWORDS + 3] = MASK;
  }

  #masked(vector: number): boolean {
    return this.#capability.functionMask || (this.#entries[vector * ENTRY_DWORDS + 3]! & MASK) !== 0;
  }

  #deliverPending(vector: number): void {
    if ((this.#pending[vector >> 5]! & (1 << (vector & 31))) === 0) return;
    if (!this.#capability.enabled || this.#masked(vector)) return;
    this.clearPending(vector);
    this.#deliver(vector);
  }

  #deliver(vector: number): void {
    const at = vector * ENTRY_DWORDS;
    this.#sender.sendMessage(this.#entries[at]! + this.#entries[at + 1]! * 0x1_0000_0000, this.#entries[at + 2]!);
  }
}

/**
 * The flash of a card: a serial part of Winbond's W25X family, whose commands are those that makers of such parts have in common,
 * and the bytes in it that the chip shows in its BARs. Programming only clears bits; erasing sets them.
 */
import type { Clock } from '../../../ports/index.ts';
import { SpiSlave } from './spi-slave.ts';

/** What the part holds, kept by whoever gave it. */
export interface FlashContents {
  /** A power of two in length, 128 KiB at least. Written in place. */
  readonly bytes: Uint8Array;
  /** Something in them is different now. */
  changed?(): void;
}

export const SMALLEST_FLASH_BYTES = 128 * 1024;

/** An erased flash with room for `contents` at its start. */
export function flashBytes(contents: Uint8Array = new Uint8Array(0)): Uint8Array {
  let length = SMALLEST_FLASH_BYTES;
  while (length < contents.length) length *= 2;
  const bytes = new Uint8Array(length).fill(ERASED);
  bytes.set(contents);
  return bytes;
}

const ERASED = 0xff;
const PAGE_BYTES = 256;
const SECTOR_BYTES = 4096;
const BLOCK_BYTES = 65536;
const ADDRESS_BYTES = 3;

const PROGRAM = 0x02;
const READ = 0x03;
const WRITE_DISABLE = 0x04;
const READ_STATUS = 0x05;
const WRITE_ENABLE = 0x06;
const FAST_READ = 0x0b;
const ERASE_SECTOR = 0x20;
const ERASE_CHIP_OLD = 0x60;
const READ_ID = 0x9f;
const ERASE_CHIP = 0xc7;
const ERASE_BLOCK = 0xd8;

const MAKER = 0xef;
const FAMILY = 0x30;
const STATUS_BUSY = 1;
const STATUS_WRITE_ENABLED = 2;

/** Typical times of the data sheets. */
export const PROGRAM_NS = 1_500_000;
export const ERASE_SECTOR_NS = 150_000_000;
export const ERASE_BLOCK_NS = 1_000_000_000;
export const ERASE_CHIP_NS = 3_000_000_000;

export class FlashMemory extends SpiSlave {
  readonly bytes: Uint8Array;
  private readonly contents: FlashContents;
  private readonly clock: Clock;
  private readonly page: Uint8Array;
  private opcode: number;
  /** Bytes that have come in behind the opcode, or gone out. */
  private count: number;
  private address: number;
  private writeEnabled: boolean;
  private busyUntilNs: number;

  constructor(clock: Clock, contents: FlashContents = { bytes: flashBytes() }) {
    super();
    this.bytes = contents.bytes;
    this.contents = contents;
    this.clock = clock;
    this.page = new Uint8Array(PAGE_BYTES);
    this.opcode = 0;
    this.count = 0;
    this.address = 0;
    this.writeEnabled = false;
    this.busyUntilNs = -Infinity;
  }

  get busy(): boolean {
    return this.clock.now() < this.busyUntilNs;
  }

  /** Programs a byte by the chip's own access; lost while the part is busy, and where there is none. */
  program(address: number, byte: number): void {
    if (this.busy || address >= this.bytes.length) return;
    this.bytes[address]! &= byte;
    this.contents.changed?.();
  }

  /** Erases the whole part, unless it is busy. */
  eraseAll(): void {
    if (!this.busy) this.erase(0, this.bytes.length, ERASE_CHIP_NS);
  }

  protected override start(): void {
    this.opcode = 0;
    this.count = -1;
    this.address = 0;
  }

  protected override byteIn(byte: number): void {
    this.count += 1;
    if (this.count === 0) this.decode(byte);
    else if (this.count <= ADDRESS_BYTES) this.address = (this.address << 8) | byte;
    else if (this.opcode === PROGRAM) this.page[(this.address + this.count - ADDRESS_BYTES - 1) % PAGE_BYTES]! &= byte;
    const reads = this.opcode === READ ? ADDRESS_BYTES : this.opcode === FAST_READ ? ADDRESS_BYTES + 1 : -1;
    if (this.count === reads) this.sending = true;
  }

  /** A busy part answers with its status only; without write enable nothing that changes it is taken. */
  private decode(opcode: number): void {
    if (this.busy && opcode !== READ_STATUS) return;
    const changes = [PROGRAM, ERASE_SECTOR, ERASE_BLOCK, ERASE_CHIP, ERASE_CHIP_OLD].includes(opcode);
    if (changes && !this.writeEnabled) return;
    this.opcode = opcode;
    if (opcode === PROGRAM) this.page.fill(ERASED);
    if (opcode !== READ_STATUS && opcode !== READ_ID) return;
    this.sending = true;
    this.count = 0;
  }

  protected override byteOut(): number {
    if (this.opcode === READ_STATUS)
      return (this.busy ? STATUS_BUSY : 0) | (this.writeEnabled ? STATUS_WRITE_ENABLED : 0);
    if (this.opcode === READ_ID) {
      const id = [MAKER, FAMILY, Math.log2(this.bytes.length)][this.count] ?? 0;
      this.count += 1;
      return id;
    }
    const byte = this.bytes[this.address & (this.bytes.length - 1)]!;
    this.address += 1;
    return byte;
  }

  /** A command with all that belongs to it, and no bit more, is carried out. */
  protected override stop(whole: boolean): void {
    if (!whole) return;
    const { opcode, count } = this;
    const alone = count === 0;
    const addressed = count === ADDRESS_BYTES;
    if (opcode === WRITE_ENABLE && alone) this.writeEnabled = true;
    else if (opcode === WRITE_DISABLE && alone) this.writeEnabled = false;
    else if (opcode === PROGRAM && count > ADDRESS_BYTES) this.programPage();
    else if (opcode === ERASE_SECTOR && addressed) this.erase(this.address, SECTOR_BYTES, ERASE_SECTOR_NS);
    else if (opcode === ERASE_BLOCK && addressed) this.erase(this.address, BLOCK_BYTES, ERASE_BLOCK_NS);
    else if ((opcode === ERASE_CHIP || opcode === ERASE_CHIP_OLD) && alone)
      this.erase(0, this.bytes.length, ERASE_CHIP_NS);
  }

  private programPage(): void {
    const page = this.address & (this.bytes.length - 1) & ~(PAGE_BYTES - 1);
    for (let at = 0; at < PAGE_BYTES; at += 1) this.bytes[page + at]! &= this.page[at]!;
    this.startCycle(PROGRAM_NS);
  }

  private erase(address: number, length: number, durationNs: number): void {
    const from = address & (this.bytes.length - 1) & ~(length - 1);
    this.bytes.fill(ERASED, from, from + length);
    this.startCycle(durationNs);
  }

  private startCycle(durationNs: number): void {
    this.writeEnabled = false;
    this.busyUntilNs = this.clock.now() + durationNs;
    this.contents.changed?.();
  }
}

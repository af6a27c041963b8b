/**
 * A serial EEPROM of the 25xx family on EECD's pins (reference §8.3). Commands and their effects are those that all makers of
 * such parts have in common; Linux and DPDK use WREN, RDSR, READ and WRITE.
 */
import type { Clock } from '../../../ports/index.ts';
import { SpiSlave } from './spi-slave.ts';

export interface SpiEepromOptions {
  readonly clock: Clock;
  /** The contents; a power of two in length. Written in place. */
  readonly bytes: Uint8Array;
  /** With 8, address bit 8 travels in bit 3 of the opcode. */
  readonly addressBits: 8 | 16;
  /** A write wraps inside a page; a power of two. */
  readonly pageBytes: number;
  /** A write was committed: these bytes may have changed, inside one page. */
  readonly written: (address: number, length: number) => void;
}

/** Duration of a write cycle; the data sheets' usual maximum. */
export const WRITE_CYCLE_NS = 5_000_000;

const WRSR = 0x01;
const WRITE = 0x02;
const READ = 0x03;
const WRDI = 0x04;
const RDSR = 0x05;
const WREN = 0x06;
const ADDRESS_8 = 0x08;

const STATUS_BUSY = 0x01;
const STATUS_WRITE_ENABLED = 0x02;
/** Block protection: the upper quarter, the upper half or all of the part cannot be written. */
const STATUS_PROTECTED_SHIFT = 2;
const STATUS_PROTECTED = 0x0c;
const STATUS_STORED = 0x80 | STATUS_PROTECTED;

/** Where the command under way has got to. */
const OPCODE = 0;
const ADDRESS = 1;
const DATA = 2;
/** Nothing more is taken until the chip is deselected. */
const IGNORING = 3;

export class SpiEeprom extends SpiSlave {
  private readonly options: SpiEepromOptions;
  private readonly pageData: Uint8Array;
  private readonly pageTouched: Uint8Array;
  private phase: number;
  private opcode: number;
  private address: number;
  private addressBytes: number;
  private dataBytes: number;
  /** The last byte of a write to the status register. */
  private newStatus: number;
  private status: number;
  private busyUntilNs: number;

  constructor(options: SpiEepromOptions) {
    super();
    this.options = options;
    this.pageData = new Uint8Array(options.pageBytes);
    this.pageTouched = new Uint8Array(options.pageBytes);
    this.phase = IGNORING;
    this.opcode = 0;
    this.address = 0;
    this.addressBytes = 0;
    this.dataBytes = 0;
    this.newStatus = 0;
    this.status = 0;
    this.busyUntilNs = -Infinity;
  }

  private get busy(): boolean {
    return this.options.clock.now() < this.busyUntilNs;
  }

  protected override start(): void {
    this.phase = OPCODE;
    this.opcode = 0;
    this.dataBytes = 0;
  }

  /** A command that is complete, to the bit, is carried out. */
  protected override stop(whole: boolean): void {
    const { phase, opcode } = this;
    if (!whole) return;
    if (opcode === WREN) this.status |= STATUS_WRITE_ENABLED;
    else if (opcode === WRDI) this.status &= ~STATUS_WRITE_ENABLED;
    else if (phase === DATA && this.dataBytes > 0) {
      if (opcode === WRITE) this.commit();
      else if (opcode === WRSR) this.commitStatus();
    }
  }

  protected override byteIn(byte: number): void {
    switch (this.phase) {
      case OPCODE:
        return this.decode(byte);
      case ADDRESS:
        this.address = (this.address << 8) | byte;
        this.addressBytes -= 1;
        if (this.addressBytes === 0) this.addressed();
        return;
      case DATA:
        return this.latch(byte);
      default:
        // Clocks after WREN or WRDI spoil the command.
        this.opcode = 0;
    }
  }

  private decode(code: number): void {
    const { addressBits } = this.options;
    const opcode = addressBits === 8 ? code & ~ADDRESS_8 : code;
    this.phase = IGNORING;
    if (opcode === RDSR) {
      this.opcode = RDSR;
      this.sending = true;
    } else if (this.busy) return;
    else if (opcode === READ || (opcode === WRITE && (this.status & STATUS_WRITE_ENABLED) !== 0)) {
      this.opcode = opcode;
      this.phase = ADDRESS;
      this.addressBytes = addressBits / 8;
      this.address = addressBits === 8 && (code & ADDRESS_8) !== 0 ? 1 : 0;
    } else if (opcode === WRSR && (this.status & STATUS_WRITE_ENABLED) !== 0) {
      this.opcode = WRSR;
      this.phase = DATA;
    } else if (opcode === WREN || opcode === WRDI) this.opcode = opcode;
  }

  private addressed(): void {
    this.address &= this.options.bytes.length - 1;
    this.phase = DATA;
    if (this.opcode === READ) this.sending = true;
    else this.pageTouched.fill(0);
  }

  /** One byte of a write: into the page, where it wraps; or the status register, whose last byte counts. */
  private latch(byte: number): void {
    this.dataBytes += 1;
    if (this.opcode !== WRITE) {
      this.newStatus = byte;
      return;
    }
    const within = this.options.pageBytes - 1;
    const at = this.address & within;
    this.pageData[at] = byte;
    this.pageTouched[at] = 1;
    this.address = (this.address & ~within) | ((at + 1) & within);
  }

  /** The next byte of what is read; after the end of the part comes its start. */
  protected override byteOut(): number {
    if (this.opcode === RDSR) return this.busy ? this.status | STATUS_BUSY : this.status;
    const { bytes } = this.options;
    const byte = bytes[this.address]!;
    this.address = (this.address + 1) & (bytes.length - 1);
    return byte;
  }

  private commit(): void {
    const { bytes, pageBytes, written } = this.options;
    const page = this.address & ~(pageBytes - 1);
    this.startCycle();
    if (page >= this.firstProtected()) return;
    for (let at = 0; at < pageBytes; at += 1) if (this.pageTouched[at] === 1) bytes[page + at] = this.pageData[at]!;
    written(page, pageBytes);
  }

  private commitStatus(): void {
    this.startCycle();
    this.status = this.newStatus & STATUS_STORED;
  }

  /** Write enable is used up, and the part is busy for a while. */
  private startCycle(): void {
    this.status &= ~STATUS_WRITE_ENABLED;
    this.busyUntilNs = this.options.clock.now() + WRITE_CYCLE_NS;
  }

  private firstProtected(): number {
    const { length } = this.options.bytes;
    const level = (this.status & STATUS_PROTECTED) >>> STATUS_PROTECTED_SHIFT;
    return level === 0 ? length : length - (length >>> (3 - level));
  }
}

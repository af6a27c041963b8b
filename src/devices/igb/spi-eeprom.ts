/**
 * A serial EEPROM of the 25xx family on EECD's pins (reference §8.3): SPI mode 0, the high bit first. Commands and their
 * effects are those that all makers of such parts have in common; Linux and DPDK use WREN, RDSR, READ and WRITE.
 */
import type { Clock } from '../../ports/index.ts';

/** What sits on serial pins. */
export interface SerialChip {
  /** The pins as they are now driven; `select` is true while the chip is selected. Gives the level of its data output. */
  pins(select: boolean, clock: boolean, data: boolean): boolean;
}

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
const IDLE = 0;
const OPCODE = 1;
const ADDRESS = 2;
const DATA_IN = 3;
const DATA_OUT = 4;
/** Nothing more is taken until the chip is deselected. */
const IGNORING = 5;

export class SpiEeprom implements SerialChip {
  private readonly options: SpiEepromOptions;
  private readonly pageData: Uint8Array;
  private readonly pageTouched: Uint8Array;
  private selected: boolean;
  private clockLevel: boolean;
  private output: boolean;
  private phase: number;
  private opcode: number;
  /** Bits taken or given of what is under way, and how many. */
  private shift: number;
  private bits: number;
  private address: number;
  private dataBytes: number;
  private status: number;
  private busyUntilNs: number;

  constructor(options: SpiEepromOptions) {
    this.options = options;
    this.pageData = new Uint8Array(options.pageBytes);
    this.pageTouched = new Uint8Array(options.pageBytes);
    this.selected = false;
    this.clockLevel = false;
    this.output = false;
    this.phase = IDLE;
    this.opcode = 0;
    this.shift = 0;
    this.bits = 0;
    this.address = 0;
    this.dataBytes = 0;
    this.status = 0;
    this.busyUntilNs = -Infinity;
  }

  /** Data is taken when the clock rises and given when it falls. */
  pins(select: boolean, clock: boolean, data: boolean): boolean {
    if (select !== this.selected) {
      this.selected = select;
      if (select) this.begin();
      else this.end();
    } else if (select && clock !== this.clockLevel) {
      if (clock) this.take(data ? 1 : 0);
      else this.give();
    }
    this.clockLevel = clock;
    return this.selected && this.output;
  }

  private get busy(): boolean {
    return this.options.clock.now() < this.busyUntilNs;
  }

  private begin(): void {
    this.phase = OPCODE;
    this.shift = 0;
    this.bits = 0;
    this.dataBytes = 0;
    this.output = false;
  }

  /** Deselected: a command that is complete, to the bit, is carried out. */
  private end(): void {
    const whole = this.bits === 0;
    const { phase, opcode } = this;
    this.phase = IDLE;
    this.output = false;
    if (!whole) return;
    if (phase === IGNORING && opcode === WREN) this.status |= STATUS_WRITE_ENABLED;
    else if (phase === IGNORING && opcode === WRDI) this.status &= ~STATUS_WRITE_ENABLED;
    else if (phase === DATA_IN && this.dataBytes > 0) {
      if (opcode === WRITE) this.commit();
      else this.commitStatus();
    }
  }

  private take(bit: number): void {
    switch (this.phase) {
      case OPCODE:
        if (this.shiftIn(bit, 8)) this.decode(this.shift);
        break;
      case ADDRESS:
        if (this.shiftIn(bit, this.options.addressBits)) this.addressed(this.shift);
        break;
      case DATA_IN:
        if (this.shiftIn(bit, 8)) this.latch(this.shift);
        break;
      case IGNORING:
        // Clocks after WREN or WRDI spoil the command.
        this.opcode = 0;
        break;
      default:
    }
  }

  /** True when `length` bits are in `shift`. */
  private shiftIn(bit: number, length: number): boolean {
    if (this.bits === 0) this.shift = 0;
    this.shift = (this.shift << 1) | bit;
    this.bits += 1;
    if (this.bits < length) return false;
    this.bits = 0;
    return true;
  }

  private decode(code: number): void {
    const { addressBits } = this.options;
    const opcode = addressBits === 8 ? code & ~ADDRESS_8 : code;
    this.opcode = opcode;
    this.phase = IGNORING;
    if (opcode === RDSR) this.phase = DATA_OUT;
    else if (this.busy) this.opcode = 0;
    else if (opcode === READ || opcode === WRITE) {
      this.address = addressBits === 8 && (code & ADDRESS_8) !== 0 ? 0x100 : 0;
      if (opcode === READ || (this.status & STATUS_WRITE_ENABLED) !== 0) this.phase = ADDRESS;
    } else if (opcode === WRSR && (this.status & STATUS_WRITE_ENABLED) !== 0) this.phase = DATA_IN;
    else if (opcode !== WREN && opcode !== WRDI) this.opcode = 0;
  }

  private addressed(address: number): void {
    this.address = (this.address | address) & (this.options.bytes.length - 1);
    if (this.opcode === READ) this.phase = DATA_OUT;
    else {
      this.phase = DATA_IN;
      this.pageTouched.fill(0);
    }
  }

  /** One byte of a write: into the page, where it wraps; or the status register, whose last byte counts. */
  private latch(byte: number): void {
    this.dataBytes += 1;
    if (this.opcode !== WRITE) {
      this.shift = byte;
      return;
    }
    const within = this.options.pageBytes - 1;
    const at = this.address & within;
    this.pageData[at] = byte;
    this.pageTouched[at] = 1;
    this.address = (this.address & ~within) | ((at + 1) & within);
  }

  /** The next bit of what is read; after the last of a byte comes the next byte, from the end of the part its start. */
  private give(): void {
    if (this.phase !== DATA_OUT) return;
    if (this.bits === 0) this.shift = this.opcode === RDSR ? this.readStatus() : this.options.bytes[this.address]!;
    this.output = ((this.shift >>> (7 - this.bits)) & 1) === 1;
    this.bits = (this.bits + 1) & 7;
    if (this.bits === 0 && this.opcode === READ) this.address = (this.address + 1) & (this.options.bytes.length - 1);
  }

  private readStatus(): number {
    return this.busy ? this.status | STATUS_BUSY : this.status;
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
    this.status = this.shift & STATUS_STORED;
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

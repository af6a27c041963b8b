/** A part on serial pins: SPI mode 0, the high bit first. What bytes mean to it is its own. */

/** What sits on serial pins. */
export interface SerialChip {
  /** The pins as they are now driven; `select` is true while the chip is selected. Gives the level of its data output. */
  pins(select: boolean, clock: boolean, data: boolean): boolean;
}

const BYTE = 8;

export abstract class SpiSlave implements SerialChip {
  /** Bytes go out from now on, and those that come in are not looked at. */
  protected sending: boolean;
  private selected: boolean;
  private clockLevel: boolean;
  private output: boolean;
  /** Bits taken or given of the byte under way, and how many. */
  private shift: number;
  private bits: number;

  constructor() {
    this.sending = false;
    this.selected = false;
    this.clockLevel = false;
    this.output = false;
    this.shift = 0;
    this.bits = 0;
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

  /** The next byte is an opcode. */
  protected abstract start(): void;
  protected abstract byteIn(byte: number): void;
  protected abstract byteOut(): number;
  /** Deselected; `whole` unless within a byte. */
  protected abstract stop(whole: boolean): void;

  private begin(): void {
    this.sending = false;
    this.bits = 0;
    this.output = false;
    this.start();
  }

  private end(): void {
    this.output = false;
    this.stop(this.bits === 0);
  }

  private take(bit: number): void {
    if (this.sending) return;
    this.shift = this.bits === 0 ? bit : (this.shift << 1) | bit;
    this.bits += 1;
    if (this.bits < BYTE) return;
    this.bits = 0;
    this.byteIn(this.shift);
  }

  private give(): void {
    if (!this.sending) return;
    if (this.bits === 0) this.shift = this.byteOut();
    this.output = ((this.shift >>> (BYTE - 1 - this.bits)) & 1) === 1;
    this.bits = (this.bits + 1) & (BYTE - 1);
  }
}

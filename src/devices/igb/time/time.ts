/**
 * Time that software reads (reference §8.7, §2.14): SYSTIM, a 64-bit counter that gains TIMINCA's increment every period of
 * TIMINCA times 16 ns, and FRTIMER.
 */
import type { IgbChip } from '../chip.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';

const NS_PER_PERIOD_UNIT = 16;
const NS_PER_FRTIMER_TICK = 1_000_000;
const TWO_32 = 2 ** 32;
const TWO_24 = 2 ** 24;
const SIGN = 0x8000_0000;

export class PortTime {
  private readonly context: PortContext;
  private readonly chip: IgbChip;
  /** SYSTIM was baseHigh:baseLow at baseNs, a moment at which it ticked. */
  private baseNs: number;
  private baseLow: number;
  private baseHigh: number;
  private startNs: number;
  /** Result of the last `latch`, unsigned. */
  low: number;
  high: number;
  /** Told when SYSTIM has been set or runs at another rate. */
  onChange: (() => void) | undefined;

  constructor(context: PortContext, chip: IgbChip) {
    this.context = context;
    this.chip = chip;
    this.baseNs = context.clock.now();
    this.baseLow = 0;
    this.baseHigh = 0;
    this.startNs = this.baseNs;
    this.low = 0;
    this.high = 0;
    this.onChange = undefined;
  }

  /**
   * When SYSTIM is to reach a value, in the clock's ns: now or earlier if it has (the value is at most half the range behind),
   * Infinity while it stands still. Early by a thousandth where the way is long: ask again then.
   */
  reachedAt(low: number, high: number): number {
    const timinca = this.context.registers.values[pf.TIMINCA.index]!;
    const ticks = this.ticks(timinca, this.context.clock.now());
    const increment = timinca % TWO_24;
    this.advance(ticks, increment);
    const ahead = (high - this.high + TWO_32) % TWO_32;
    const difference = (ahead >= SIGN ? ahead - TWO_32 : ahead) * TWO_32 + (low - this.low);
    if (difference <= 0) return 0;
    const periodNs = Math.floor(timinca / TWO_24) * NS_PER_PERIOD_UNIT;
    if (periodNs === 0 || increment === 0) return Infinity;
    const missing = Math.ceil(difference / increment);
    const exact = difference < Number.MAX_SAFE_INTEGER;
    return this.baseNs + (ticks + (exact ? missing : Math.floor(missing * 0.999))) * periodNs;
  }

  /** Puts SYSTIM as it is now into `low` and `high`. */
  latch(): void {
    this.latchAt(this.context.clock.now());
  }

  /** The low half is read first and holds the high half. */
  readSystiml(): number {
    this.latch();
    this.context.registers.values[pf.SYSTIMH.index] = this.high;
    return this.low;
  }

  peekSystiml(): number {
    this.latch();
    return this.low;
  }

  writeSystiml(value: number): void {
    this.rebase(this.context.registers.values[pf.TIMINCA.index]!);
    this.baseLow = value >>> 0;
    this.onChange?.();
  }

  writeSystimh(value: number): void {
    this.rebase(this.context.registers.values[pf.TIMINCA.index]!);
    this.baseHigh = value >>> 0;
    this.onChange?.();
  }

  /** The rate changes from now on; the time counted so far stays. */
  writeTiminca(before: number): void {
    this.rebase(before);
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_time_increment] !== 0) {
      trace.emit(events.igb_time_increment, registers.values[pf.TIMINCA.index]);
    }
    this.onChange?.();
  }

  /** TIMADJH applies the adjustment: its bit 31 is the sign, the rest with TIMADJL the amount. */
  writeTimadjh(value: number): void {
    const { values } = this.context.registers;
    this.rebase(values[pf.TIMINCA.index]!);
    const low = values[pf.TIMADJL.index]!;
    const high = (value & ~SIGN) >>> 0;
    if ((value & SIGN) === 0) {
      const sum = this.baseLow + low;
      this.baseLow = sum % TWO_32;
      this.baseHigh = (this.baseHigh + high + (sum >= TWO_32 ? 1 : 0)) % TWO_32;
    } else {
      const borrow = this.baseLow < low ? 1 : 0;
      this.baseLow = this.baseLow + borrow * TWO_32 - low;
      this.baseHigh = (this.baseHigh + TWO_32 - high - borrow) % TWO_32;
    }
    this.onChange?.();
  }

  /** Stamps a packet that leaves now, unless an earlier stamp is still held. */
  txStamp(): void {
    const { registers, trace, events, clock } = this.context;
    const { values } = registers;
    const { EN, VALID } = pf.TSYNCTXCTL;
    this.chip.departedNs = clock.now();
    if ((values[pf.TSYNCTXCTL.index]! & (EN.mask | VALID.mask)) !== EN.mask) return;
    this.latchAt(this.chip.departedNs);
    values[pf.TXSTMPL.index] = this.low;
    values[pf.TXSTMPH.index] = this.high;
    values[pf.TSYNCTXCTL.index]! |= VALID.mask;
    if (trace.on[events.igb_time_tx_stamp] !== 0) trace.emit(events.igb_time_tx_stamp, this.high, this.low);
  }

  /** The wire has it. */
  departed(): void {
    this.chip.departedNs = NaN;
  }

  /**
   * When a frame that begins to arrive did so. Where the other port of the card is just sending it, that is when it left: between
   * them there is a hub at most, and the time that this program takes in between is not the wire's.
   */
  arrivalNs(): number {
    const { departedNs } = this.chip;
    return Number.isNaN(departedNs) ? this.context.clock.now() : departedNs;
  }

  /** The high half of a transmit stamp releases it for the next. */
  readTxstmph(): number {
    const { values } = this.context.registers;
    values[pf.TSYNCTXCTL.index]! &= ~pf.TSYNCTXCTL.VALID.mask;
    return values[pf.TXSTMPH.index]!;
  }

  /**
   * Stamps a packet that arrived at a time of the clock; the caller has seen that no stamp is held. The source is as RXSATR
   * has it.
   */
  rxStamp(sourceLow: number, sourceHigh: number, arrivedNs: number): void {
    const { registers, trace, events } = this.context;
    const { values } = registers;
    this.latchAt(arrivedNs);
    values[pf.RXSTMPL.index] = this.low;
    values[pf.RXSTMPH.index] = this.high;
    values[pf.RXSATRL.index] = sourceLow;
    values[pf.RXSATRH.index] = sourceHigh;
    values[pf.TSYNCRXCTL.index]! |= pf.TSYNCRXCTL.VALID.mask;
    if (trace.on[events.igb_time_rx_stamp] !== 0) trace.emit(events.igb_time_rx_stamp, this.high, this.low);
  }

  /** RXSTMPH (Linux) or RXSATRH (QEMU) releases a receive stamp (contradiction 5). */
  releaseReceiveStamp(index: number): number {
    const { values } = this.context.registers;
    values[pf.TSYNCRXCTL.index]! &= ~pf.TSYNCRXCTL.VALID.mask;
    return values[index]!;
  }

  /** Milliseconds since power-on, wrapping. */
  readFrtimer(): number {
    return Math.floor((this.context.clock.now() - this.startNs) / NS_PER_FRTIMER_TICK) % TWO_32;
  }

  /** SYSTIM to zero, standing still until TIMINCA is written. */
  reset(): void {
    this.baseNs = this.context.clock.now();
    this.baseLow = 0;
    this.baseHigh = 0;
  }

  private rebase(timinca: number): void {
    const nowNs = this.context.clock.now();
    const ticks = this.ticks(timinca, nowNs);
    this.advance(ticks, timinca % TWO_24);
    this.baseLow = this.low;
    this.baseHigh = this.high;
    const periodNs = Math.floor(timinca / TWO_24) * NS_PER_PERIOD_UNIT;
    this.baseNs = periodNs === 0 ? nowNs : this.baseNs + ticks * periodNs;
  }

  /** SYSTIM as it was at a time of the clock, no earlier than its rate or value was last changed. */
  private latchAt(atNs: number): void {
    const timinca = this.context.registers.values[pf.TIMINCA.index]!;
    this.advance(this.ticks(timinca, atNs), timinca % TWO_24);
  }

  private ticks(timinca: number, atNs: number): number {
    const periodNs = Math.floor(timinca / TWO_24) * NS_PER_PERIOD_UNIT;
    return periodNs === 0 ? 0 : Math.floor((atNs - this.baseNs) / periodNs);
  }

  /** low, high = base + ticks × increment modulo 2^64, in products below 2^53. */
  private advance(ticks: number, increment: number): void {
    const first = (ticks % TWO_24) * increment;
    const second = (Math.floor(ticks / TWO_24) % TWO_24) * increment;
    const third = Math.floor(ticks / (TWO_24 * TWO_24)) * increment;
    const low = this.baseLow + (first % TWO_32) + (second % 256) * TWO_24;
    const high =
      this.baseHigh +
      Math.floor(first / TWO_32) +
      Math.floor(second / 256) +
      (third % 65536) * 65536 +
      Math.floor(low / TWO_32);
    this.low = low % TWO_32;
    this.high = high % TWO_32;
  }
}

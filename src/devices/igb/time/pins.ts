/**
 * The four software-defined pins (SDP): direction and level in CTRL and CTRL_EXT, or what time synchronisation puts on them
 * (TSSDP). What is soldered to them is not ours: a monitor or a test drives inputs and looks at outputs.
 */
import type { PortContext } from '../context.ts';
import type { Interrupts } from '../interrupts/interrupts.ts';
import { pf } from '../tables/index.ts';

const { CTRL, CTRL_EXT, ICR, TSSDP } = pf;

const PINS = 4;
/** Where each pin's level and direction stand. */
const places = [
  { index: CTRL.index, data: CTRL.SDP0_DATA.mask, output: CTRL.SDP0_IODIR.mask },
  { index: CTRL.index, data: CTRL.SDP1_DATA.mask, output: CTRL.SDP1_IODIR.mask },
  { index: CTRL_EXT.index, data: CTRL_EXT.SDP2_DATA.mask, output: CTRL_EXT.SDP2_IODIR.mask },
  { index: CTRL_EXT.index, data: CTRL_EXT.SDP3_DATA.mask, output: CTRL_EXT.SDP3_IODIR.mask },
] as const;
/** TSSDP: bits from one pin's selection to the next. */
const SOURCE_STEP = TSSDP.SDP1_SEL.shift - TSSDP.SDP0_SEL.shift;

export interface PinParts {
  readonly interrupts: Pick<Interrupts, 'raise'>;
  /** Level of a source of TSSDP: targets 0 and 1, clocks 0 and 1. */
  readonly source: (source: number) => boolean;
  /** A pin that somebody drives has changed. */
  readonly changed: (pin: number) => void;
}

export class SoftwarePins {
  private readonly context: PortContext;
  private readonly parts: PinParts;
  private readonly values: Uint32Array;
  /** What drives each pin from outside; undefined where nothing does. */
  private readonly driven: (boolean | undefined)[];

  constructor(context: PortContext, parts: PinParts) {
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.driven = Array.from({ length: PINS }, () => undefined);
  }

  /** The level on a pin. An input that nobody drives keeps what software wrote there. */
  level(pin: number): boolean {
    const { index, data } = places[pin]!;
    if (!this.isOutput(pin)) return this.driven[pin] ?? (this.values[index]! & data) !== 0;
    const choice = this.values[TSSDP.index]! >>> (SOURCE_STEP * pin);
    if ((choice & TSSDP.SDP0_EN.mask) === 0) return (this.values[index]! & data) !== 0;
    return this.parts.source((choice & TSSDP.SDP0_SEL.mask) >>> TSSDP.SDP0_SEL.shift);
  }

  /** Drives a pin from outside, or lets it go. */
  drive(pin: number, level: boolean | undefined): void {
    const before = this.level(pin);
    this.driven[pin] = level;
    if (this.isOutput(pin) || this.level(pin) === before) return;
    const { trace, events } = this.context;
    if (trace.on[events.igb_pin_input] !== 0) trace.emit(events.igb_pin_input, pin, this.level(pin) ? 1 : 0);
    this.parts.changed(pin);
    if ((this.values[CTRL_EXT.index]! & (CTRL_EXT.SDP0_GPIEN.mask << pin)) === 0) return;
    this.parts.interrupts.raise(ICR.GPI_SDP0.mask << pin);
  }

  /** CTRL or CTRL_EXT as software reads it, by storage index: with the levels of the pins. */
  read(index: number): number {
    let value = this.context.registers.peek(4 * index);
    for (let pin = 0; pin < PINS; pin += 1) {
      const place = places[pin]!;
      if (place.index === index) value = this.level(pin) ? value | place.data : value & ~place.data;
    }
    return value >>> 0;
  }

  private isOutput(pin: number): boolean {
    const { index, output } = places[pin]!;
    return (this.values[index]! & output) !== 0;
  }
}

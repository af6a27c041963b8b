/**
 * The four LEDs of a port (reference §8.5), as somebody who looks at the card would see them. LEDCTL's modes other than on and
 * off are those of Intel's earlier chips. Blinking and traffic are states of their own: no timer runs for them.
 */
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';

export const LEDS = 4;

/** What LEDs show of a link. */
export interface LedLink {
  readonly up: boolean;
  readonly speedCode: number;
  readonly fullDuplex: boolean;
}

/** What a LED shows: dark, lit, blinking, or flickering with traffic. */
export const ledStates = ['off', 'on', 'blinking', 'activity'] as const;
export type LedState = (typeof ledStates)[number];

const OFF = 0;
const ON = 1;
const BLINKING = 2;
const ACTIVITY = 3;

const MODE_MASK = 0x0f;
const INVERT = 0x40;
const BLINK = 0x80;

const SPEED_10 = 1;
const SPEED_100 = 2;
const SPEED_1000 = 4;
/** Speeds at which a link lights a LED, by mode. */
const LIT_BY_LINK: readonly number[] = [
  SPEED_10 | SPEED_1000,
  SPEED_100 | SPEED_1000,
  SPEED_10 | SPEED_100 | SPEED_1000,
  0,
  SPEED_10 | SPEED_100 | SPEED_1000,
  SPEED_10,
  SPEED_100,
  SPEED_1000,
];
const MODE_FILTER_ACTIVITY = 3;
const MODE_LINK_ACTIVITY = 4;
const MODE_FULL_DUPLEX = 9;
const MODE_ACTIVITY = 11;
const MODE_ON = 14;

export class Leds {
  private readonly context: PortContext;
  private readonly link: LedLink;
  private readonly states: Uint8Array;
  /** How often something has changed. */
  changes: number;

  constructor(context: PortContext, parts: { link: LedLink }) {
    this.context = context;
    this.link = parts.link;
    this.states = new Uint8Array(LEDS);
    this.changes = 0;
  }

  ledState(): LedState[] {
    return Array.from(this.states, (state) => ledStates[state]!);
  }

  /** LEDCTL or the link has changed. */
  update(): void {
    const ledctl = this.context.registers.values[pf.LEDCTL.index]!;
    let changed = false;
    for (let led = 0; led < LEDS; led += 1) {
      const state = this.shown((ledctl >>> (8 * led)) & 0xff);
      if (state !== this.states[led]) changed = true;
      this.states[led] = state;
    }
    if (!changed) return;
    this.changes += 1;
    const { trace, events } = this.context;
    if (trace.on[events.igb_led_state] !== 0) {
      trace.emit(events.igb_led_state, this.states[0], this.states[1], this.states[2], this.states[3]);
    }
  }

  private shown(control: number): number {
    const mode = control & MODE_MASK;
    const { up } = this.link;
    const traffic = mode === MODE_FILTER_ACTIVITY || mode === MODE_LINK_ACTIVITY || mode === MODE_ACTIVITY;
    if (traffic && up) return ACTIVITY;
    const lit = this.lit(mode) !== ((control & INVERT) !== 0);
    if (!lit) return OFF;
    return (control & BLINK) !== 0 ? BLINKING : ON;
  }

  private lit(mode: number): boolean {
    if (mode === MODE_ON) return true;
    if (!this.link.up) return false;
    if (mode === MODE_FULL_DUPLEX) return this.link.fullDuplex;
    return ((LIT_BY_LINK[mode] ?? 0) & (1 << this.link.speedCode)) !== 0;
  }
}

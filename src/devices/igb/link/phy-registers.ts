/** Numbers, bits and reset values of the copper PHY's registers (reference §8.2), those of an IGP03. */

/** Clause 22 registers by number, and the IGP03's own from 16. */
export const REGISTER = {
  CONTROL: 0,
  STATUS: 1,
  IDENTIFIER_HIGH: 2,
  IDENTIFIER_LOW: 3,
  ADVERTISEMENT: 4,
  PARTNER_ABILITY: 5,
  EXPANSION: 6,
  NEXT_PAGE: 7,
  GIGABIT_CONTROL: 9,
  GIGABIT_STATUS: 10,
  EXTENDED_STATUS: 15,
  PORT_CONFIGURATION: 16,
  PORT_STATUS: 17,
  PORT_CONTROL: 18,
  LINK_HEALTH: 19,
  FIFO: 20,
  POWER_MANAGEMENT: 25,
  MISCELLANEOUS: 27,
  PAGE_SELECT: 31,
} as const;

const REGISTERS = 32;

/** RESET and RESTART clear themselves; bits 5:0 are reserved. */
export const CONTROL = {
  RESET: 0x8000,
  LOOPBACK: 0x4000,
  SPEED_100: 0x2000,
  AUTO_NEGOTIATE: 0x1000,
  RESTART: 0x0200,
  FULL_DUPLEX: 0x0100,
  SPEED_1000: 0x0040,
  STORED: 0x7dc0,
  /** Loopback, power-down, isolation: with any of them there is no link to the partner. */
  UNLINKED: 0x4c00,
  /** What changes the link while auto-negotiation decides on speed and duplex. */
  MODE: 0x5c00,
} as const;

export const STATUS = {
  /** All of 10 and 100 Mb/s, extended status, management frames without preamble, auto-negotiation. */
  ABILITIES: 0x7949,
  NEGOTIATED: 0x0020,
  LINK: 0x0004,
} as const;

/** Next pages are an ability of our own; the other says whether the partner negotiates. */
export const EXPANSION = { NEXT_PAGE: 0x0004, PARTNER: 0x0001 } as const;

export const GIGABIT = {
  /** In the control register: who is master is not negotiated, and it is we. */
  FORCED_MASTER: 0x1800,
  FORCED: 0x1000,
  /** In the status register: both receivers are fine (Linux' watchdog waits for the remote one); we are master. */
  RECEIVERS: 0x3000,
  MASTER: 0x4000,
  /** The partner's abilities stand two bits higher in the status register than ours in the control register. */
  PARTNER_SHIFT: 2,
} as const;

/** Port configuration: after so many attempts at 1000 Mb/s in vain it is not advertised any more (SmartSpeed). */
export const SMART_SPEED = 0x0080;
export const SMART_SPEED_ATTEMPTS = 5;
/** Link health: that happened. */
export const DOWNSHIFTED = 0x8000;

/** Port status, and from AUTO_CROSS port control. */
export const PORT = {
  REVERSED: 0x0002,
  SPEED_SHIFT: 14,
  CROSSED: 0x0800,
  LINK: 0x0400,
  FULL_DUPLEX: 0x0200,
  AUTO_CROSS: 0x1000,
  CROSS: 0x2000,
} as const;

/** Low-power link-up in D0: at the lowest speed. */
export const POWER_LOW_SPEED = 0x0002;

/** Linux selects a page by writing the whole register number to register 31; its low five bits name no page. */
export const PAGE_MASK = 0xffe0;
/** Registers with the gain of one wire pair each, from which drivers estimate the cable's length. Without a link they read 0. */
export const GAIN: readonly number[] = [0x11b1, 0x12b1, 0x14b1, 0x18b1];
/** At 1000 Mb/s, a bit for each pair whose polarity is reversed. */
export const POLARITY = 0x00b4;
export const POLARITY_MASK = 0x0078;

/** After a reset, by number. */
export const defaults = Uint16Array.from({ length: REGISTERS }, () => 0);
defaults[REGISTER.CONTROL] = CONTROL.AUTO_NEGOTIATE | CONTROL.FULL_DUPLEX | CONTROL.SPEED_1000;
defaults[REGISTER.IDENTIFIER_HIGH] = 0x02a8;
defaults[REGISTER.IDENTIFIER_LOW] = 0x0391;
defaults[REGISTER.ADVERTISEMENT] = 0x0de1;
defaults[REGISTER.NEXT_PAGE] = 0x2001;
defaults[REGISTER.GIGABIT_CONTROL] = 0x0f00;
defaults[REGISTER.EXTENDED_STATUS] = 0x3000;
defaults[REGISTER.PORT_CONFIGURATION] = 0x0120;
defaults[REGISTER.POWER_MANAGEMENT] = 0x008d;

/** One for those that plainly store what is written, by number. */
export const writable = new Uint8Array(REGISTERS);
for (const register of [
  REGISTER.ADVERTISEMENT,
  REGISTER.NEXT_PAGE,
  REGISTER.GIGABIT_CONTROL,
  REGISTER.PORT_CONFIGURATION,
  REGISTER.PORT_CONTROL,
  REGISTER.FIFO,
  REGISTER.POWER_MANAGEMENT,
  REGISTER.MISCELLANEOUS,
]) {
  writable[register] = 1;
}

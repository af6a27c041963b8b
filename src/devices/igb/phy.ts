/**
 * The copper PHY behind MDIC (reference §8.1, §8.2): its registers, auto-negotiation with a partner that can do everything,
 * and its own idea of the link. It has its own reset; the MAC's leaves it alone, so that the link stays (contradiction 17).
 */
import { makeTimer, type Timer } from '../../ports/index.ts';
import type { PortContext } from './context.ts';

/** From the start of auto-negotiation to the link; QEMU's qtest gives it 900 ms. */
export const AUTO_NEGOTIATION_NS = 500_000_000;

/** Clause 22 registers by number, and the IGP03's own from 16. */
const CONTROL = 0;
const STATUS = 1;
const IDENTIFIER_HIGH = 2;
const IDENTIFIER_LOW = 3;
const ADVERTISEMENT = 4;
const PARTNER_ABILITY = 5;
const EXPANSION = 6;
const NEXT_PAGE = 7;
const GIGABIT_CONTROL = 9;
const GIGABIT_STATUS = 10;
const EXTENDED_STATUS = 15;
const PORT_CONFIGURATION = 16;
const PORT_STATUS = 17;
const PORT_CONTROL = 18;
const POWER_MANAGEMENT = 25;
const PAGE_SELECT = 31;
const REGISTERS = 32;

const CONTROL_RESET = 0x8000;
const CONTROL_LOOPBACK = 0x4000;
const CONTROL_SPEED_100 = 0x2000;
const CONTROL_AUTO_NEGOTIATE = 0x1000;
const CONTROL_POWER_DOWN = 0x0800;
const CONTROL_RESTART = 0x0200;
const CONTROL_FULL_DUPLEX = 0x0100;
const CONTROL_SPEED_1000 = 0x0040;
/** RESET and RESTART clear themselves; bits 5:0 are reserved. */
const CONTROL_STORED = 0xffc0 & ~(CONTROL_RESET | CONTROL_RESTART);
/** What changes the link while auto-negotiation decides on speed and duplex. */
const CONTROL_MODE = CONTROL_LOOPBACK | CONTROL_AUTO_NEGOTIATE | CONTROL_POWER_DOWN;

/** All of 10 and 100 Mb/s, extended status, management frames without preamble, auto-negotiation. */
const STATUS_ABILITIES = 0x7949;
const STATUS_NEGOTIATED = 0x0020;
const STATUS_LINK = 0x0004;
/** The partner does 10 and 100 Mb/s and takes pause frames; it has acknowledged once negotiation is done. */
const PARTNER_ABILITIES = 0x07e0;
const PARTNER_ACKNOWLEDGED = 0x4000;
/** Partner does 1000 half and full, and both receivers are fine: Linux' watchdog waits for the remote one. */
const GIGABIT_PARTNER = 0x3c00;
const ADVERTISE_100 = 0x0180;
const ADVERTISE_100_FULL = 0x0100;
const ADVERTISE_10 = 0x0060;
const ADVERTISE_10_FULL = 0x0040;
const ADVERTISE_1000 = 0x0300;
const ADVERTISE_1000_FULL = 0x0200;

/** Linux selects a page by writing the whole register number to register 31; its low five bits name no page. */
const PAGE_MASK = 0xffe0;
/** Pages with the gain of one wire pair each, in register 17, from which Linux estimates the cable's length. */
const GAIN_PAGES: readonly number[] = [0x11a0, 0x12a0, 0x14a0, 0x18a0];
const GAIN_OF_SHORT_CABLE = 0x1400;

const defaults = Uint16Array.from({ length: REGISTERS }, () => 0);
defaults[CONTROL] = CONTROL_AUTO_NEGOTIATE | CONTROL_FULL_DUPLEX | CONTROL_SPEED_1000;
defaults[IDENTIFIER_HIGH] = 0x02a8;
defaults[IDENTIFIER_LOW] = 0x0391;
defaults[ADVERTISEMENT] = 0x0de1;
defaults[EXPANSION] = 0x0005;
defaults[NEXT_PAGE] = 0x2001;
defaults[GIGABIT_CONTROL] = 0x0f00;
defaults[EXTENDED_STATUS] = 0x3000;
defaults[PORT_CONFIGURATION] = 0x0120;
defaults[POWER_MANAGEMENT] = 0x008d;

const writable = new Uint8Array(REGISTERS);
for (const register of [
  ADVERTISEMENT,
  NEXT_PAGE,
  GIGABIT_CONTROL,
  PORT_CONFIGURATION,
  PORT_CONTROL,
  POWER_MANAGEMENT,
]) {
  writable[register] = 1;
}

export class Phy {
  private readonly context: PortContext;
  private readonly changed: () => void;
  private readonly registers: Uint16Array;
  private readonly negotiation: Timer;
  private page: number;
  private medium: boolean;
  private negotiated: boolean;
  /** BMSR.LINK latches low until it is read. */
  private linkWasLost: boolean;
  private heldInReset: boolean;
  /** There is a link to the partner; loopback is apart. */
  link: boolean;
  /** As STATUS.SPEED has it: 0, 1, 2 for 10, 100, 1000 Mb/s. */
  speed: number;
  fullDuplex: boolean;

  /** `changed` is called whenever link, speed, duplex or loopback may have changed. */
  constructor(context: PortContext, changed: () => void) {
    this.context = context;
    this.changed = changed;
    this.registers = Uint16Array.from(defaults);
    this.negotiation = makeTimer(() => this.negotiationDone());
    this.page = 0;
    this.medium = false;
    this.negotiated = false;
    this.linkWasLost = false;
    this.heldInReset = false;
    this.link = false;
    this.speed = 2;
    this.fullDuplex = true;
  }

  /** BMCR loopback: what the MAC sends comes back to it. */
  get loopback(): boolean {
    return (this.registers[CONTROL]! & CONTROL_LOOPBACK) !== 0;
  }

  /** The cable is in and its other end is alive. */
  setMedium(present: boolean): void {
    if (present === this.medium) return;
    this.medium = present;
    this.start();
  }

  /** A complete reset: registers to their defaults, then auto-negotiation starts by itself (iPXE never restarts it). */
  reset(): void {
    this.registers.set(defaults);
    this.page = 0;
    this.start();
  }

  /** CTRL.PHY_RST: a level; negotiation starts when it is released. */
  holdInReset(held: boolean): void {
    if (held === this.heldInReset) return;
    this.heldInReset = held;
    this.reset();
  }

  read(register: number): number {
    if (register > EXTENDED_STATUS && this.page !== 0) {
      return register === PORT_STATUS && GAIN_PAGES.includes(this.page) ? GAIN_OF_SHORT_CABLE : 0;
    }
    switch (register) {
      case STATUS:
        return this.readStatus();
      case PARTNER_ABILITY:
        return this.negotiated ? PARTNER_ABILITIES | PARTNER_ACKNOWLEDGED : PARTNER_ABILITIES;
      case GIGABIT_STATUS:
        return this.link ? GIGABIT_PARTNER : 0;
      case PORT_STATUS:
        return (this.speed + 1) << 14;
      case PAGE_SELECT:
        return 0;
      default:
        return this.registers[register]!;
    }
  }

  write(register: number, value: number): void {
    if (register === PAGE_SELECT) this.page = value & PAGE_MASK;
    else if (register === CONTROL) this.writeControl(value);
    else if (writable[register] === 1 && (register <= EXTENDED_STATUS || this.page === 0)) {
      this.registers[register] = value;
    }
  }

  private readStatus(): number {
    let status = STATUS_ABILITIES;
    if (this.negotiated) status |= STATUS_NEGOTIATED;
    if (this.loopback || (this.link && !this.linkWasLost)) status |= STATUS_LINK;
    this.linkWasLost = false;
    return status;
  }

  private writeControl(value: number): void {
    if ((value & CONTROL_RESET) !== 0) {
      this.reset();
      return;
    }
    const old = this.registers[CONTROL]!;
    this.registers[CONTROL] = value & CONTROL_STORED;
    const restart = (value & CONTROL_RESTART) !== 0 && (value & CONTROL_AUTO_NEGOTIATE) !== 0;
    const meaningful = (value & CONTROL_AUTO_NEGOTIATE) !== 0 ? CONTROL_MODE : CONTROL_STORED;
    if (restart || ((old ^ value) & meaningful) !== 0) this.start();
  }

  /** Takes the link down where it must be negotiated, or brings it to what the control register forces. */
  private start(): void {
    const { clock, trace, events } = this.context;
    const control = this.registers[CONTROL]!;
    clock.disarm(this.negotiation);
    this.negotiated = false;
    const usable = this.medium && !this.heldInReset && (control & (CONTROL_POWER_DOWN | CONTROL_LOOPBACK)) === 0;
    if ((control & CONTROL_AUTO_NEGOTIATE) !== 0) {
      this.setLink(false);
      if (usable) {
        if (trace.on[events.igb_link_negotiation_start] === 1) trace.emit(events.igb_link_negotiation_start);
        clock.arm(this.negotiation, clock.now() + AUTO_NEGOTIATION_NS);
      }
    } else {
      this.force(control);
      this.setLink(usable);
    }
    this.changed();
  }

  private negotiationDone(): void {
    const gigabit = this.registers[GIGABIT_CONTROL]!;
    const slower = this.registers[ADVERTISEMENT]!;
    const { trace, events } = this.context;
    if (trace.on[events.igb_link_negotiation_done] === 1) trace.emit(events.igb_link_negotiation_done);
    this.negotiated = true;
    if ((gigabit & ADVERTISE_1000) !== 0) {
      this.agree(2, (gigabit & ADVERTISE_1000_FULL) !== 0);
    } else if ((slower & ADVERTISE_100) !== 0) {
      this.agree(1, (slower & ADVERTISE_100_FULL) !== 0);
    } else if ((slower & ADVERTISE_10) !== 0) {
      this.agree(0, (slower & ADVERTISE_10_FULL) !== 0);
    }
    this.changed();
  }

  private agree(speed: number, fullDuplex: boolean): void {
    this.speed = speed;
    this.fullDuplex = fullDuplex;
    this.setLink(true);
  }

  private force(control: number): void {
    if ((control & CONTROL_SPEED_1000) !== 0) this.speed = 2;
    else this.speed = (control & CONTROL_SPEED_100) !== 0 ? 1 : 0;
    this.fullDuplex = (control & CONTROL_FULL_DUPLEX) !== 0;
  }

  private setLink(up: boolean): void {
    if (this.link && !up) this.linkWasLost = true;
    this.link = up;
  }
}

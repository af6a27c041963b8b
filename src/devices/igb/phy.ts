/**
 * The copper PHY behind MDIC (reference §8.1, §8.2): its registers, auto-negotiation with the partner at the other end, and its
 * own idea of the link. It has its own reset; the MAC's leaves it alone, so that the link stays (contradiction 17).
 */
import { makeTimer, type Timer } from '../../ports/index.ts';
import type { PortContext } from './context.ts';
import {
  acceptsForced,
  negotiate,
  ordinaryPartner,
  partnerAbilities,
  partnerGigabit,
  ability,
  type LinkPartner,
} from './link-partner.ts';

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
const CONTROL_ISOLATE = 0x0400;
const CONTROL_RESTART = 0x0200;
const CONTROL_FULL_DUPLEX = 0x0100;
const CONTROL_SPEED_1000 = 0x0040;
/** RESET and RESTART clear themselves; bits 5:0 are reserved. */
const CONTROL_STORED = 0xffc0 & ~(CONTROL_RESET | CONTROL_RESTART);
/** What changes the link while auto-negotiation decides on speed and duplex. */
const CONTROL_MODE = CONTROL_LOOPBACK | CONTROL_AUTO_NEGOTIATE | CONTROL_POWER_DOWN | CONTROL_ISOLATE;
const CONTROL_UNLINKED = CONTROL_LOOPBACK | CONTROL_POWER_DOWN | CONTROL_ISOLATE;

/** All of 10 and 100 Mb/s, extended status, management frames without preamble, auto-negotiation. */
const STATUS_ABILITIES = 0x7949;
const STATUS_NEGOTIATED = 0x0020;
const STATUS_LINK = 0x0004;
/** Next page ability of our own; the partner negotiates. */
const EXPANSION_NEXT_PAGE = 0x0004;
const EXPANSION_PARTNER = 0x0001;
/** We are master; both receivers are fine: Linux' watchdog waits for the remote one. */
const GIGABIT_RECEIVERS = 0x3000;
const GIGABIT_MASTER = 0x4000;
const GIGABIT_FORCED_MASTER = 0x1800;
const GIGABIT_FORCED = 0x1000;
/** The partner's abilities at 1000 Mb/s stand two bits higher in register 10 than ours in 9. */
const GIGABIT_PARTNER_SHIFT = 2;
const PORT_FULL_DUPLEX = 0x0200;
const PORT_LINK = 0x0400;
const PORT_CROSSED = 0x0800;
const PORT_SPEED_SHIFT = 14;
const PORT_CONTROL_AUTO_CROSS = 0x1000;
const PORT_CONTROL_CROSS = 0x2000;
/** Low-power link-up in D0: at the lowest speed. */
const POWER_LOW_SPEED = 0x0002;

/** Linux selects a page by writing the whole register number to register 31; its low five bits name no page. */
const PAGE_MASK = 0xffe0;
/** Registers with the gain of one wire pair each, from which Linux estimates the cable's length. Without a link they read 0. */
const GAIN: readonly number[] = [0x11b1, 0x12b1, 0x14b1, 0x18b1];
/** Index 10 of Linux' table, which makes 8 to 11 metres. */
const GAIN_OF_SHORT_CABLE = 0x1400;

const defaults = Uint16Array.from({ length: REGISTERS }, () => 0);
defaults[CONTROL] = CONTROL_AUTO_NEGOTIATE | CONTROL_FULL_DUPLEX | CONTROL_SPEED_1000;
defaults[IDENTIFIER_HIGH] = 0x02a8;
defaults[IDENTIFIER_LOW] = 0x0391;
defaults[ADVERTISEMENT] = 0x0de1;
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
  /** What software wrote to registers of pages, by their whole number; at most one entry for each of 65536. */
  private readonly paged: Map<number, number>;
  private readonly partner: LinkPartner;
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
  constructor(context: PortContext, changed: () => void, partner: LinkPartner = ordinaryPartner) {
    this.context = context;
    this.changed = changed;
    this.registers = Uint16Array.from(defaults);
    this.paged = new Map();
    this.partner = partner;
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
    this.paged.clear();
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
    if (register > EXTENDED_STATUS && register !== PAGE_SELECT && this.page !== 0) {
      return this.readPaged(this.page | register);
    }
    switch (register) {
      case STATUS:
        return this.readStatus();
      case PARTNER_ABILITY:
        return this.readPartner();
      case EXPANSION:
        return this.negotiated && this.partner.autoNegotiates
          ? EXPANSION_NEXT_PAGE | EXPANSION_PARTNER
          : EXPANSION_NEXT_PAGE;
      case GIGABIT_STATUS:
        return this.readGigabitStatus();
      case PORT_STATUS:
        return this.readPortStatus();
      case PAGE_SELECT:
        return 0;
      default:
        return this.registers[register]!;
    }
  }

  write(register: number, value: number): void {
    if (register === PAGE_SELECT) this.page = value & PAGE_MASK;
    else if (register === CONTROL) this.writeControl(value);
    else if (register > EXTENDED_STATUS && this.page !== 0) this.paged.set(this.page | register, value);
    else if (writable[register] === 1) this.registers[register] = value;
  }

  private readPaged(number: number): number {
    if (GAIN.includes(number)) return this.link ? GAIN_OF_SHORT_CABLE : 0;
    return this.paged.get(number) ?? 0;
  }

  /** What the partner has sent; one that does not negotiate shows the speed at which it was found. */
  private readPartner(): number {
    if (!this.negotiated) return 0;
    if (this.partner.autoNegotiates) return partnerAbilities(this.partner) | ability.acknowledged;
    return this.speed === 1 ? ability.half100 : ability.half10;
  }

  private readGigabitStatus(): number {
    if (!this.negotiated || !this.partner.autoNegotiates) return 0;
    let status = partnerGigabit(this.partner) << GIGABIT_PARTNER_SHIFT;
    if (!this.link || this.speed !== 2) return status;
    status |= GIGABIT_RECEIVERS;
    const wanted = this.registers[GIGABIT_CONTROL]! & GIGABIT_FORCED_MASTER;
    return wanted === GIGABIT_FORCED ? status : status | GIGABIT_MASTER;
  }

  private readPortStatus(): number {
    let status = (this.speed + 1) << PORT_SPEED_SHIFT;
    if (this.link) status |= this.fullDuplex ? PORT_LINK | PORT_FULL_DUPLEX : PORT_LINK;
    const control = this.registers[PORT_CONTROL]!;
    if ((control & (PORT_CONTROL_AUTO_CROSS | PORT_CONTROL_CROSS)) === PORT_CONTROL_CROSS) status |= PORT_CROSSED;
    return status;
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
    const usable = this.medium && !this.heldInReset && (control & CONTROL_UNLINKED) === 0;
    if ((control & CONTROL_AUTO_NEGOTIATE) !== 0) {
      this.setLink(false);
      if (usable) {
        if (trace.on[events.igb_link_negotiation_start] === 1) trace.emit(events.igb_link_negotiation_start);
        clock.arm(this.negotiation, clock.now() + AUTO_NEGOTIATION_NS);
      }
    } else {
      this.force(control);
      this.setLink(usable && acceptsForced(this.partner, this.speed));
    }
    this.changed();
  }

  private negotiationDone(): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_link_negotiation_done] === 1) trace.emit(events.igb_link_negotiation_done);
    const slowest = (this.registers[POWER_MANAGEMENT]! & POWER_LOW_SPEED) !== 0;
    const agreed = negotiate(this.registers[ADVERTISEMENT]!, this.registers[GIGABIT_CONTROL]!, this.partner, slowest);
    // Two that agree on nothing start over for ever; nothing in it changes until software changes something.
    this.negotiated = agreed !== undefined;
    if (agreed !== undefined) {
      this.speed = agreed.speed;
      this.fullDuplex = agreed.fullDuplex;
      this.setLink(true);
    }
    this.changed();
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

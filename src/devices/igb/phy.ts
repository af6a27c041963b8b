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
import {
  CONTROL,
  defaults,
  EXPANSION,
  GAIN,
  GAIN_OF_SHORT_CABLE,
  GIGABIT,
  PAGE_MASK,
  PORT,
  POWER_LOW_SPEED,
  REGISTER,
  STATUS,
  writable,
} from './phy-registers.ts';

/** From the start of auto-negotiation to the link; QEMU's qtest gives it 900 ms. */
export const AUTO_NEGOTIATION_NS = 500_000_000;

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
  /** As REGISTER.STATUS.SPEED has it: 0, 1, 2 for 10, 100, 1000 Mb/s. */
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
    return (this.registers[REGISTER.CONTROL]! & CONTROL.LOOPBACK) !== 0;
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
    if (register > REGISTER.EXTENDED_STATUS && register !== REGISTER.PAGE_SELECT && this.page !== 0) {
      return this.readPaged(this.page | register);
    }
    switch (register) {
      case REGISTER.STATUS:
        return this.readStatus();
      case REGISTER.PARTNER_ABILITY:
        return this.readPartner();
      case REGISTER.EXPANSION:
        return this.negotiated && this.partner.autoNegotiates
          ? EXPANSION.NEXT_PAGE | EXPANSION.PARTNER
          : EXPANSION.NEXT_PAGE;
      case REGISTER.GIGABIT_STATUS:
        return this.readGigabitStatus();
      case REGISTER.PORT_STATUS:
        return this.readPortStatus();
      case REGISTER.PAGE_SELECT:
        return 0;
      default:
        return this.registers[register]!;
    }
  }

  write(register: number, value: number): void {
    if (register === REGISTER.PAGE_SELECT) this.page = value & PAGE_MASK;
    else if (register === REGISTER.CONTROL) this.writeControl(value);
    else if (register > REGISTER.EXTENDED_STATUS && this.page !== 0) this.paged.set(this.page | register, value);
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
    let status = partnerGigabit(this.partner) << GIGABIT.PARTNER_SHIFT;
    if (!this.link || this.speed !== 2) return status;
    status |= GIGABIT.RECEIVERS;
    const wanted = this.registers[REGISTER.GIGABIT_CONTROL]! & GIGABIT.FORCED_MASTER;
    return wanted === GIGABIT.FORCED ? status : status | GIGABIT.MASTER;
  }

  private readPortStatus(): number {
    let status = (this.speed + 1) << PORT.SPEED_SHIFT;
    if (this.link) status |= this.fullDuplex ? PORT.LINK | PORT.FULL_DUPLEX : PORT.LINK;
    const control = this.registers[REGISTER.PORT_CONTROL]!;
    if ((control & (PORT.AUTO_CROSS | PORT.CROSS)) === PORT.CROSS) status |= PORT.CROSSED;
    return status;
  }

  private readStatus(): number {
    let status = STATUS.ABILITIES;
    if (this.negotiated) status |= STATUS.NEGOTIATED;
    if (this.loopback || (this.link && !this.linkWasLost)) status |= STATUS.LINK;
    this.linkWasLost = false;
    return status;
  }

  private writeControl(value: number): void {
    if ((value & CONTROL.RESET) !== 0) {
      this.reset();
      return;
    }
    const old = this.registers[REGISTER.CONTROL]!;
    this.registers[REGISTER.CONTROL] = value & CONTROL.STORED;
    const restart = (value & CONTROL.RESTART) !== 0 && (value & CONTROL.AUTO_NEGOTIATE) !== 0;
    const meaningful = (value & CONTROL.AUTO_NEGOTIATE) !== 0 ? CONTROL.MODE : CONTROL.STORED;
    if (restart || ((old ^ value) & meaningful) !== 0) this.start();
  }

  /** Takes the link down where it must be negotiated, or brings it to what the control register forces. */
  private start(): void {
    const { clock, trace, events } = this.context;
    const control = this.registers[REGISTER.CONTROL]!;
    clock.disarm(this.negotiation);
    this.negotiated = false;
    const usable = this.medium && !this.heldInReset && (control & CONTROL.UNLINKED) === 0;
    if ((control & CONTROL.AUTO_NEGOTIATE) !== 0) {
      this.setLink(false);
      if (usable) {
        if (trace.on[events.igb_link_negotiation_start] !== 0) trace.emit(events.igb_link_negotiation_start);
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
    if (trace.on[events.igb_link_negotiation_done] !== 0) trace.emit(events.igb_link_negotiation_done);
    const slowest = (this.registers[REGISTER.POWER_MANAGEMENT]! & POWER_LOW_SPEED) !== 0;
    const agreed = negotiate(
      this.registers[REGISTER.ADVERTISEMENT]!,
      this.registers[REGISTER.GIGABIT_CONTROL]!,
      this.partner,
      slowest,
    );
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
    if ((control & CONTROL.SPEED_1000) !== 0) this.speed = 2;
    else this.speed = (control & CONTROL.SPEED_100) !== 0 ? 1 : 0;
    this.fullDuplex = (control & CONTROL.FULL_DUPLEX) !== 0;
  }

  private setLink(up: boolean): void {
    if (this.link && !up) this.linkWasLost = true;
    this.link = up;
  }
}

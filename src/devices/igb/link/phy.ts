/**
 * The copper PHY behind MDIC (reference §8.1, §8.2): its registers, auto-negotiation with the partner at the other end, and its
 * own idea of the link. It has its own reset; the MAC's leaves it alone, so that the link stays (contradiction 17).
 */
import { makeTimer, type Timer } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { type CopperCable, gainOf, ordinaryCable } from './copper-cable.ts';
import {
  acceptsForced,
  type Agreement,
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
  DOWNSHIFTED,
  EXPANSION,
  GAIN,
  GIGABIT,
  PAGE_MASK,
  POLARITY,
  POLARITY_MASK,
  PORT,
  POWER_LOW_SPEED,
  REGISTER,
  SMART_SPEED,
  SMART_SPEED_ATTEMPTS,
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
  private readonly cable: CopperCable;
  private readonly negotiation: Timer;
  private page: number;
  private medium: boolean;
  private negotiated: boolean;
  /** BMSR.LINK latches low until it is read. */
  private linkWasLost: boolean;
  private heldInReset: boolean;
  /** Attempts at 1000 Mb/s in vain, since software or the cable last started them. */
  private failures: number;
  private downshifted: boolean;
  /** There is a link to the partner; loopback is apart. */
  link: boolean;
  /** As REGISTER.STATUS.SPEED has it: 0, 1, 2 for 10, 100, 1000 Mb/s. */
  speed: number;
  fullDuplex: boolean;

  /** `changed` is called whenever link, speed, duplex or loopback may have changed. */
  constructor(
    context: PortContext,
    changed: () => void,
    partner: LinkPartner = ordinaryPartner,
    cable: CopperCable = ordinaryCable,
  ) {
    this.context = context;
    this.changed = changed;
    this.registers = Uint16Array.from(defaults);
    this.paged = new Map();
    this.partner = partner;
    this.cable = cable;
    this.negotiation = makeTimer(() => this.negotiationDone());
    this.page = 0;
    this.medium = false;
    this.negotiated = false;
    this.linkWasLost = false;
    this.heldInReset = false;
    this.failures = 0;
    this.downshifted = false;
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
      case REGISTER.LINK_HEALTH:
        return this.downshifted ? DOWNSHIFTED : 0;
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
    else if (writable[register] === 1) {
      this.registers[register] = value;
      // Attempts go on for ever; only what is written here makes them end otherwise.
      if (register === REGISTER.PORT_CONFIGURATION && this.failures > 0 && !this.link) this.start();
    }
  }

  private readPaged(number: number): number {
    if (GAIN.includes(number)) return this.link ? gainOf(this.cable) : 0;
    const stored = this.paged.get(number) ?? 0;
    if (number !== POLARITY) return stored;
    const reversed = this.link && this.speed === 2 && this.cable.reversedPolarity;
    return reversed ? stored | POLARITY_MASK : stored & ~POLARITY_MASK;
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
    // At 100 Mb/s there is no polarity, and at 1000 it stands elsewhere.
    if (this.link && this.speed === 0 && this.cable.reversedPolarity) status |= PORT.REVERSED;
    const control = this.registers[REGISTER.PORT_CONTROL]!;
    const crosses = (control & PORT.AUTO_CROSS) !== 0 ? this.cable.crossed : (control & PORT.CROSS) !== 0;
    return crosses ? status | PORT.CROSSED : status;
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
    this.failures = 0;
    this.downshifted = false;
    const usable = this.medium && !this.heldInReset && (control & CONTROL.UNLINKED) === 0;
    if ((control & CONTROL.AUTO_NEGOTIATE) !== 0) {
      this.setLink(false);
      if (usable) {
        if (trace.on[events.igb_link_negotiation_start] !== 0) trace.emit(events.igb_link_negotiation_start);
        clock.arm(this.negotiation, clock.now() + AUTO_NEGOTIATION_NS);
      }
    } else {
      this.force(control);
      this.setLink(usable && acceptsForced(this.partner, this.speed) && this.carries(this.speed));
    }
    this.changed();
  }

  private negotiationDone(): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_link_negotiation_done] !== 0) trace.emit(events.igb_link_negotiation_done);
    let agreed = this.agree(this.registers[REGISTER.GIGABIT_CONTROL]!);
    if (agreed !== undefined && !this.carries(agreed.speed)) {
      this.failures += 1;
      const { clock } = this.context;
      if (this.failures < SMART_SPEED_ATTEMPTS) return clock.arm(this.negotiation, clock.now() + AUTO_NEGOTIATION_NS);
      this.downshifted = (this.registers[REGISTER.PORT_CONFIGURATION]! & SMART_SPEED) !== 0;
      agreed = this.downshifted ? this.agree(0) : undefined;
    }
    // Two that agree on nothing start over for ever; nothing in it changes until software changes something.
    this.negotiated = agreed !== undefined;
    if (agreed !== undefined) {
      this.speed = agreed.speed;
      this.fullDuplex = agreed.fullDuplex;
      this.setLink(true);
    }
    this.changed();
  }

  /** What both sides would do, the abilities at 1000 Mb/s being those given. */
  private agree(gigabit: number): Agreement | undefined {
    const slowest = (this.registers[REGISTER.POWER_MANAGEMENT]! & POWER_LOW_SPEED) !== 0;
    return negotiate(this.registers[REGISTER.ADVERTISEMENT]!, gigabit, this.partner, slowest);
  }

  private carries(speed: number): boolean {
    return speed < 2 || this.cable.pairs === 4;
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

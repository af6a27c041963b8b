/**
 * The link as the MAC has it, and STATUS (reference §2.3.2, §8.2): that of the PHY, or of the SerDes where CTRL_EXT.LINK_MODE
 * says so; it needs the wire's carrier and our own switch, and software's permission (CTRL.SLU).
 */
import type { PortContext } from '../context.ts';
import type { Interrupts } from '../interrupts/interrupts.ts';
import { Leds } from './leds.ts';
import type { CopperCable } from './copper-cable.ts';
import { ordinaryPartner, type LinkPartner } from './link-partner.ts';
import { Pcs } from './pcs.ts';
import { Phy } from './phy.ts';
import { pf } from '../tables/index.ts';

// As constants of the module: V8 folds their fields then, and does not through an import.
const { CTRL, STATUS } = pf;

export interface LinkOptions {
  /** The other end of the cable; a gigabit switch where not given. */
  readonly partner?: LinkPartner | undefined;
  /** What leads there from the PHY; a short one without fault where not given. */
  readonly cable?: CopperCable | undefined;
  /** Told when STATUS.LU has changed. */
  readonly changed?: () => void;
  /** The cable is in an SFP, at the SerDes, and not at the PHY. */
  readonly serdes?: boolean;
}

export class Link {
  readonly phy: Phy;
  readonly pcs: Pcs;
  readonly leds: Leds;
  private readonly context: PortContext;
  private readonly interrupts: Pick<Interrupts, 'raise'>;
  /** The switch that `set_link` of a monitor or `Nic.setLink` turns: a cable pulled on our side. */
  private pluggedIn: boolean;
  private virtualFunctions: number;
  private readonly serdes: boolean;
  private readonly changed: (() => void) | undefined;
  /** STATUS.LU. */
  up: boolean;

  constructor(context: PortContext, parts: { interrupts: Pick<Interrupts, 'raise'> }, options: LinkOptions = {}) {
    this.context = context;
    this.interrupts = parts.interrupts;
    const { partner = ordinaryPartner } = options;
    this.serdes = options.serdes === true;
    this.changed = options.changed;
    this.phy = new Phy(context, () => this.update(), partner, options.cable);
    this.pcs = new Pcs(context, () => this.update(), partner);
    this.leds = new Leds(context, { link: this });
    this.pluggedIn = true;
    this.virtualFunctions = 0;
    this.up = false;
  }

  /** Frames pass between port and wire. */
  get passing(): boolean {
    return this.up && !this.loopback;
  }

  /** What the port sends comes back to it: RCTL.LBM (MAC or transceiver), or the PHY's loopback. */
  get loopback(): boolean {
    const rctl = this.context.registers.values[pf.RCTL.index]!;
    return (rctl & (1 << pf.RCTL.LBM.shift)) !== 0 || this.looped;
  }

  /** What STATUS shows, as a number. */
  get speedMbps(): number {
    return SPEEDS[this.speedCode]!;
  }

  /** STATUS.SPEED. */
  get speedCode(): number {
    const { values } = this.context.registers;
    const ctrl = values[CTRL.index]!;
    const forced = (ctrl & CTRL.FRCSPD.mask) !== 0 || (values[pf.CTRL_EXT.index]! & pf.CTRL_EXT.SPD_BYPS.mask) !== 0;
    if (forced) return (ctrl & CTRL.SPEED.mask) >>> CTRL.SPEED.shift;
    return this.pcs.active ? SPEED_1000 : this.phy.speed;
  }

  /** STATUS.FD. */
  get fullDuplex(): boolean {
    const ctrl = this.context.registers.values[CTRL.index]!;
    if ((ctrl & CTRL.FRCDPX.mask) !== 0) return (ctrl & CTRL.FD.mask) !== 0;
    return this.pcs.active || this.phy.fullDuplex;
  }

  setLink(up: boolean): void {
    this.pluggedIn = up;
    this.carrierChanged();
  }

  carrierChanged(): void {
    const { trace, events, wire } = this.context;
    if (trace.on[events.igb_link_carrier] !== 0) trace.emit(events.igb_link_carrier, wire.carrier ? 1 : 0);
    (this.serdes ? this.pcs : this.phy).setMedium(this.pluggedIn && wire.carrier);
  }

  /** How many VFs the guest has enabled, for STATUS. */
  setVirtualFunctions(count: number): void {
    this.virtualFunctions = count;
  }

  /** CTRL, the PHY or the SerDes changed: a change of STATUS.LU raises LSC. */
  update(): void {
    const up = this.computeUp();
    const same = up === this.up;
    this.up = up;
    this.leds.update();
    if (same) return;
    const { trace, events } = this.context;
    if (trace.on[events.igb_link_status] !== 0) trace.emit(events.igb_link_status, up ? 1 : 0);
    this.interrupts.raise(pf.ICR.LSC.mask);
    this.changed?.();
  }

  /** After a reset of the MAC, which has cleared the causes: the state is taken over without an interrupt. */
  reset(): void {
    this.pcs.reset();
    this.up = this.computeUp();
    this.leds.update();
  }

  /** CTRL_EXT may change the medium, and turn the laser on or off. */
  controlExtendedWritten(): void {
    this.pcs.enableWritten();
    this.update();
  }

  /** STATUS but for PHYRA, which is stored, as is what reads as constant. */
  readStatus(): number {
    const { values } = this.context.registers;
    const ctrl = values[CTRL.index]!;
    let status = values[STATUS.index]! & ~COMPUTED;
    status |= (this.context.portNumber << STATUS.FUNC.shift) | (this.speedCode << STATUS.SPEED.shift);
    status |= STATUS.LAN_INIT_DONE.mask;
    if (this.fullDuplex) status |= STATUS.FD.mask;
    if (this.up) status |= STATUS.LU.mask;
    if (this.virtualFunctions > 0) {
      status |= STATUS.IOV_MODE.mask | (this.virtualFunctions << STATUS.NUM_VFS.shift);
    }
    if ((ctrl & CTRL.GIO_MASTER_DISABLE.mask) === 0) status |= STATUS.GIO_MASTER_ENABLE.mask;
    return status >>> 0;
  }

  /** A written zero clears PHYRA; nothing else can be written. */
  writeStatus(value: number): void {
    if ((value & STATUS.PHYRA.mask) === 0) this.context.registers.values[STATUS.index]! &= ~STATUS.PHYRA.mask;
  }

  /** The PHY's loopback, or the serialiser's. */
  private get looped(): boolean {
    return this.phy.loopback || this.pcs.loopback;
  }

  private computeUp(): boolean {
    if (this.looped) return true;
    return (
      (this.pcs.active ? this.pcs.link : this.phy.link) &&
      (this.context.registers.values[CTRL.index]! & CTRL.SLU.mask) !== 0
    );
  }
}

/** By STATUS.SPEED. */
const SPEEDS = [10, 100, 1000, 1000] as const;
const SPEED_1000 = 2;

const COMPUTED =
  STATUS.FD.mask |
  STATUS.LU.mask |
  STATUS.FUNC.mask |
  STATUS.SPEED.mask |
  STATUS.NUM_VFS.mask |
  STATUS.IOV_MODE.mask |
  STATUS.GIO_MASTER_ENABLE.mask;

/**
 * The physical coding sublayer of the SerDes, for boards with an SFP cage (reference §2.13): 1000BASE-X, always 1000 Mb/s and
 * full duplex. Linux takes the link from PCS_LSTAT there, and negotiates by PCS_LCTL, PCS_ANADV and PCS_LPAB.
 */
import { makeTimer, type Timer } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pauseBits, type LinkPartner } from './link-partner.ts';
import { pf } from '../tables/index.ts';

/** Clause 37 has two link timers of 10 ms each. */
export const PCS_NEGOTIATION_NS = 20_000_000;

/** PCS_ANADV and PCS_LPAB in the bits of 1000BASE-X. */
const FULL_DUPLEX = 0x0020;
const HALF_DUPLEX = 0x0040;
const PAUSE = 0x0080;
const ASYMMETRIC_PAUSE = 0x0100;
const ACKNOWLEDGED = 0x4000;
/** SCTL: the serialiser's loopback is on; 400 turns it off. */
const SCTL_LOOPBACK = 0x0410;
const LINK_MODE_SERDES = 3;
const LINK_MODE_KX = 1;

export class Pcs {
  private readonly context: PortContext;
  private readonly changed: () => void;
  private readonly partner: LinkPartner;
  private readonly negotiation: Timer;
  private medium: boolean;
  private negotiated: boolean;
  private wasUsable: boolean;
  /** PCS_LSTAT.LINK_OK. */
  link: boolean;

  /** `changed` is called whenever the link may have changed. */
  constructor(context: PortContext, changed: () => void, partner: LinkPartner) {
    this.context = context;
    this.changed = changed;
    this.partner = partner;
    this.negotiation = makeTimer(() => this.negotiationDone());
    this.medium = false;
    this.negotiated = false;
    this.wasUsable = false;
    this.link = false;
  }

  /** The link goes over the SerDes and not the copper PHY (CTRL_EXT.LINK_MODE). */
  get active(): boolean {
    const mode = (this.context.registers.values[pf.CTRL_EXT.index]! & pf.CTRL_EXT.LINK_MODE.mask) >>> MODE_SHIFT;
    return mode === LINK_MODE_SERDES || mode === LINK_MODE_KX;
  }

  get loopback(): boolean {
    return this.active && (this.context.registers.values[pf.SCTL.index]! & SCTL_LOOPBACK) === SCTL_LOOPBACK;
  }

  setMedium(present: boolean): void {
    if (present === this.medium) return;
    this.medium = present;
    this.start();
  }

  /**
   * After a reset of the MAC. The sublayer is on then, and negotiates: Linux turns it on when an interface goes up, but not
   * after the resets that follow, and expects a link.
   */
  reset(): void {
    const { values } = this.context.registers;
    if (!this.active) return;
    values[pf.PCS_CFG0.index]! |= pf.PCS_CFG0.PCS_EN.mask;
    values[pf.PCS_LCTL.index]! |= pf.PCS_LCTL.AN_ENABLE.mask;
    this.start();
  }

  /** PCS_LCTL was written; AN_RESTART clears itself. */
  controlWritten(value: number, before: number): void {
    const { AN_ENABLE, AN_RESTART, FSD, FORCE_LINK } = pf.PCS_LCTL;
    const mode = AN_ENABLE.mask | FSD.mask | FORCE_LINK.mask;
    if ((value & AN_RESTART.mask) !== 0 || ((before ^ value) & mode) !== 0) this.start();
  }

  /** PCS_CFG0 or CTRL_EXT was written. */
  enableWritten(): void {
    if (this.usable !== this.wasUsable) this.start();
  }

  readStatus(): number {
    const { LINK_OK, SPEED_1000, DUPLEX_FULL, SYNC_OK, AN_COMPLETE } = pf.PCS_LSTAT;
    if (!this.active) return 0;
    let status = SPEED_1000.mask | DUPLEX_FULL.mask;
    if (this.usable || this.loopback) status |= SYNC_OK.mask;
    if (this.link || this.loopback) status |= LINK_OK.mask;
    if (this.negotiated) status |= AN_COMPLETE.mask;
    return status;
  }

  readPartner(): number {
    if (!this.negotiated) return 0;
    const [symmetric, asymmetric] = pauseBits[this.partner.pause];
    let bits = ACKNOWLEDGED | (this.partner.fullDuplex ? FULL_DUPLEX : HALF_DUPLEX);
    if (symmetric) bits |= PAUSE;
    if (asymmetric) bits |= ASYMMETRIC_PAUSE;
    return bits;
  }

  /** Light comes in, ours goes out (SDP3 is TX_DISABLE), the sublayer is on, and the partner speaks 1000BASE-X. */
  private get usable(): boolean {
    const { values } = this.context.registers;
    if (!this.active || !this.medium || this.partner.speedMbps !== 1000) return false;
    if ((values[pf.CTRL_EXT.index]! & pf.CTRL_EXT.SDP3_DATA.mask) !== 0) return false;
    return (values[pf.PCS_CFG0.index]! & pf.PCS_CFG0.PCS_EN.mask) !== 0;
  }

  private start(): void {
    const { clock, registers } = this.context;
    const control = registers.values[pf.PCS_LCTL.index]!;
    const { AN_ENABLE, FSD, FORCE_LINK } = pf.PCS_LCTL;
    clock.disarm(this.negotiation);
    this.negotiated = false;
    this.wasUsable = this.usable;
    const negotiates = (control & AN_ENABLE.mask) !== 0;
    this.link = this.usable && !negotiates && (control & (FSD.mask | FORCE_LINK.mask)) !== 0;
    if (this.usable && negotiates) clock.arm(this.negotiation, clock.now() + PCS_NEGOTIATION_NS);
    this.changed();
  }

  /** A partner that is fixed is taken as it is where AN_TIMEOUT allows it; one that does half duplex only is not. */
  private negotiationDone(): void {
    const control = this.context.registers.values[pf.PCS_LCTL.index]!;
    this.negotiated = this.partner.autoNegotiates && this.partner.fullDuplex;
    const fixed = !this.partner.autoNegotiates && (control & pf.PCS_LCTL.AN_TIMEOUT.mask) !== 0;
    this.link = this.negotiated || fixed;
    this.changed();
  }
}

const MODE_SHIFT = pf.CTRL_EXT.LINK_MODE.shift;

/** The other end of the cable, as far as the link depends on it: what it can do, in the form that both sides exchange. */

/** IEEE 802.3's two bits: what a station says of pause frames. */
export type PauseAbility = 'none' | 'symmetric' | 'asymmetric' | 'both';

export interface LinkPartner {
  /** Without, its speed and duplex are fixed, and we find out the speed only. */
  readonly autoNegotiates: boolean;
  /** The highest of 10, 100, 1000 Mb/s that it does; the only one without auto-negotiation. */
  readonly speedMbps: 10 | 100 | 1000;
  /** It does full duplex beside half. */
  readonly fullDuplex: boolean;
  readonly pause: PauseAbility;
}

/** A gigabit switch. */
export const ordinaryPartner: LinkPartner = {
  autoNegotiates: true,
  speedMbps: 1000,
  fullDuplex: true,
  pause: 'symmetric',
};

/** Bits of registers 4 and 5 (advertisement and what the partner advertises), and of 9. */
export const ability = {
  selector: 0x0001,
  half10: 0x0020,
  full10: 0x0040,
  half100: 0x0080,
  full100: 0x0100,
  pause: 0x0400,
  asymmetric: 0x0800,
  acknowledged: 0x4000,
  half1000: 0x0100,
  full1000: 0x0200,
} as const;

/** Pause bits: symmetric, and asymmetric towards the other side. */
export const pauseBits: Readonly<Record<PauseAbility, readonly [symmetric: boolean, asymmetric: boolean]>> = {
  none: [false, false],
  symmetric: [true, false],
  asymmetric: [false, true],
  both: [true, true],
};

/** Its abilities at 10 and 100 Mb/s and with pause frames, as register 5 has them. */
export function partnerAbilities(partner: LinkPartner): number {
  let bits = ability.selector | ability.half10;
  if (partner.fullDuplex) bits |= ability.full10;
  if (partner.speedMbps >= 100) bits |= partner.fullDuplex ? ability.half100 | ability.full100 : ability.half100;
  const [symmetric, asymmetric] = pauseBits[partner.pause];
  if (symmetric) bits |= ability.pause;
  if (asymmetric) bits |= ability.asymmetric;
  return bits;
}

/** Its abilities at 1000 Mb/s, in the bits of register 9; register 10 has them two higher. */
export function partnerGigabit(partner: LinkPartner): number {
  if (partner.speedMbps < 1000) return 0;
  return partner.fullDuplex ? ability.half1000 | ability.full1000 : ability.half1000;
}

/** What both sides agreed on: speed as STATUS.SPEED has it, and duplex. */
export interface Agreement {
  readonly speed: 0 | 1 | 2;
  readonly fullDuplex: boolean;
}

const choices: readonly (Agreement & { readonly bit: number; readonly gigabit: boolean })[] = [
  { bit: ability.full1000, gigabit: true, speed: 2, fullDuplex: true },
  { bit: ability.half1000, gigabit: true, speed: 2, fullDuplex: false },
  { bit: ability.full100, gigabit: false, speed: 1, fullDuplex: true },
  { bit: ability.half100, gigabit: false, speed: 1, fullDuplex: false },
  { bit: ability.full10, gigabit: false, speed: 0, fullDuplex: true },
  { bit: ability.half10, gigabit: false, speed: 0, fullDuplex: false },
];

/**
 * The best that both can do (IEEE 802.3 annex 28B.3), or the slowest where `slowest`; undefined where they have nothing in
 * common. A partner that does not negotiate is found at its speed, always with half duplex (parallel detection).
 */
export function negotiate(
  advertised: number,
  advertisedGigabit: number,
  partner: LinkPartner,
  slowest: boolean,
): Agreement | undefined {
  let common = advertised & partnerAbilities(partner);
  let gigabit = advertisedGigabit & partnerGigabit(partner);
  if (!partner.autoNegotiates) {
    gigabit = 0;
    if (partner.speedMbps === 1000) return undefined;
    common =
      advertised & (partner.speedMbps === 100 ? ability.half100 | ability.full100 : ability.half10 | ability.full10);
    return common === 0 ? undefined : { speed: partner.speedMbps === 100 ? 1 : 0, fullDuplex: false };
  }
  const possible = choices.filter((choice) => ((choice.gigabit ? gigabit : common) & choice.bit) !== 0);
  return slowest ? slowestOf(possible) : possible[0];
}

/** Low-power link-up: the lowest speed, with full duplex where that speed has it. */
function slowestOf(possible: readonly Agreement[]): Agreement | undefined {
  const speed = possible.at(-1)?.speed;
  return possible.find((choice) => choice.speed === speed);
}

/** A partner at the other end links with a side that is fixed to `speed`. */
export function acceptsForced(partner: LinkPartner, speed: number): boolean {
  const highest = partner.speedMbps === 1000 ? 2 : partner.speedMbps === 100 ? 1 : 0;
  return partner.autoNegotiates ? speed <= highest : speed === highest;
}

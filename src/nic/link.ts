/** The port's link as configuration and statistics have it. */
import type { CopperCable } from '../devices/igb/link/copper-cable.ts';
import { ledStates } from '../devices/igb/link/leds.ts';
import type { LinkPartner } from '../devices/igb/link/link-partner.ts';
import type { IgbPort } from '../devices/igb/port.ts';
import type { NicConfig } from './config.ts';
import type { NicStatistics } from './nic-statistics.ts';

export function partnerOf({ linkPartner }: NicConfig): LinkPartner {
  const { speed, duplex, autoneg, pause } = linkPartner;
  return { speedMbps: speed, fullDuplex: duplex === 'full', autoNegotiates: autoneg, pause };
}

export function cableOf({ cable }: NicConfig): CopperCable {
  const { length, crossed, polarity, pairs } = cable;
  return { metres: length, crossed, reversedPolarity: polarity === 'reversed', pairs };
}

/** Speed in Mb/s (0 without a link) and duplex, and each LED: 0 off, 1 on, 2 blinking, 3 flickering with traffic. */
export function linkStatistics(port: IgbPort): NicStatistics {
  const { link } = port.blocks;
  const leds = link.leds.ledState().map((state, led): [string, number] => [`led${led}`, ledStates.indexOf(state)]);
  return {
    linkSpeed: link.up ? link.speedMbps : 0,
    linkFullDuplex: link.up && link.fullDuplex ? 1 : 0,
    ...Object.fromEntries(leds),
    ledChanges: link.leds.changes,
  };
}

/** What wakes a card in D3hot. */
import type { Station } from './station.ts';

/** WUS after a frame that came in D3hot; `look` reads more of what woke it. */
export function asleep(station: Station, wufc: number, frame: Uint8Array, look: () => void = () => undefined): number {
  station.start();
  station.set('WUS', 0xffff_ffff);
  station.set('WUFC', wufc);
  station.set('WUC', 2);
  station.pf.configWrite(0x44, 2, 0x0103);
  station.wire.send(frame);
  station.wait(1e6);
  station.pf.configWrite(0x44, 2, 0x8100);
  station.wait(20e6);
  station.machine.reset();
  const status = station.get('WUS');
  look();
  station.set('WUS', 0xffff_ffff);
  station.set('WUFC', 0);
  station.set('WUC', 0);
  return status;
}

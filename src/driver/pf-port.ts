/** Reset and bring-up of a port by its PF, in Linux' order where it matters (reference §1.5, §9.2, §9.3). Nothing here waits. */
import { pf } from '../devices/igb/tables/index.ts';
import { read, update, write, type RegisterBus } from './bus.ts';
import { POOLS } from './pools.ts';

const ALL = 0xffff_ffff;
const WORDS = 128;
/** Longest frame that the chip can take, FCS included; what Linux writes to RLPML. */
export const LONGEST_FRAME = 0x2600;

/** CTRL.RST, with DMA and both directions stopped before and no interrupt left after. */
export function resetPort(bus: RegisterBus): void {
  update(bus, pf.CTRL, 0, pf.CTRL.GIO_MASTER_DISABLE.mask);
  write(bus, pf.IMC, ALL);
  write(bus, pf.RCTL, 0);
  write(bus, pf.TCTL, pf.TCTL.PSP.mask);
  read(bus, pf.STATUS);
  update(bus, pf.CTRL, 0, pf.CTRL.RST.mask);
  // AUTO_RD: nothing may be written before the reset is over.
  read(bus, pf.EECD);
  write(bus, pf.IMC, ALL);
  read(bus, pf.ICR);
}

/** Empty filters, and the link may come up: the PHY negotiates by itself. */
export function initialisePort(bus: RegisterBus): void {
  for (let word = 0; word < WORDS; word += 1) {
    write(bus, pf.VFTA, 0, word);
    write(bus, pf.MTA, 0, word);
    write(bus, pf.UTA, 0, word);
  }
  write(bus, pf.VET, 0x8100);
  update(bus, pf.CTRL, pf.CTRL.FRCSPD.mask | pf.CTRL.FRCDPX.mask, pf.CTRL.SLU.mask);
  update(bus, pf.CTRL_EXT, 0, pf.CTRL_EXT.DRV_LOAD.mask);
}

/** Both directions on, VLANs filtered, long frames up to what each pool allows. */
export function startPort(bus: RegisterBus): void {
  write(bus, pf.RLPML, LONGEST_FRAME);
  const filters = pf.RCTL.BAM.mask | pf.RCTL.VFE.mask;
  write(bus, pf.RCTL, pf.RCTL.EN.mask | filters | pf.RCTL.LPE.mask | pf.RCTL.SECRC.mask);
  update(bus, pf.TCTL, pf.TCTL.CT.mask, pf.TCTL.EN.mask | pf.TCTL.PSP.mask | pf.TCTL.RTLC.mask | (0xf << 4));
}

/** MSI-X with one vector, 0, for `causes`; the others belong to VFs. It masks itself until `rearm`. */
export function enableInterrupts(bus: RegisterBus, causes: number): void {
  const { GPIE } = pf;
  write(bus, GPIE, GPIE.MULTIPLE_MSIX.mask | GPIE.PBA_SUPPORT.mask | GPIE.EIAME.mask | GPIE.NSICR.mask);
  write(bus, pf.IVAR_MISC, pf.IVAR_MISC.OTHER_VALID.mask);
  read(bus, pf.ICR);
  update(bus, pf.EIAC, 0, 1);
  update(bus, pf.EIAM, 0, 1);
  write(bus, pf.EIMS, 1);
  write(bus, pf.MBVFIMR, 0xff);
  write(bus, pf.IMS, causes);
}

/** No interrupt of the PF any more. */
export function disableInterrupts(bus: RegisterBus): void {
  update(bus, pf.EIAM, 1, 0);
  write(bus, pf.EIMC, 1);
  update(bus, pf.EIAC, 1, 0);
  write(bus, pf.IMC, ALL);
}

/** Vector 0 may come again; one that waited comes now. */
export function rearm(bus: RegisterBus): void {
  write(bus, pf.EIMS, 1);
}

/**
 * Ends what a driver of the PF had of its own and leaves the pools of `pools`, a bit each, as they are: no interrupt, no
 * queue, no default pool and no promiscuous mode of the PF.
 */
export function retirePf(bus: RegisterBus, pools: number): void {
  write(bus, pf.IMC, ALL);
  for (let queue = 0; queue < pf.RXDCTL.count; queue += 1) {
    if (((pools >>> (queue % POOLS)) & 1) === 1) continue;
    update(bus, pf.RXDCTL, pf.RXDCTL.ENABLE.mask, 0, queue);
    update(bus, pf.TXDCTL, pf.TXDCTL.ENABLE.mask, 0, queue);
  }
  write(bus, pf.VT_CTL, pf.VT_CTL.REPL_EN.mask | pf.VT_CTL.DIS_DEF_POOL.mask);
}

/** CTRL_EXT.PFRSTD: the VFs may talk. */
export function announceReady(bus: RegisterBus): void {
  update(bus, pf.CTRL_EXT, 0, pf.CTRL_EXT.PFRSTD.mask);
}

/** Link speed in Mb/s, 0 where there is no link. */
export function linkSpeed(bus: RegisterBus): number {
  const status = read(bus, pf.STATUS);
  if ((status & pf.STATUS.LU.mask) === 0) return 0;
  return [10, 100, 1000, 1000][(status & pf.STATUS.SPEED.mask) >>> pf.STATUS.SPEED.shift]!;
}

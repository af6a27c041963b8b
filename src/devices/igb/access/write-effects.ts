/** What writes of registers do besides being stored: one dense switch. */
import { QUEUES, type PortContext } from '../context.ts';
import { onWrite, unhandled, type WriteAction } from './hooks.ts';
import type { PortBlocks } from '../port-blocks.ts';
import type { PortResetKind } from '../reset.ts';
import { pf } from '../tables/index.ts';

const { CTRL, CTRL_EXT, EIAC, EIAM, PVTCTRL, RXDCTL, STATUS, TCTL, TXDCTL } = pf;

export class WriteEffects {
  private readonly context: PortContext;
  private readonly blocks: PortBlocks;
  private readonly reset: (kind: PortResetKind) => void;

  constructor(context: PortContext, blocks: PortBlocks, reset: (kind: PortResetKind) => void) {
    this.context = context;
    this.blocks = blocks;
    this.reset = reset;
  }

  /** `value` is what was written, `before` what was stored; the plain store is done. */
  run(action: Exclude<WriteAction, 0>, element: number, value: number, before: number): void {
    const { interrupts, mailbox, time, transmit, receive, vfInterrupts } = this.blocks;
    switch (action) {
      case onWrite.tdt:
        return transmit.tailWritten(element);
      case onWrite.rdt:
        return receive.tailWritten(element);
      case onWrite.eims:
        return interrupts.writeEims(value, before);
      case onWrite.ims:
        return interrupts.writeIms(value, before);
      case onWrite.imc:
        return interrupts.writeImc(value);
      case onWrite.eimc:
        return interrupts.writeEimc(value);
      case onWrite.eitr:
        return interrupts.writeEitr(element, value, before);
      case onWrite.icr:
        return interrupts.writeIcr(value, before);
      case onWrite.eicr:
        return interrupts.writeEicr(value, before);
      case onWrite.ics:
        return interrupts.writeIcs(value);
      case onWrite.eics:
        return interrupts.writeEics(value);
      case onWrite.gpie:
        return interrupts.modeChanged();
      case onWrite.pbaclr:
        return interrupts.messages.clearPending(value);
      case onWrite.ctrl:
        return this.writeCtrl(value, before);
      case onWrite.ctrlext:
        return this.writeCtrlExt(value);
      case onWrite.status:
        return this.blocks.link.writeStatus(value);
      case onWrite.fla:
        return this.blocks.flash.writeFla(value);
      case onWrite.eecd:
        return this.blocks.nvm.writeEecd(value);
      case onWrite.eerd:
        return this.blocks.nvm.writeEerd(value);
      case onWrite.eewr:
        return this.blocks.nvm.writeEewr(value);
      case onWrite.pcscfg0:
        return this.blocks.link.pcs.enableWritten();
      case onWrite.pcslctl:
        return this.blocks.link.pcs.controlWritten(value, before);
      case onWrite.sctl:
        return this.blocks.link.update();
      case onWrite.ledctl:
        return this.blocks.link.leds.update();
      case onWrite.mdic:
        return this.blocks.mdic.written(value);
      case onWrite.i2ccmd:
        return this.blocks.i2c.written(value);
      case onWrite.swsm:
        return this.blocks.semaphores.writeSwsm();
      case onWrite.swfwsync:
        return this.blocks.semaphores.writeSwFwSync(value);
      case onWrite.rxdctl:
        if ((value & RXDCTL.SWFLSH.mask) !== 0) receive.flushWriteBacks(element);
        return receive.controlWritten(element);
      case onWrite.srrctl:
        return receive.controlWritten(element);
      case onWrite.rctl:
      case onWrite.qde:
      case onWrite.vfre:
        return receive.controlWritten(-1);
      case onWrite.tctl:
        if ((value & TCTL.SWXOFF.mask) !== 0) this.blocks.flow.softwareXoff();
        return this.transmitControlWritten();
      case onWrite.vfte:
        return this.transmitControlWritten();
      case onWrite.mrqc:
        receive.controlWritten(-1);
        return this.transmitControlWritten();
      case onWrite.txdctl:
        if ((value & TXDCTL.SWFLSH.mask) !== 0) transmit.flushWriteBacks(element);
        return transmit.controlWritten(element);
      case onWrite.rttdqsel:
        return transmit.rateSelected();
      case onWrite.rttbcnrc:
        return transmit.rateWritten();
      case onWrite.p2vmailbox:
        return mailbox.writePf(element, value);
      case onWrite.v2pmailbox:
        return mailbox.writeVf(element, value);
      case onWrite.mbvfimr:
        return mailbox.maskWritten(before);
      case onWrite.pvtctrl:
        if ((value & PVTCTRL.RST.mask) !== 0) this.blocks.vfResources.reset(element, 'software');
        return;
      case onWrite.pvteics:
        return vfInterrupts.setCauses(element, value);
      case onWrite.pvteims:
        return vfInterrupts.unmask(element, value);
      case onWrite.pvteimc:
        return vfInterrupts.mask(element, value);
      case onWrite.pvteiac:
        return vfInterrupts.replace(EIAC.index, element, value);
      case onWrite.pvteiam:
        return vfInterrupts.replace(EIAM.index, element, value);
      case onWrite.pvteicr:
        return vfInterrupts.clearCauses(element, value);
      case onWrite.systiml:
        return time.writeSystiml(value);
      case onWrite.systimh:
        return time.writeSystimh(value);
      case onWrite.timinca:
        return time.writeTiminca(before);
      case onWrite.tcptimer:
        return this.blocks.tcpTimer.written(value);
      case onWrite.timadjh:
        return time.writeTimadjh(value);
      case onWrite.tsauxc:
        return this.blocks.auxiliary.controlWritten(value, before);
      case onWrite.trgttiml:
      case onWrite.trgttimh:
        return this.blocks.auxiliary.targetsChanged();
      case onWrite.freqout:
        return this.blocks.auxiliary.cycleWritten(element);
      case onWrite.wuc:
        return this.blocks.wake.writeControl(value);
      case onWrite.eiac:
      case onWrite.eiam:
      case onWrite.iam:
      case onWrite.tsynctxctl:
      case onWrite.tsyncrxctl:
      case onWrite.mbvficr:
      case onWrite.vflre:
        return;
      default:
        unhandled(action);
    }
  }

  /**
   * RST clears itself and what it resets; SLU of that same write holds (QEMU's qtest writes the two together and expects a
   * link). The PHY follows PHY_RST for as long as it is set.
   */
  private writeCtrl(value: number, before: number): void {
    const { values } = this.context.registers;
    if (((value ^ before) & CTRL.PHY_RST.mask) !== 0) this.holdPhy((value & CTRL.PHY_RST.mask) !== 0);
    if ((value & CTRL.RST.mask) !== 0) {
      this.reset('software');
      values[CTRL.index]! |= value & CTRL.SLU.mask;
      this.blocks.link.reset();
      return;
    }
    this.blocks.link.update();
    this.blocks.flow.controlWritten();
    if ((before & ~value & CTRL.GIO_MASTER_DISABLE.mask) !== 0) {
      this.blocks.receive.controlWritten(-1);
      this.transmitControlWritten();
    }
  }

  private holdPhy(held: boolean): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_reset_phy] !== 0) trace.emit(events.igb_reset_phy, held ? 1 : 0);
    if (held) this.context.registers.values[STATUS.index]! |= STATUS.PHYRA.mask;
    this.blocks.link.phy.holdInReset(held);
  }

  private writeCtrlExt(value: number): void {
    if ((value & CTRL_EXT.EE_RST.mask) !== 0) this.blocks.nvm.load();
    if ((value & CTRL_EXT.PFRSTD.mask) !== 0) this.blocks.mailbox.resetDone();
    this.blocks.link.controlExtendedWritten();
  }

  private transmitControlWritten(): void {
    for (let queue = 0; queue < QUEUES; queue += 1) this.blocks.transmit.controlWritten(queue);
  }
}

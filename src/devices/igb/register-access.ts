/**
 * What software sees of a port: reads and writes of the register window, each a plain access and then, by one dense switch, its
 * side effect. Any offset and any value is answered at once; nothing throws.
 */
import { QUEUES, type PortContext } from './context.ts';
import type { FlowControl } from './flow-control.ts';
import {
  onRead,
  onWrite,
  readActions,
  readOnly,
  steering,
  writeActions,
  type ReadAction,
  type WriteAction,
} from './hooks.ts';
import type { I2c } from './i2c.ts';
import type { Interrupts } from './interrupts.ts';
import type { Link } from './link.ts';
import type { Mailbox } from './mailbox.ts';
import type { Mdic } from './mdic.ts';
import type { Flash } from './flash.ts';
import type { Nvm } from './nvm.ts';
import type { SoftwarePins } from './pins.ts';
import type { PortResetKind } from './reset.ts';
import type { Semaphores } from './semaphores.ts';
import type { Statistics } from './statistics.ts';
import { pf, pfPlan, pfWindowBytes } from './tables/index.ts';
import type { TcpTimer } from './tcp-timer.ts';
import type { TimeAuxiliary } from './time-auxiliary.ts';
import type { PortTime } from './time.ts';
import type { TransmitEngine } from './tx/index.ts';
import type { VfInterrupts } from './vf-interrupts.ts';
import type { VfResources } from './vf-resources.ts';
import type { WakeUp } from './wake-up.ts';

/** A side of the data path, as far as registers control it. */
export interface QueueEngine {
  tailWritten(queue: number): void;
  /** Something that gates queues was written; -1 where it gates all of them. */
  controlWritten(queue: number): void;
  /** SWFLSH: descriptors that are done and held back are written back now. */
  flushWriteBacks(queue: number): void;
  /** Registers of one queue have been reset, as a VF's reset does. */
  resetQueue(queue: number): void;
  reset(): void;
}

/** The blocks that registers act on. */
export interface PortBlocks {
  readonly interrupts: Interrupts;
  readonly link: Link;
  readonly flow: FlowControl;
  readonly wake: WakeUp;
  readonly mdic: Mdic;
  readonly i2c: I2c;
  readonly nvm: Nvm;
  readonly flash: Flash;
  readonly time: PortTime;
  readonly auxiliary: TimeAuxiliary;
  readonly pins: SoftwarePins;
  readonly tcpTimer: TcpTimer;
  readonly mailbox: Mailbox;
  readonly vfInterrupts: VfInterrupts;
  readonly vfResources: VfResources;
  readonly semaphores: Semaphores;
  readonly statistics: Statistics;
  readonly transmit: QueueEngine & Pick<TransmitEngine, 'rateSelected' | 'rateWritten'>;
  readonly receive: QueueEngine;
}

export class RegisterAccess {
  private readonly context: PortContext;
  private readonly blocks: PortBlocks;
  private readonly reset: (kind: PortResetKind) => void;
  /** Dwords whose first odd use has been traced. */
  private readonly noted: Uint8Array;

  constructor(context: PortContext, blocks: PortBlocks, reset: (kind: PortResetKind) => void) {
    this.context = context;
    this.blocks = blocks;
    this.reset = reset;
    this.noted = new Uint8Array(pfPlan.dwords);
  }

  /** A dword read as software makes it, side effects included. Any offset: 17 bits of it are decoded. */
  read(offset: number): number {
    const at = offset & (pfWindowBytes - 4);
    const dword = at >>> 2;
    const value = this.readAction(readActions[dword]! as ReadAction, dword);
    const { trace, events } = this.context;
    if (trace.on[events.igb_reg_read] !== 0) trace.emit(events.igb_reg_read, at, value);
    if (pfPlan.register[dword] === 0) this.note(dword, events.igb_reg_read_unknown);
    return value;
  }

  /** A dword write as software makes it. */
  write(offset: number, value: number): void {
    const at = offset & (pfWindowBytes - 4);
    const dword = at >>> 2;
    const { trace, events } = this.context;
    if (trace.on[events.igb_reg_write] !== 0) trace.emit(events.igb_reg_write, at, value >>> 0);
    if (pfPlan.register[dword] === 0) {
      this.note(dword, events.igb_reg_write_unknown);
      return;
    }
    if (pfPlan.inert[dword] === 1) this.note(dword, events.igb_reg_inert);
    if (readOnly[dword] === 1 && trace.on[events.igb_guest_error_register_read_only] !== 0) {
      trace.emit(events.igb_guest_error_register_read_only, at, value >>> 0);
    }
    const before = this.context.registers.write(pfPlan.storage[dword]!, value);
    this.context.settings.version += steering[dword]!;
    const action = writeActions[dword]! as WriteAction;
    if (action !== 0) this.writeAction(action, pfPlan.element[dword]!, value >>> 0, before);
  }

  /** What `read` would give, without any effect: for monitors, dumps and tests. */
  peek(offset: number): number {
    const at = offset & (pfWindowBytes - 4);
    switch (readActions[at >>> 2]) {
      case onRead.icr:
      case onRead.ics:
        return this.blocks.interrupts.peekIcr();
      case onRead.eicr:
      case onRead.eics:
        return this.blocks.interrupts.peekEicr();
      case onRead.imc:
        return this.context.registers.values[pf.IMS.index]!;
      case onRead.eimc:
        return this.context.registers.values[pf.EIMS.index]!;
      case onRead.status:
      case onRead.pvtstatus:
        return this.blocks.link.readStatus();
      case onRead.swsm:
        return this.blocks.semaphores.peekSwsm();
      case onRead.swfwsync:
        return this.blocks.semaphores.readSwFwSync();
      case onRead.factps:
        return this.blocks.semaphores.readFactps();
      case onRead.fla:
        return this.blocks.flash.readFla();
      case onRead.frtimer:
        return this.blocks.time.readFrtimer();
      case onRead.systiml:
        return this.blocks.time.peekSystiml();
      case onRead.ctrl:
      case onRead.ctrlext:
        return this.blocks.pins.read(this.context.registers.indexOf(at));
      case onRead.wuc:
        return this.blocks.wake.readControl();
      case onRead.pcslstat:
        return this.blocks.link.pcs.readStatus();
      case onRead.pcslpab:
        return this.blocks.link.pcs.readPartner();
      case onRead.pvteics:
      case onRead.pvteicr:
        return this.vectorsOfVf(pf.EICR.index, at >>> 2);
      case onRead.pvteims:
      case onRead.pvteimc:
        return this.vectorsOfVf(pf.EIMS.index, at >>> 2);
      case onRead.pvteiac:
        return this.vectorsOfVf(pf.EIAC.index, at >>> 2);
      case onRead.pvteiam:
        return this.vectorsOfVf(pf.EIAM.index, at >>> 2);
      default:
        return this.context.registers.peek(at);
    }
  }

  /** A VF's bits of one of the EICR family, for the register of that VF at `dword`. */
  private vectorsOfVf(index: number, dword: number): number {
    return this.blocks.vfInterrupts.view(index, pfPlan.element[dword]!);
  }

  private readAction(action: ReadAction, dword: number): number {
    const { registers } = this.context;
    const { interrupts, time } = this.blocks;
    const index = pfPlan.storage[dword]!;
    switch (action) {
      case 0:
        return registers.read(index);
      case onRead.icr:
        return interrupts.readIcr();
      case onRead.eicr:
        return interrupts.readEicr();
      case onRead.ics:
        return interrupts.peekIcr();
      case onRead.eics:
        return interrupts.peekEicr();
      case onRead.imc:
        return registers.values[pf.IMS.index]!;
      case onRead.eimc:
        return registers.values[pf.EIMS.index]!;
      case onRead.status:
      case onRead.pvtstatus:
        return this.blocks.link.readStatus();
      case onRead.swsm:
        return this.blocks.semaphores.readSwsm();
      case onRead.frtimer:
        return time.readFrtimer();
      case onRead.systiml:
        return time.readSystiml();
      case onRead.ctrl:
      case onRead.ctrlext:
        return this.blocks.pins.read(index);
      case onRead.auxstmph:
        return this.blocks.auxiliary.readStamp(pfPlan.element[dword]!);
      case onRead.wuc:
        return this.blocks.wake.readControl();
      case onRead.txstmph:
        return time.readTxstmph();
      case onRead.rxstmph:
      case onRead.rxsatrh:
        return time.releaseReceiveStamp(index);
      case onRead.gorch:
      case onRead.gotch:
      case onRead.torh:
      case onRead.toth:
      case onRead.hgorch:
      case onRead.hgotch:
        return this.blocks.statistics.readHigh(index);
      case onRead.swfwsync:
        return this.blocks.semaphores.readSwFwSync();
      case onRead.factps:
        return this.blocks.semaphores.readFactps();
      case onRead.fla:
        return this.blocks.flash.readFla();
      case onRead.systimh:
      case onRead.v2pmailbox:
      case onRead.wvbr:
        return registers.read(index);
      case onRead.pcslstat:
        return this.blocks.link.pcs.readStatus();
      case onRead.pcslpab:
        return this.blocks.link.pcs.readPartner();
      case onRead.pvteics:
        return this.vectorsOfVf(pf.EICR.index, dword);
      case onRead.pvteims:
      case onRead.pvteimc:
        return this.vectorsOfVf(pf.EIMS.index, dword);
      case onRead.pvteiac:
        return this.vectorsOfVf(pf.EIAC.index, dword);
      case onRead.pvteiam:
        return this.vectorsOfVf(pf.EIAM.index, dword);
      case onRead.pvteicr:
        return this.blocks.vfInterrupts.readCauses(pfPlan.element[dword]!);
      default:
        return unhandled(action);
    }
  }

  /** `value` is what was written, `before` what was stored; the plain store is done. */
  private writeAction(action: Exclude<WriteAction, 0>, element: number, value: number, before: number): void {
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
        if ((value & pf.RXDCTL.SWFLSH.mask) !== 0) receive.flushWriteBacks(element);
        return receive.controlWritten(element);
      case onWrite.srrctl:
        return receive.controlWritten(element);
      case onWrite.rctl:
      case onWrite.qde:
      case onWrite.vfre:
        return receive.controlWritten(-1);
      case onWrite.tctl:
        if ((value & pf.TCTL.SWXOFF.mask) !== 0) this.blocks.flow.softwareXoff();
        return this.transmitControlWritten();
      case onWrite.vfte:
        return this.transmitControlWritten();
      case onWrite.mrqc:
        receive.controlWritten(-1);
        return this.transmitControlWritten();
      case onWrite.txdctl:
        if ((value & pf.TXDCTL.SWFLSH.mask) !== 0) transmit.flushWriteBacks(element);
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
        if ((value & pf.PVTCTRL.RST.mask) !== 0) this.blocks.vfResources.reset(element, 'software');
        return;
      case onWrite.pvteics:
        return vfInterrupts.setCauses(element, value);
      case onWrite.pvteims:
        return vfInterrupts.unmask(element, value);
      case onWrite.pvteimc:
        return vfInterrupts.mask(element, value);
      case onWrite.pvteiac:
        return vfInterrupts.replace(pf.EIAC.index, element, value);
      case onWrite.pvteiam:
        return vfInterrupts.replace(pf.EIAM.index, element, value);
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
    if (((value ^ before) & pf.CTRL.PHY_RST.mask) !== 0) this.holdPhy((value & pf.CTRL.PHY_RST.mask) !== 0);
    if ((value & pf.CTRL.RST.mask) !== 0) {
      this.reset('software');
      values[pf.CTRL.index]! |= value & pf.CTRL.SLU.mask;
      this.blocks.link.reset();
      return;
    }
    this.blocks.link.update();
    this.blocks.flow.controlWritten();
    if ((before & ~value & pf.CTRL.GIO_MASTER_DISABLE.mask) !== 0) {
      this.blocks.receive.controlWritten(-1);
      this.transmitControlWritten();
    }
  }

  private holdPhy(held: boolean): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_reset_phy] !== 0) trace.emit(events.igb_reset_phy, held ? 1 : 0);
    if (held) this.context.registers.values[pf.STATUS.index]! |= pf.STATUS.PHYRA.mask;
    this.blocks.link.phy.holdInReset(held);
  }

  private writeCtrlExt(value: number): void {
    if ((value & pf.CTRL_EXT.EE_RST.mask) !== 0) this.blocks.nvm.load();
    if ((value & pf.CTRL_EXT.PFRSTD.mask) !== 0) this.blocks.mailbox.resetDone();
    this.blocks.link.controlExtendedWritten();
  }

  private transmitControlWritten(): void {
    for (let queue = 0; queue < QUEUES; queue += 1) this.blocks.transmit.controlWritten(queue);
  }

  private note(dword: number, event: number): void {
    if (this.noted[dword] === 1) return;
    this.noted[dword] = 1;
    const { trace } = this.context;
    if (trace.on[event] !== 0) trace.emit(event, dword << 2, this.context.registers.values[dword]);
  }
}

/** Every action of the tables has a case above: the compiler proves it. */
function unhandled(action: never): number {
  void action;
  return 0;
}

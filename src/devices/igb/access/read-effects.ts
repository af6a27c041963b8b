/** What reads of registers give that is not simply stored, and what they do besides: dense switches. */
import type { PortContext } from '../context.ts';
import { onRead, unhandled, type ReadAction } from './hooks.ts';
import type { PortBlocks } from '../port-blocks.ts';
import { pf, pfPlan } from '../tables/index.ts';

const { EIAC, EIAM, EICR, EIMS, IMS } = pf;

/** Registers that are views of something: a read of them changes nothing. */
type View = (typeof onRead)[
  | 'ics'
  | 'eics'
  | 'imc'
  | 'eimc'
  | 'status'
  | 'pvtstatus'
  | 'swfwsync'
  | 'factps'
  | 'fla'
  | 'frtimer'
  | 'ctrl'
  | 'ctrlext'
  | 'wuc'
  | 'pcslstat'
  | 'pcslpab'
  | 'pvteics'
  | 'pvteims'
  | 'pvteimc'
  | 'pvteiac'
  | 'pvteiam'];

export class ReadEffects {
  private readonly context: PortContext;
  private readonly blocks: PortBlocks;

  constructor(context: PortContext, blocks: PortBlocks) {
    this.context = context;
    this.blocks = blocks;
  }

  /** What a read of a dword gives, side effects included. */
  run(action: ReadAction, dword: number): number {
    const { registers } = this.context;
    const { interrupts, time } = this.blocks;
    const index = pfPlan.storage[dword]!;
    switch (action) {
      case 0:
      case onRead.systimh:
      case onRead.v2pmailbox:
      case onRead.wvbr:
        return registers.read(index);
      case onRead.icr:
        return interrupts.readIcr();
      case onRead.eicr:
        return interrupts.readEicr();
      case onRead.pvteicr:
        return this.blocks.vfInterrupts.readCauses(pfPlan.element[dword]!);
      case onRead.swsm:
        return this.blocks.semaphores.readSwsm();
      case onRead.systiml:
        return time.readSystiml();
      case onRead.auxstmph:
        return this.blocks.auxiliary.readStamp(pfPlan.element[dword]!);
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
      default:
        return this.view(action, dword);
    }
  }

  /** What `run` would give, without any effect. */
  peek(action: ReadAction, dword: number): number {
    switch (action) {
      case onRead.icr:
        return this.blocks.interrupts.peekIcr();
      case onRead.eicr:
        return this.blocks.interrupts.peekEicr();
      case onRead.pvteicr:
        return this.vectorsOfVf(EICR.index, dword);
      case onRead.swsm:
        return this.blocks.semaphores.peekSwsm();
      case onRead.systiml:
        return this.blocks.time.peekSystiml();
      case 0:
      case onRead.systimh:
      case onRead.v2pmailbox:
      case onRead.wvbr:
      case onRead.auxstmph:
      case onRead.txstmph:
      case onRead.rxstmph:
      case onRead.rxsatrh:
      case onRead.gorch:
      case onRead.gotch:
      case onRead.torh:
      case onRead.toth:
      case onRead.hgorch:
      case onRead.hgotch:
        return this.context.registers.peek(dword << 2);
      default:
        return this.view(action, dword);
    }
  }

  private view(action: View, dword: number): number {
    const { registers } = this.context;
    const { interrupts, link, semaphores } = this.blocks;
    switch (action) {
      case onRead.ics:
        return interrupts.peekIcr();
      case onRead.eics:
        return interrupts.peekEicr();
      case onRead.imc:
        return registers.values[IMS.index]!;
      case onRead.eimc:
        return registers.values[EIMS.index]!;
      case onRead.status:
      case onRead.pvtstatus:
        return link.readStatus();
      case onRead.swfwsync:
        return semaphores.readSwFwSync();
      case onRead.factps:
        return semaphores.readFactps();
      case onRead.fla:
        return this.blocks.flash.readFla();
      case onRead.frtimer:
        return this.blocks.time.readFrtimer();
      case onRead.ctrl:
      case onRead.ctrlext:
        return this.blocks.pins.read(pfPlan.storage[dword]!);
      case onRead.wuc:
        return this.blocks.wake.readControl();
      case onRead.pcslstat:
        return link.pcs.readStatus();
      case onRead.pcslpab:
        return link.pcs.readPartner();
      case onRead.pvteics:
        return this.vectorsOfVf(EICR.index, dword);
      case onRead.pvteims:
      case onRead.pvteimc:
        return this.vectorsOfVf(EIMS.index, dword);
      case onRead.pvteiac:
        return this.vectorsOfVf(EIAC.index, dword);
      case onRead.pvteiam:
        return this.vectorsOfVf(EIAM.index, dword);
      default:
        return unhandled(action);
    }
  }

  /** A VF's bits of one of the EICR family, for the register of that VF at `dword`. */
  private vectorsOfVf(index: number, dword: number): number {
    return this.blocks.vfInterrupts.view(index, pfPlan.element[dword]!);
  }
}

/**
 * One port of the 82576: its blocks put together behind the register window. Any offset and any value is answered at once;
 * what takes longer (queues) only marks work.
 */
import { parseMac } from '../../packet/address.ts';
import type {
  Clock,
  FrameOffload,
  GuestMemory,
  InterruptPort,
  Tasks,
  Trace,
  Wire,
  WirePort,
} from '../../ports/index.ts';
import { RegisterFile } from '../../registers/index.ts';
import { QUEUES, type PortContext } from './context.ts';
import { onRead, onWrite, readActions, writeActions, type ReadAction, type WriteAction } from './hooks.ts';
import { Interrupts } from './interrupts.ts';
import { Link } from './link.ts';
import { Mailbox } from './mailbox.ts';
import { Mdic } from './mdic.ts';
import { makeNvmImage } from './nvm-image.ts';
import { Nvm } from './nvm.ts';
import { resetPort, type PortResetKind } from './reset.ts';
import { Semaphores } from './semaphores.ts';
import { Statistics } from './statistics.ts';
import { pf, pfPlan, pfWindowBytes } from './tables/index.ts';
import { PortTime } from './time.ts';
import { igbTraceEvents } from './trace-events.ts';
import { TransmitEngine, type TransmitSink } from './tx/index.ts';

export interface IgbPortOptions {
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly trace: Trace;
  readonly wire: Wire;
  /** By function: 0 the PF, 1 + v VF v. */
  readonly memory: readonly GuestMemory[];
  readonly interruptPorts: readonly InterruptPort[];
  /** This port's address: six bytes or `aa:bb:cc:dd:ee:ff`. */
  readonly mac: Uint8Array | string;
  /** STATUS.FUNC; 0 where not given. */
  readonly portNumber?: number;
}

interface ReceiveSide {
  canReceive(): boolean;
  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void;
  loopback(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined, queue: number): void;
  tailWritten(queue: number): void;
  controlWritten(queue: number): void;
  reset(): void;
}

const noReceive: ReceiveSide = {
  canReceive: () => true,
  receive: () => undefined,
  loopback: () => undefined,
  tailWritten: () => undefined,
  controlWritten: () => undefined,
  reset: () => undefined,
};

export class IgbPort implements WirePort {
  readonly context: PortContext;
  readonly registers: RegisterFile;
  readonly interrupts: Interrupts;
  readonly link: Link;
  readonly nvm: Nvm;
  readonly time: PortTime;
  readonly mailbox: Mailbox;
  readonly statistics: Statistics;
  readonly transmit: TransmitEngine;
  readonly receiver: ReceiveSide;
  private readonly mdic: Mdic;
  private readonly semaphores: Semaphores;
  /** Dwords whose first odd use has been traced. */
  private readonly noted: Uint8Array;

  constructor(options: IgbPortOptions) {
    const portNumber = options.portNumber ?? 0;
    this.registers = new RegisterFile(pfPlan);
    const context: PortContext = {
      registers: this.registers,
      clock: options.clock,
      tasks: options.tasks,
      trace: options.trace,
      events: options.trace.declare(igbTraceEvents),
      wire: options.wire,
      memory: options.memory,
      interruptPorts: options.interruptPorts,
      queueFunction: new Uint8Array(QUEUES),
      portNumber,
    };
    this.context = context;
    this.statistics = new Statistics(this.registers.values);
    const { statistics } = this;
    this.interrupts = new Interrupts(context, { statistics });
    const { interrupts } = this;
    this.link = new Link(context, { interrupts });
    this.mdic = new Mdic(context, { phy: this.link.phy, interrupts });
    this.nvm = new Nvm(context, makeNvmImage({ mac: addressInNvm(options.mac, portNumber) }));
    this.time = new PortTime(context);
    this.mailbox = new Mailbox(context);
    this.semaphores = new Semaphores(context);
    const { time } = this;
    this.transmit = new TransmitEngine(context, { interrupts, statistics, time, sink: this.makeSink() });
    this.receiver = noReceive;
    this.noted = new Uint8Array(pfPlan.dwords);
    options.wire.plug(this);
    this.link.carrierChanged();
    this.reset('fundamental');
  }

  /** A dword read as software makes it, side effects included. Any offset: 17 bits of it are decoded. */
  read(offset: number): number {
    const at = offset & (pfWindowBytes - 4);
    const dword = at >>> 2;
    const value = this.readAction(readActions[dword]! as ReadAction, dword);
    const { trace, events } = this.context;
    if (trace.on[events.igb_reg_read] === 1) trace.emit(events.igb_reg_read, at, value);
    if (pfPlan.register[dword] === 0) this.note(dword, events.igb_reg_read_unknown);
    return value;
  }

  /** A dword write as software makes it. */
  write(offset: number, value: number): void {
    const at = offset & (pfWindowBytes - 4);
    const dword = at >>> 2;
    const { trace, events } = this.context;
    if (trace.on[events.igb_reg_write] === 1) trace.emit(events.igb_reg_write, at, value >>> 0);
    if (pfPlan.register[dword] === 0) {
      this.note(dword, events.igb_reg_write_unknown);
      return;
    }
    if (pfPlan.inert[dword] === 1) this.note(dword, events.igb_reg_inert);
    const before = this.registers.write(pfPlan.storage[dword]!, value);
    const action = writeActions[dword]! as WriteAction;
    if (action !== 0) this.writeAction(action, pfPlan.element[dword]!, value >>> 0, before);
  }

  /** What `read` would give, without any effect: for monitors, dumps and tests. */
  peek(offset: number): number {
    const at = offset & (pfWindowBytes - 4);
    switch (readActions[at >>> 2]) {
      case onRead.icr:
      case onRead.ics:
        return this.interrupts.peekIcr();
      case onRead.eicr:
      case onRead.eics:
        return this.interrupts.peekEicr();
      case onRead.imc:
        return this.registers.values[pf.IMS.index]!;
      case onRead.eimc:
        return this.registers.values[pf.EIMS.index]!;
      case onRead.status:
      case onRead.pvtstatus:
        return this.link.readStatus();
      case onRead.frtimer:
        return this.time.readFrtimer();
      case onRead.systiml:
        return this.time.peekSystiml();
      default:
        return this.registers.peek(at);
    }
  }

  reset(kind: PortResetKind): void {
    const { trace, events } = this.context;
    const event = RESET_EVENTS[kind];
    if (trace.on[events[event]] === 1) trace.emit(events[event]);
    resetPort(
      this.context,
      {
        interrupts: this.interrupts,
        link: this.link,
        nvm: this.nvm,
        mailbox: this.mailbox,
        time: this.time,
        transmit: this.transmit,
        receive: this.receiver,
      },
      kind,
    );
  }

  /** Pulls or plugs the cable on our side. */
  setLink(up: boolean): void {
    this.link.setLink(up);
  }

  /** A frame that could not be stored now is kept by the wire; without a link it is taken, and dropped. */
  canReceive(): boolean {
    return !this.link.passing || this.receiver.canReceive();
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (this.link.passing) {
      this.receiver.receive(bytes, offset, length, offload);
      return;
    }
    const { trace, events } = this.context;
    if (trace.on[events.igb_rx_drop_link] === 1) trace.emit(events.igb_rx_drop_link, length);
  }

  carrierChanged(): void {
    this.link.carrierChanged();
  }

  /** Where frames go that the queues send. The switch between pools is to decide here, before the wire. */
  private makeSink(): TransmitSink {
    const { context, link } = this;
    return {
      acceptsOffload: () => !link.loopback && context.wire.acceptsOffload,
      transmit: (queue, bytes, offset, length, offload) => {
        if (link.loopback) this.receiver.loopback(bytes, offset, length, offload, queue);
        else if (link.passing) context.wire.send(bytes, offset, length, offload);
        else if (context.trace.on[context.events.igb_tx_drop_link] === 1) {
          context.trace.emit(context.events.igb_tx_drop_link, queue, length);
        }
      },
    };
  }

  private readAction(action: ReadAction, dword: number): number {
    const { registers, interrupts, time } = this;
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
        return this.link.readStatus();
      case onRead.swsm:
        return this.semaphores.readSwsm();
      case onRead.frtimer:
        return time.readFrtimer();
      case onRead.systiml:
        return time.readSystiml();
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
        return this.statistics.readHigh(index);
      case onRead.systimh:
      case onRead.swfwsync:
      case onRead.v2pmailbox:
      case onRead.wvbr:
      case onRead.pvteics:
      case onRead.pvteims:
      case onRead.pvteimc:
      case onRead.pvteiac:
      case onRead.pvteiam:
      case onRead.pvteicr:
        return registers.read(index);
      default:
        return unhandled(action);
    }
  }

  /** `value` is what was written, `before` what was stored; the plain store is done. */
  private writeAction(action: Exclude<WriteAction, 0>, element: number, value: number, before: number): void {
    const { interrupts, time } = this;
    switch (action) {
      case onWrite.tdt:
        return this.transmit.tailWritten(element);
      case onWrite.rdt:
        return this.receiver.tailWritten(element);
      case onWrite.eims:
        return interrupts.writeEims(value, before);
      case onWrite.ims:
        return interrupts.writeIms(value, before);
      case onWrite.imc:
        return interrupts.writeImc(value);
      case onWrite.eimc:
        return interrupts.writeEimc(value);
      case onWrite.eitr:
        return interrupts.writeEitr(element, value);
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
        return interrupts.clearPending(value);
      case onWrite.ctrl:
        return this.writeCtrl(value, before);
      case onWrite.ctrlext:
        return this.writeCtrlExt(value);
      case onWrite.status:
        return this.link.writeStatus(value);
      case onWrite.eecd:
        return this.nvm.writeEecd(value);
      case onWrite.eerd:
        return this.nvm.writeEerd(value);
      case onWrite.mdic:
        return this.mdic.written(value);
      case onWrite.i2ccmd:
        return this.writeI2ccmd(value);
      case onWrite.swsm:
        return this.semaphores.writeSwsm(value, before);
      case onWrite.swfwsync:
        return this.semaphores.writeSwFwSync(value);
      case onWrite.rctl:
        return this.forAllQueues(this.receiver);
      case onWrite.rxdctl:
        return this.receiver.controlWritten(element);
      case onWrite.vfre:
        return this.forAllQueues(this.receiver);
      case onWrite.tctl:
      case onWrite.vfte:
        return this.forAllQueues(this.transmit);
      case onWrite.txdctl:
        return this.transmit.controlWritten(element);
      case onWrite.systiml:
        return time.writeSystiml(value);
      case onWrite.systimh:
        return time.writeSystimh(value);
      case onWrite.timinca:
        return time.writeTiminca(before);
      case onWrite.timadjh:
        return time.writeTimadjh(value);
      case onWrite.eiac:
      case onWrite.eiam:
      case onWrite.iam:
      case onWrite.tsynctxctl:
      case onWrite.tsyncrxctl:
      case onWrite.wuc:
      case onWrite.wus:
      case onWrite.p2vmailbox:
      case onWrite.v2pmailbox:
      case onWrite.mbvficr:
      case onWrite.vflre:
      case onWrite.pvtctrl:
      case onWrite.pvteics:
      case onWrite.pvteims:
      case onWrite.pvteimc:
      case onWrite.pvteiac:
      case onWrite.pvteiam:
      case onWrite.pvteicr:
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
    const { values } = this.registers;
    if (((value ^ before) & pf.CTRL.PHY_RST.mask) !== 0) this.holdPhy((value & pf.CTRL.PHY_RST.mask) !== 0);
    if ((value & pf.CTRL.RST.mask) !== 0) {
      this.reset('software');
      values[pf.CTRL.index]! |= value & pf.CTRL.SLU.mask;
      this.link.reset();
      return;
    }
    this.link.update();
  }

  private holdPhy(held: boolean): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_reset_phy] === 1) trace.emit(events.igb_reset_phy, held ? 1 : 0);
    if (held) this.registers.values[pf.STATUS.index]! |= pf.STATUS.PHYRA.mask;
    this.link.phy.holdInReset(held);
  }

  private writeCtrlExt(value: number): void {
    if ((value & pf.CTRL_EXT.EE_RST.mask) !== 0) this.nvm.load();
    if ((value & pf.CTRL_EXT.PFRSTD.mask) !== 0) this.mailbox.resetDone();
  }

  /** No SFP answers on a copper board. */
  private writeI2ccmd(value: number): void {
    this.registers.values[pf.I2CCMD.index] = value | pf.I2CCMD.READY.mask | pf.I2CCMD.ERROR.mask;
  }

  private forAllQueues(engine: { controlWritten(queue: number): void }): void {
    for (let queue = 0; queue < QUEUES; queue += 1) engine.controlWritten(queue);
  }

  private note(dword: number, event: number): void {
    if (this.noted[dword] === 1) return;
    this.noted[dword] = 1;
    const { trace } = this.context;
    if (trace.on[event] === 1) trace.emit(event, dword << 2, this.registers.values[dword]!);
  }
}

const RESET_EVENTS = {
  fundamental: 'igb_reset_power',
  hot: 'igb_reset_power',
  flr: 'igb_reset_function',
  d3hot: 'igb_reset_function',
  software: 'igb_reset_software',
} as const satisfies Record<PortResetKind, keyof typeof igbTraceEvents>;

/** The NVM holds the address of port 0; port 1's has the lowest bit of the last byte inverted. */
function addressInNvm(mac: Uint8Array | string, portNumber: number): Uint8Array {
  const bytes = typeof mac === 'string' ? parseMac(mac) : mac;
  if (bytes?.length !== 6) throw new Error(`not an Ethernet address: ${String(mac)}`);
  const address = Uint8Array.from(bytes);
  if (portNumber !== 0) address[5]! ^= 1;
  return address;
}

/** Every action of the tables has a case above: the compiler proves it. */
function unhandled(action: never): number {
  void action;
  return 0;
}

/**
 * One port of the 82576: its blocks put together behind the register window. Any offset and any value is answered at once;
 * what takes longer (queues) only marks work.
 */
import { parseMac } from '../../packet/address.ts';
import {
  beginPacket,
  capturedAt,
  noCapture,
  NOWHERE,
  type Clock,
  type FrameCapture,
  type FrameOffload,
  type FrameRun,
  type GuestMemory,
  type InterruptPort,
  type NonvolatileMemory,
  type Tasks,
  type Trace,
  type Wire,
  type WirePort,
} from '../../ports/index.ts';
import type { PmeSource } from '../../pci/function.ts';
import { RegisterFile } from '../../registers/index.ts';
import { IgbChip } from './chip.ts';
import { POOLS, QUEUES, type PortContext } from './context.ts';
import { Flash } from './nvm/flash.ts';
import { FlowControl } from './link/flow-control.ts';
import { FrameTaps } from './frame-taps.ts';
import { I2c } from './link/i2c.ts';
import { Interrupts } from './interrupts/interrupts.ts';
import type { CopperCable } from './link/copper-cable.ts';
import type { LinkPartner } from './link/link-partner.ts';
import { Link } from './link/link.ts';
import { Mailbox } from './functions/mailbox.ts';
import { Mdic } from './link/mdic.ts';
import { makeNvmImage, nvmFromBytes } from './nvm/nvm-image.ts';
import { Nvm } from './nvm/nvm.ts';
import type { PortBlocks } from './port-blocks.ts';
import { RegisterAccess } from './access/register-access.ts';
import { resetPort, type PortResetKind } from './reset.ts';
import { SoftwarePins } from './time/pins.ts';
import { ReceiveEngine } from './rx/engine.ts';
import { Semaphores } from './semaphores.ts';
import { Statistics } from './statistics.ts';
import { LocalSwitch } from './switch/index.ts';
import { pf, pfPlan } from './tables/index.ts';
import { TcpTimer } from './interrupts/tcp-timer.ts';
import { TimeAuxiliary } from './time/time-auxiliary.ts';
import { PortTime } from './time/time.ts';
import { igbTraceEvents } from './trace-events.ts';
import { TransmitEngine } from './tx/index.ts';
import { VfInterrupts } from './interrupts/vf-interrupts.ts';
import { VfResources, type VfResetKind } from './functions/vf-resources.ts';
import { VfWindow } from './functions/vf-window.ts';
import { WakeUp } from './wake/wake-up.ts';

export interface IgbPortOptions {
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly trace: Trace;
  readonly wire: Wire;
  /** Takes copies of frames; nobody where not given. */
  readonly capture?: FrameCapture | undefined;
  /** By function: 0 the PF, 1 + v VF v. */
  readonly memory: readonly GuestMemory[];
  readonly interruptPorts: readonly InterruptPort[];
  /** This port's address: six bytes or `aa:bb:cc:dd:ee:ff`. */
  readonly mac: Uint8Array | string;
  /** STATUS.FUNC; 0 where not given. */
  readonly portNumber?: 0 | 1;
  /** Shared with the other port, which was made before. */
  readonly chip?: IgbChip | undefined;
  /** Keeps the NVM; what it holds goes before `mac`. Without it the NVM is fresh each time. */
  readonly nonvolatile?: NonvolatileMemory | undefined;
  /** A socket for copper cable, unless given, or an SFP cage with an optical module in it. */
  readonly media?: 'copper' | 'sfp';
  /** PMCSR of the PF. */
  readonly pme?: PmeSource | undefined;
  /** The other end of the cable; a gigabit switch where not given. */
  readonly linkPartner?: LinkPartner | undefined;
  /** A short one without fault where not given. */
  readonly cable?: CopperCable | undefined;
}

/** All registers by byte offset, and the port as the end of its wire. */
export class IgbPort implements WirePort {
  readonly context: PortContext;
  readonly blocks: PortBlocks;
  /** What each VF sees behind its BAR0. */
  readonly vfWindows: readonly VfWindow[];
  private readonly chip: IgbChip;
  private readonly link: Link;
  private readonly receiver: ReceiveEngine;
  private readonly access: RegisterAccess;

  constructor(options: IgbPortOptions) {
    const context = makeContext(options);
    const statistics = new Statistics(context.registers.values, context.queueFunction);
    const interrupts = new Interrupts(context, { statistics });
    const { messages } = interrupts;
    const { chip = new IgbChip(), nonvolatile } = options;
    const time = new PortTime(context, chip);
    const auxiliary = new TimeAuxiliary(context, time);
    const pins = new SoftwarePins(context, {
      interrupts,
      source: (source) => auxiliary.level(source),
      changed: (pin) => auxiliary.pinChanged(pin),
    });
    const serdes = options.media === 'sfp';
    const changed = (): void => wake.linkChanged();
    const link = new Link(
      context,
      { interrupts },
      { serdes, partner: options.linkPartner, cable: options.cable, changed },
    );
    const flow = new FlowControl(context, { link, statistics, resume: () => transmit.resume() });
    const receive = new ReceiveEngine(context, { interrupts, statistics, time, flow });
    const accepts: ReceiveEngine['wouldAccept'] = (...frame) => receive.wouldAccept(...frame);
    const wake = new WakeUp(context, { pme: options.pme, accepts });
    const sink = new LocalSwitch(context, { link, receive, interrupts, statistics });
    const transmit = new TransmitEngine(context, { interrupts, statistics, time, sink, link, flow });
    const vfInterrupts = new VfInterrupts(context, { interrupts });
    const mailbox = new Mailbox(context, { interrupts, vfInterrupts });
    chip.words ??= nvmContents(addressInNvm(options.mac, context.portNumber), nonvolatile);
    chip.powerStates[context.portNumber] = 0;
    this.chip = chip;
    this.context = context;
    this.link = link;
    this.receiver = receive;
    this.blocks = {
      interrupts,
      link,
      flow,
      wake,
      i2c: new I2c(context, serdes),
      mdic: new Mdic(context, { phy: link.phy, interrupts }),
      flash: new Flash(context, chip),
      nvm: new Nvm(context, chip.words, { nonvolatile, serdes, chip }),
      time,
      auxiliary,
      pins,
      tcpTimer: new TcpTimer(context, { interrupts }),
      mailbox,
      vfInterrupts,
      vfResources: new VfResources(context, { messages, vfInterrupts, mailbox, transmit, receive }),
      semaphores: new Semaphores(context, chip),
      statistics,
      transmit,
      receive,
    };
    this.access = new RegisterAccess(context, this.blocks, (kind) => this.reset(kind));
    const { vfResources } = this.blocks;
    const parts = { port: this, link, vfInterrupts, vfResources };
    this.vfWindows = Array.from({ length: POOLS }, (_, vf) => new VfWindow(vf, context, parts));
    options.wire.plug(this);
    link.carrierChanged();
    this.reset('fundamental');
  }

  /** A dword read as software makes it, side effects included; any offset. */
  read(offset: number): number {
    return this.access.read(offset);
  }

  /** A dword write as software makes it. */
  write(offset: number, value: number): void {
    this.access.write(offset, value);
  }

  /** What `read` would give, without any effect: for monitors, dumps and tests. */
  peek(offset: number): number {
    return this.access.peek(offset);
  }

  /** A write behind BAR1, where the flash lies. */
  writeFlash(offset: number, size: number, value: number): void {
    this.blocks.flash.write(offset, size, value);
  }

  reset(kind: PortResetKind): void {
    const { trace, events } = this.context;
    const event = RESET_EVENTS[kind];
    if (trace.on[events[event]] !== 0) trace.emit(events[event]);
    resetPort(this.context, this.blocks, kind);
  }

  /** A function (0 the PF, 1 + v VF v) may do DMA from now on: its queues may have waited for that. */
  dmaEnabled(fn: number): void {
    const { queueFunction } = this.context;
    for (let queue = 0; queue < QUEUES; queue += 1) {
      if (queueFunction[queue] !== fn) continue;
      this.blocks.transmit.controlWritten(queue);
      this.blocks.receive.controlWritten(queue);
    }
  }

  /** A function's guest turned MSI or MSI-X on. */
  messagesEnabled(fn: number): void {
    this.blocks.interrupts.messagesEnabled(fn);
  }

  /** The guest changed the PF's power state: 0 is D0, 3 D3hot. */
  powerChanged(state: number): void {
    this.blocks.wake.powerChanged(state);
    this.chip.powerStates[this.context.portNumber] = state;
    if (this.blocks.wake.asleep) this.context.wire.resume();
  }

  /** The guest changed SR-IOV in config space: STATUS shows how many VFs there are. */
  onSriovChanged(numVfs: number, enabled: boolean): void {
    this.link.setVirtualFunctions(enabled ? numVfs : 0);
  }

  /** A VF has its queues and vectors from now on, or gives them back to the PF. */
  setVfLive(vf: number, live: boolean): void {
    this.blocks.vfResources.setLive(vf, live);
  }

  /** A VF's function was reset, or another machine got it. */
  resetVf(vf: number, kind: VfResetKind): void {
    this.blocks.vfResources.reset(vf, kind);
  }

  /** Pulls or plugs the cable on our side. */
  setLink(up: boolean): void {
    this.link.setLink(up);
  }

  /** A frame that could not be stored now is kept by the wire; without a link it is taken, and dropped. */
  canReceive(): boolean {
    return !this.link.passing || this.blocks.wake.asleep || this.receiver.canReceive();
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const { taps, trace, events } = this.context;
    // Whoever brought the frame may have given it a number.
    const { packet } = trace;
    if (packet === 0) beginPacket(trace);
    if (taps.on[capturedAt.wire] !== 0) taps.wire(0, bytes, offset, length, offload);
    if (!this.link.passing) {
      taps.drop(0, events.igb_rx_drop_link, NOWHERE, bytes, offset, length);
      if (trace.on[events.igb_rx_drop_link] !== 0) trace.emit(events.igb_rx_drop_link, length);
    } else if (this.blocks.wake.asleep) this.blocks.wake.received(bytes, offset, length);
    else this.receiver.receive(bytes, offset, length, offload);
    trace.packet = packet;
  }

  receiveRun(run: FrameRun): number {
    return this.link.passing && !this.blocks.wake.asleep ? this.receiver.receiveRun(run) : 0;
  }

  beginRun(frames: number): void {
    this.receiver.beginRun(frames);
  }

  endRun(): void {
    this.receiver.endRun();
  }

  /** A frame from the wire whose FCS is wrong; it is dropped, whatever RCTL.SBP says, and counted. */
  receiveDamaged(bytes: Uint8Array, offset: number, length: number): void {
    const { taps, trace, events } = this.context;
    if (!this.link.passing) return;
    this.blocks.statistics.count(pf.CRCERRS.index, 1);
    taps.drop(0, events.igb_rx_drop_fcs, NOWHERE, bytes, offset, length);
    if (trace.on[events.igb_rx_drop_fcs] !== 0) trace.emit(events.igb_rx_drop_fcs, length);
  }

  carrierChanged(): void {
    // It may be another wire, which takes frames differently.
    this.context.settings.version += 1;
    this.link.carrierChanged();
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

/** What is kept, or a fresh image, which is then kept. */
function nvmContents(mac: Uint8Array, nonvolatile: NonvolatileMemory | undefined): Uint16Array {
  const kept = nonvolatile?.load();
  if (kept !== undefined) return nvmFromBytes(kept);
  const words = makeNvmImage({ mac });
  nonvolatile?.store(new Uint8Array(words.buffer));
  return words;
}

function makeContext(options: IgbPortOptions): PortContext {
  const { clock, tasks, trace, wire, memory, interruptPorts, capture = noCapture } = options;
  const registers = new RegisterFile(pfPlan);
  const events = trace.declare(igbTraceEvents);
  const queueFunction = new Uint8Array(QUEUES);
  return {
    registers,
    settings: { version: 0 },
    clock,
    tasks,
    trace,
    events,
    wire,
    taps: new FrameTaps({ capture, trace, values: registers.values, queueFunction, events }),
    memory,
    interruptPorts,
    queueFunction,
    portNumber: options.portNumber ?? 0,
  };
}

/**
 * The hosted PF: drives the port while no VM has the PF, and answers the VFs' mailboxes as igb does. A driver like any other,
 * it knows registers only. It never waits: interrupts and timers mark its task, and each run of that reads at most one message
 * and one reset of each VF.
 */
import { pf } from '../devices/igb/tables/index.ts';
import {
  ACCEPTED,
  announceReady,
  CLEAR_TO_SEND,
  disableInterrupts,
  enableInterrupts,
  enablePools,
  initialisePort,
  linkSpeed,
  MAILBOX_DWORDS,
  Message,
  PfMailboxes,
  POOLS,
  read,
  rearm,
  REFUSED,
  resetPort,
  retirePf,
  setAddress,
  setPoolEnabled,
  startPort,
  TYPE_MASK,
  INFO_MASK,
  INFO_SHIFT,
  type RegisterBus,
} from '../driver/index.ts';
import {
  makeTask,
  makeTimer,
  type Clock,
  type Task,
  type Tasks,
  type Timer,
  type Trace,
  type TraceEvents,
} from '../ports/index.ts';
import { inheritRecord } from './inherit.ts';
import { Outbox } from './outbox.ts';
import { PoolProgram } from './pool-program.ts';
import { obeyRequest } from './requests.ts';
import { defaultSettings, derivedMac, type VfSettings } from './settings.ts';
import { hostedPfTraceEvents } from './trace-events.ts';
import { forgetRequests, makeRecord, type VfRecord } from './vf-record.ts';

const CAUSES = pf.ICR.LSC.mask | pf.ICR.VMMB.mask | pf.ICR.DOUTSYNC.mask;
/** How long a VF that is not ready is left alone before it is told so (igb: 2 s). */
const PATIENCE_NS = 2e9;
/** How often the message of a VF that owns the buffer is tried again, and how many times. */
const RETRY_NS = 1e6;
const TRIES = 1000;

export interface PfManagerOptions {
  readonly bus: RegisterBus;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly trace: Trace;
  /** The PF's own address; VFs that are given none get theirs from it. */
  readonly mac: Uint8Array;
  /** How far from it theirs begin: 1 unless others are in between. */
  readonly firstVfOffset?: number;
  /** By VF; what is missing is as `defaultSettings` has it. */
  readonly settings?: readonly (Partial<VfSettings> | undefined)[];
}

/** One VF as a monitor shows it. */
export interface VfStatus extends VfSettings {
  readonly index: number;
  /** The address in use. */
  readonly address: Uint8Array;
  /** Its driver has greeted since its last reset. */
  readonly ready: boolean;
  readonly requests: number;
  readonly refusals: number;
}

export interface PfStatus {
  readonly running: boolean;
  /** Mb/s, 0 without a link. */
  readonly linkMbps: number;
  readonly vfs: readonly VfStatus[];
}

export class PfManager {
  readonly #bus: RegisterBus;
  readonly #clock: Clock;
  readonly #tasks: Tasks;
  readonly #trace: Trace;
  readonly #events: TraceEvents<typeof hostedPfTraceEvents>;
  readonly #mac: Uint8Array;
  readonly #records: readonly VfRecord[];
  readonly #mailboxes: PfMailboxes;
  readonly #outbox: Outbox;
  readonly #task: Task;
  readonly #message: Uint32Array;
  #program: PoolProgram;
  #running: boolean;
  #linkMbps: number;
  /** Tries left to read the message of a VF that owns the buffer meanwhile; 0 where none waits. */
  readonly #tries: Uint16Array;
  readonly #retry: Timer;

  constructor(options: PfManagerOptions) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#tasks = options.tasks;
    this.#trace = options.trace;
    this.#events = options.trace.declare(hostedPfTraceEvents);
    this.#mac = Uint8Array.from(options.mac);
    this.#records = Array.from({ length: POOLS }, (_, index) =>
      makeRecord(
        index,
        { ...defaultSettings, ...options.settings?.[index] },
        derivedMac(options.mac, (options.firstVfOffset ?? 1) + index),
      ),
    );
    this.#mailboxes = new PfMailboxes(options.bus);
    this.#outbox = new Outbox(
      options.clock,
      (vf) => this.#control(this.#records[vf]!),
      () => this.interrupt(),
    );
    this.#task = makeTask(() => this.#work());
    this.#message = new Uint32Array(MAILBOX_DWORDS);
    this.#program = new PoolProgram(options.bus, this.#records);
    this.#running = false;
    this.#linkMbps = 0;
    this.#tries = new Uint16Array(POOLS);
    this.#retry = makeTimer(() => this.interrupt());
  }

  /** Resets the port and brings it up; the link follows by an interrupt. */
  start(): void {
    const bus = this.#bus;
    resetPort(bus);
    initialisePort(bus);
    setAddress(bus, 0, this.#mac, 0);
    enablePools(bus);
    this.#program = new PoolProgram(bus, this.#records);
    for (const record of this.#records) {
      forgetRequests(record);
      this.#program.writeAll(record);
    }
    this.#run();
    this.#emit(this.#events.pf_manager_start, POOLS);
  }

  /**
   * Takes over from a driver that has gone with its machine: the VFs of `pools`, a bit each, go on as they are, without
   * a reset and without a frame lost. The others begin anew.
   */
  adopt(pools: number): void {
    const bus = this.#bus;
    retirePf(bus, pools);
    this.#program = new PoolProgram(bus, this.#records);
    this.#program.inherit(pools);
    const kept = this.#records.filter(({ index }) => ((pools >>> index) & 1) === 1);
    for (const record of kept) inheritRecord(bus, record);
    for (const record of this.#records) {
      if (kept.includes(record)) continue;
      forgetRequests(record);
      this.#program.writeAll(record);
    }
    this.#run();
    this.#emit(this.#events.pf_manager_adopt, pools);
    // What the VFs asked for in the meantime.
    this.interrupt();
  }

  #run(): void {
    const bus = this.#bus;
    startPort(bus);
    this.#running = true;
    this.#tries.fill(0);
    this.#linkMbps = linkSpeed(bus);
    enableInterrupts(bus, CAUSES);
    announceReady(bus);
  }

  /** Leaves the port to a machine, which resets it. */
  release(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#outbox.stop();
    this.#clock.disarm(this.#retry);
    this.#emit(this.#events.pf_manager_stop, 0);
  }

  /** Leaves the port as after its reset: no VF passes a frame. */
  stop(): void {
    if (!this.#running) return;
    this.release();
    disableInterrupts(this.#bus);
    for (const { index } of this.#records) setPoolEnabled(this.#bus, index, false);
    resetPort(this.#bus);
  }

  /** The port's vector 0, or one of our timers. Only marks work. */
  interrupt(): void {
    this.#tasks.mark(this.#task);
  }

  /**
   * Changes settings of a VF at once. As with igb, a driver that runs learns of a new address or port VLAN when it resets the
   * VF next. Values are taken as they are: whoever asks the user checks them.
   */
  setVf(index: number, change: Partial<VfSettings>): void {
    const record = this.#records[index]!;
    const before = record.settings;
    record.settings = { ...before, ...change };
    if ('mac' in change) record.mac = record.settings.mac ?? record.derivedMac;
    if (!this.#running) return;
    const { settings } = record;
    const program = this.#program;
    if ('mac' in change) program.writeAddress(record);
    if (settings.vlan !== before.vlan || settings.qos !== before.qos) {
      record.stripTags = false;
      program.writeVlans(record);
    }
    if (settings.spoofCheck !== before.spoofCheck) program.writeSpoofCheck(record);
    if (settings.trust !== before.trust) program.writeHashes();
    if (settings.maxTxRateMbps !== before.maxTxRateMbps) program.writeRate(record);
    if (settings.linkState !== before.linkState) {
      program.writeEnabled(record);
      program.writeLinkHold();
      if (record.ready) this.#outbox.post(index);
      this.interrupt();
    }
  }

  status(): PfStatus {
    return {
      running: this.#running,
      linkMbps: this.#linkMbps,
      vfs: this.#records.map(({ index, settings, mac, ready, requests, refusals }) => {
        return { ...settings, index, address: Uint8Array.from(mac), ready, requests, refusals };
      }),
    };
  }

  #work(): boolean {
    if (!this.#running) return false;
    const causes = read(this.#bus, pf.ICR);
    if ((causes & pf.ICR.DOUTSYNC.mask) !== 0) this.#emit(this.#events.pf_manager_spoof, read(this.#bus, pf.WVBR));
    for (const record of this.#records) this.#serve(record);
    if ((causes & pf.ICR.LSC.mask) !== 0) this.#linkChanged();
    this.#outbox.flush();
    rearm(this.#bus);
    return false;
  }

  /** igb's order: a reset, then a message, then an acknowledgement. */
  #serve(record: VfRecord): void {
    const { index } = record;
    if (this.#mailboxes.takeReset(index)) this.#vfReset(record);
    if (this.#mailboxes.takeRequest(index)) this.#tries[index] = TRIES;
    if (this.#tries[index] !== 0) this.#fetch(record);
    if (this.#mailboxes.takeAcknowledgement(index)) this.#acknowledged(record);
  }

  #fetch(record: VfRecord): void {
    const { index } = record;
    if (this.#mailboxes.read(index, this.#message)) {
      this.#tries[index] = 0;
      this.#outbox.readBy(index);
      this.#answer(record);
      return;
    }
    this.#tries[index]! -= 1;
    if (this.#tries[index] !== 0) this.#clock.arm(this.#retry, this.#clock.now() + RETRY_NS);
  }

  #vfReset(record: VfRecord): void {
    this.#emit(this.#events.pf_manager_vf_reset, record.index);
    forgetRequests(record);
    record.refusedNs = this.#clock.now();
    this.#tries[record.index] = 0;
    this.#outbox.forget(record.index);
    this.#program.writeAll(record);
  }

  #answer(record: VfRecord): void {
    const message = this.#message;
    const word = message[0]!;
    if ((word & (ACCEPTED | REFUSED)) !== 0) return;
    if (word === Message.reset) {
      this.#greet(record);
      return;
    }
    if (!record.ready) {
      this.#emit(this.#events.pf_manager_not_ready, record.index, word);
      this.#refuseUnready(record, word);
      return;
    }
    record.requests += 1;
    const accepted = obeyRequest(record, message, this.#program);
    if (!accepted) record.refusals += 1;
    const event = this.#events.pf_manager_request;
    if (this.#trace.on[event] !== 0) {
      const info = (word >>> INFO_SHIFT) & INFO_MASK;
      this.#trace.emit(event, record.index, word & TYPE_MASK, info, accepted ? 1 : 0);
    }
    message[0] = word | (accepted ? ACCEPTED : REFUSED) | this.#clearToSend(record);
    this.#reply(record, 1, readsAnswer(word & TYPE_MASK));
  }

  /** RESET: the VF gets its address, and may pass frames and talk from now on. */
  #greet(record: VfRecord): void {
    this.#vfReset(record);
    record.ready = true;
    this.#program.writeEnabled(record);
    const { mac } = record;
    const message = this.#message;
    message[0] = Message.reset | ACCEPTED;
    message[1] = mac[0]! | (mac[1]! << 8) | (mac[2]! << 16) | (mac[3]! << 24);
    message[2] = mac[4]! | (mac[5]! << 8);
    this.#reply(record, 3, true);
    this.#emit(this.#events.pf_manager_vf_ready, record.index);
  }

  #reply(record: VfRecord, length: number, awaited: boolean): void {
    if (this.#mailboxes.write(record.index, this.#message, length) && awaited) this.#outbox.answered(record.index);
  }

  /** The VF has read something. One that is not ready lives from before our start, and resets when it is refused. */
  #acknowledged(record: VfRecord): void {
    this.#outbox.readBy(record.index);
    if (!record.ready) this.#refuseUnready(record, 0);
  }

  #refuseUnready(record: VfRecord, word: number): void {
    const nowNs = this.#clock.now();
    if (nowNs - record.refusedNs < PATIENCE_NS) return;
    record.refusedNs = nowNs;
    this.#message[0] = word | REFUSED;
    this.#mailboxes.write(record.index, this.#message, 1);
  }

  #linkChanged(): void {
    this.#linkMbps = linkSpeed(this.#bus);
    this.#emit(this.#events.pf_manager_link, this.#linkMbps);
    for (const record of this.#records) {
      if (record.ready && record.settings.linkState === 'auto') this.#outbox.post(record.index);
    }
  }

  /** Tells a VF to look at its link again; without CTS it finds none. */
  #control(record: VfRecord): boolean {
    this.#message[0] = Message.control | this.#clearToSend(record);
    const word = this.#message[0];
    if (!this.#mailboxes.write(record.index, this.#message, 1)) return false;
    this.#emit(this.#events.pf_manager_control, record.index, word);
    return true;
  }

  /** A link that is disabled shows in every message: igbvf has no link without CTS. */
  #clearToSend({ ready, settings }: VfRecord): number {
    return ready && settings.linkState !== 'disable' ? CLEAR_TO_SEND : 0;
  }

  #emit(event: number, a: number, b?: number): void {
    if (this.#trace.on[event] !== 0) this.#trace.emit(event, a, b);
  }
}

/** igbvf reads the answers to these; those to others it leaves in the mailbox. */
function readsAnswer(type: number): boolean {
  return type === Message.setMacAddress || type === Message.setVlan || type === Message.setPromiscuous;
}

/**
 * Where transmitted frames go: the switch between pools and wire (05 §5.8), and what pools may send (§5.9). A packet is
 * decided on once; what it becomes (segments, say) follows it.
 */
import { arena } from '../../../packet/arena.ts';
import { capturedAt, type FrameOffload, type FramePieces } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import type { Interrupts } from '../interrupts/interrupts.ts';
import type { Link } from '../link/link.ts';
import type { ReceiveEngine } from '../rx/engine.ts';
import { destinationKind } from '../rx/filter.ts';
import { EXACT_UNICAST, LOCAL_VLAN, POOLS_MASK, mayLoopBack, poolReason, selectPools } from '../rx/pools.ts';
import { usesPools } from '../rx/queue-select.ts';
import { VlanTags, passesVlanFilter } from '../rx/vlan.ts';
import type { Statistics } from '../statistics.ts';
import { pf } from '../tables/index.ts';
import { route, type TransmitSink } from '../tx/parts.ts';
import { KnownRoutes } from './known-routes.ts';
import { TO_WIRE, mirrorPools } from './mirror.ts';
import { type DeliveryParts, PoolDeliveries } from './pool-deliveries.ts';
import { isChecked, spoofs } from './spoof-check.ts';

const { DTXCTL, DTXSWC, ICR, MRQC, SSVPC, WVBR } = pf;

export interface SwitchParts {
  readonly link: Pick<Link, 'loopback' | 'up'>;
  readonly receive: Pick<ReceiveEngine, 'loopback'> & DeliveryParts['receive'];
  readonly interrupts: Pick<Interrupts, 'raise'>;
  readonly statistics: Pick<Statistics, 'count'> & DeliveryParts['statistics'];
}

export class LocalSwitch implements TransmitSink {
  readonly pools: PoolDeliveries;
  private readonly context: PortContext;
  private readonly parts: SwitchParts;
  private readonly values: Uint32Array;
  private readonly tags: VlanTags;
  private readonly known: KnownRoutes;
  /** The packet at hand comes back instead of leaving. */
  private loops: boolean;

  constructor(context: PortContext, parts: SwitchParts) {
    this.pools = new PoolDeliveries(parts);
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.tags = new VlanTags();
    this.known = new KnownRoutes();
    this.loops = false;
  }

  route(queue: number, start: number, length: number, tagIsPools: boolean): number {
    const { values } = this;
    this.loops = this.parts.link.loopback;
    if (!usesPools(values[MRQC.index]!)) return this.outside(queue, start, length);
    const pool = queue & 7;
    const dtxswc = values[DTXSWC.index]!;
    this.tags.recognise(values, arena.bytes, start, length);
    if (isChecked(dtxswc, pool)) {
      const reason = spoofs(values, pool, arena.bytes, start, tagIsPools ? -1 : this.tags.vid);
      if (reason !== 0) return this.refuse(queue, reason, start, length);
    }
    if ((dtxswc & DTXSWC.LOOPBACK_EN.mask) === 0 || this.loops) return this.outside(queue, start, length);
    return this.decide(queue, start, length);
  }

  beginRun(queue: number): number {
    const { values, context } = this;
    const { link } = this.parts;
    this.loops = link.loopback;
    if (this.loops || !link.up) return 0;
    if (this.known.version !== context.settings.version) this.known.clear(context.settings.version);
    if (usesPools(values[MRQC.index]!)) {
      const dtxswc = values[DTXSWC.index]!;
      if (isChecked(dtxswc, queue & 7) || (dtxswc & DTXSWC.LOOPBACK_EN.mask) !== 0) {
        return route.wire | route.pools;
      }
    }
    return this.isUnseen() ? route.wire | route.unseen : route.wire;
  }

  routePlain(queue: number, start: number, length: number, tagIsPools: boolean): number {
    const { known } = this;
    if (!known.find(queue & 7, start)) {
      const ways = this.route(queue, start, length, tagIsPools);
      if (ways !== 0) known.keep(queue & 7, start, ways, this.pools.chosen);
      return ways;
    }
    this.pools.chosen = known.pools;
    return known.ways;
  }

  drain(frames: number, bytes: number): void {
    this.context.wire.drain?.drained(frames, bytes);
  }

  transmit(_queue: number, bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (this.loops) this.parts.receive.loopback(bytes, offset, length, offload);
    else {
      const { taps, wire } = this.context;
      if (taps.on[capturedAt.wire] !== 0) taps.wire(1, bytes, offset, length, offload);
      wire.send(bytes, offset, length, offload);
    }
  }

  transmitPieces(pieces: FramePieces, length: number, offload: FrameOffload): void {
    this.context.wire.gather!.sendPieces(pieces, length, offload);
  }

  /** A packet goes nowhere, or not to the wire; `detail` is what the event says besides the queue. */
  private drop(event: number, queue: number, start: number, length: number, detail: number): 0 {
    const { taps, trace } = this.context;
    taps.drop(1, event, queue, arena.bytes, start, length);
    if (trace.on[event] !== 0) trace.emit(event, queue, detail);
    return 0;
  }

  /** The way to the wire, or through a loopback of MAC or PHY. */
  private outside(queue: number, start: number, length: number): number {
    if (this.loops) return route.wire;
    if (this.parts.link.up) {
      if (this.isUnseen()) return route.wire | route.unseen;
      const { wire } = this.context;
      if (!wire.acceptsOffload) return route.wire;
      return wire.gather === undefined ? route.wire | route.whole : route.wire | route.whole | route.pieces;
    }
    return this.drop(this.context.events.igb_tx_drop_link, queue, start, length, length);
  }

  /** Nobody sees what goes to the wire, at its other end or on the way. */
  private isUnseen(): boolean {
    const { events, taps, trace, wire } = this.context;
    return wire.drain !== undefined && (taps.watched | trace.on[events.igb_tx_packet]!) === 0;
  }

  private decide(queue: number, start: number, length: number): number {
    const { values, tags } = this;
    const { bytes } = arena;
    const pool = queue & 7;
    const low = bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 24);
    const high = bytes[start + 4]! | (bytes[start + 5]! << 8);
    const kind = destinationKind(low, high);
    const selected = passesVlanFilter(values, tags) ? selectPools(values, kind, low, high, tags.vid, pool) : 0;
    const leaves = (selected & (EXACT_UNICAST | LOCAL_VLAN)) === 0;
    let pools = selected & POOLS_MASK;
    const copies = mirrorPools(values, pools, tags.vid, leaves ? TO_WIRE : 0);
    if (copies !== 0) pools |= mayLoopBack(values, pool) ? copies : copies & ~(1 << pool);
    this.pools.chosen = pools;
    const outside = leaves ? this.outside(queue, start, length) : 0;
    const { trace, events } = this.context;
    if (trace.on[events.igb_switch_route] !== 0) {
      const reason = poolReason(values, kind, high, selected);
      trace.emit(events.igb_switch_route, pool, pools, outside === 0 ? 0 : 1, reason, tags.vid);
    }
    if (pools !== 0) return outside | route.pools;
    if (!leaves) this.drop(this.context.events.igb_switch_drop, queue, start, length, length);
    return outside;
  }

  private refuse(queue: number, reason: number, start: number, length: number): number {
    const { values } = this;
    const { events } = this.context;
    values[WVBR.index]! |= 1 << queue;
    this.parts.statistics.count(SSVPC.index, 1);
    this.drop(events.igb_switch_drop_spoof, queue, start, length, reason);
    if ((values[DTXCTL.index]! & DTXCTL.SPOOF_INT.mask) !== 0) this.parts.interrupts.raise(ICR.DOUTSYNC.mask);
    return 0;
  }
}

/** Which pools a frame from the wire is for, by MAC control, storm control, VLAN and address filters; why it is for none. */
import type { PortContext } from '../context.ts';
import { FROM_WIRE, mirrorPools } from '../switch/mirror.ts';
import { STORM_DROP, STORM_EVENT, StormControl } from '../switch/storm-control.ts';
import { pf } from '../tables/index.ts';
import { acceptsDestination, BROADCAST, UNICAST } from './filter.ts';
import type { ReceivedFrame } from './frame.ts';
import type { Losses } from './losses.ts';
import type { ReceiveParts } from './parts.ts';
import { controlOpcode, isMacControl, pauseTime } from './pause.ts';
import { poolReason, POOLS_MASK, selectPools } from './pools.ts';
import { usesPools } from './queue-select.ts';
import type { ReceiveReports } from './reports.ts';
import { poolsForLength } from './size.ts';
import { passesVlanFilter } from './vlan.ts';

const { ICR, MRQC, RCTL } = pf;

export class WireFilters {
  private readonly context: PortContext;
  private readonly values: Uint32Array;
  private readonly flow: ReceiveParts['flow'];
  private readonly storms: StormControl;
  private readonly losses: Losses;
  private readonly reports: ReceiveReports;

  constructor(context: PortContext, flow: ReceiveParts['flow'], losses: Losses, reports: ReceiveReports) {
    this.context = context;
    this.values = context.registers.values;
    this.flow = flow;
    this.storms = new StormControl(this.values, context.clock);
    this.losses = losses;
    this.reports = reports;
  }

  reset(): void {
    this.storms.reset();
  }

  /** Pools that take the frame at hand (one bit on a port without pools); 0 where it was dropped, counted and traced. */
  pools(frame: ReceivedFrame): number {
    const { values, losses } = this;
    const { events, trace } = this.context;
    if (isMacControl(values, frame) && !this.passesControl(frame)) return 0;
    if (frame.kind !== UNICAST && this.storms.isOn && this.isStorm(frame)) return 0;
    if (!passesVlanFilter(values, frame.tags)) {
      losses.loseThis(events.igb_rx_drop_vlan, frame.tags.vid);
      return 0;
    }
    if (!usesPools(values[MRQC.index]!)) {
      if (acceptsDestination(values, frame.kind, frame.low, frame.high)) return 1;
      losses.loseThis(events.igb_rx_drop_address, frame.high, frame.low >>> 0);
      return 0;
    }
    const { kind, low, high, tags } = frame;
    const selected = selectPools(values, kind, low, high, tags.vid, -1);
    const copies = mirrorPools(values, selected & POOLS_MASK, tags.vid, FROM_WIRE);
    const chosen = (selected & POOLS_MASK) | copies;
    if (trace.on[events.igb_switch_pools] !== 0) {
      trace.emit(events.igb_switch_pools, chosen, poolReason(values, kind, high, selected), tags.vid, copies);
    }
    const pools = poolsForLength(values, chosen, frame.length, tags.count);
    if (pools === 0) {
      if (chosen === 0) losses.loseThis(events.igb_rx_drop_pool, chosen);
      else losses.loseOversize(frame.bytes, frame.start, frame.length);
    }
    return pools;
  }

  /** Whether the filters take a frame whose headers were parsed, which is not received. */
  wouldAccept({ kind, low, high, tags }: ReceivedFrame): boolean {
    const { values } = this;
    if (!passesVlanFilter(values, tags)) return false;
    if (!usesPools(values[MRQC.index]!)) return acceptsDestination(values, kind, low, high);
    return (selectPools(values, kind, low, high, tags.vid, -1) & POOLS_MASK) !== 0;
  }

  /** Whether storm control drops a broadcast or multicast frame. */
  private isStorm(frame: ReceivedFrame): boolean {
    const { events, trace } = this.context;
    const broadcast = frame.kind === BROADCAST;
    const verdict = this.storms.judge(broadcast, frame.length);
    if ((verdict & STORM_EVENT) !== 0) {
      this.reports.raise(ICR.SCE.mask);
      const { igb_switch_storm } = events;
      if (trace.on[igb_switch_storm] !== 0) trace.emit(igb_switch_storm, broadcast ? 1 : 0, frame.length);
    }
    if ((verdict & STORM_DROP) === 0) return false;
    this.losses.loseThis(events.igb_switch_drop_storm, broadcast ? 1 : 0, frame.length);
    return true;
  }

  /** Acts on a pause frame; it goes on to software only with RCTL.PMCF. */
  private passesControl(frame: ReceivedFrame): boolean {
    const time = pauseTime(frame);
    this.flow?.received(controlOpcode(frame), time);
    if ((this.values[RCTL.index]! & (RCTL.PMCF.mask | RCTL.DPF.mask)) === RCTL.PMCF.mask) return true;
    this.losses.loseThis(this.context.events.igb_rx_drop_pause, time);
    return false;
  }
}

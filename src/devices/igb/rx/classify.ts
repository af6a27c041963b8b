/** What the port finds out about an accepted frame before it is stored: protocols, checksums, hash (§4.6, §4.8). */
import { pf } from '../tables/index.ts';
import { destinationKind } from './filter.ts';
import type { ReceivedFrame } from './frame.ts';
import { ERROR, ReceiveOffload, STATUS, matchEtherTypeFilter, packetType } from './offload.ts';
import { NO_QUEUE, asksForInterrupt, filteredQueue } from './queue-filters.ts';
import { poolQueue, portQueue, usesPools, usesRss } from './queue-select.ts';
import { RSS_TYPE, ReceiveSideScaling } from './rss.ts';
import { matchTuples } from './tuple-filters.ts';

const { MRQC, RXCSUM, VET } = pf;

export class Classifier {
  private readonly values: Uint32Array;
  private readonly offload: ReceiveOffload;
  readonly scaling: ReceiveSideScaling;

  constructor(values: Uint32Array) {
    this.values = values;
    this.offload = new ReceiveOffload();
    this.scaling = new ReceiveSideScaling(values);
  }

  /** What the filters need: tags and kind of destination. */
  begin(frame: ReceivedFrame): void {
    frame.tags.recognise(this.values, frame.bytes, frame.start, frame.length);
    frame.kind = destinationKind(frame.low, frame.high);
  }

  /** The rest, for a frame that passed them. */
  finish(frame: ReceivedFrame): void {
    const { values, scaling, offload } = this;
    const { headers, bytes, start } = frame;
    headers.vlanType = values[VET.index]! & 0xffff;
    headers.parse(bytes, start, frame.length);
    frame.etherTypeFilter = matchEtherTypeFilter(values, headers.etherType);
    frame.tuples = matchTuples(values, frame);
    frame.packetType = packetType(headers, frame.etherTypeFilter);
    offload.judge(values, bytes, start, headers, frame.knownGood);
    frame.status = frame.sourcePool < 0 ? offload.status : offload.status | STATUS.LB;
    frame.immediate = (frame.status & (ERROR.L4E | ERROR.IPE)) === 0 && asksForInterrupt(values, frame);
    if (frame.immediate) frame.status |= STATUS.DYNINT;
    if (usesRss(values[MRQC.index]!)) scaling.classify(bytes, start, headers);
    else scaling.none();
    frame.rssType = scaling.type;
    const reportsHash = (values[RXCSUM.index]! & RXCSUM.PCSD.mask) !== 0;
    frame.hashOrSum = reportsHash ? scaling.hash : offload.identificationAndSum;
    if (!reportsHash) frame.rssType = RSS_TYPE.none;
  }

  /** Queues for a frame that `finish` has seen, a bit each: one, or one of each of `pools`. */
  queues(frame: ReceivedFrame, pools: number): number {
    const { values, scaling } = this;
    if (!usesPools(values[MRQC.index]!)) {
      const chosen = filteredQueue(values, frame, -1);
      return 1 << (chosen === NO_QUEUE ? portQueue(values, scaling) : chosen & 0xf);
    }
    let queues = 0;
    for (let rest = pools; rest !== 0; rest &= rest - 1) {
      const pool = 31 - Math.clz32(rest & -rest);
      const chosen = filteredQueue(values, frame, pool);
      queues |= 1 << (chosen === NO_QUEUE ? poolQueue(values, pool, scaling) : pool + 8 * (chosen & 1));
    }
    return queues;
  }
}

/** What is in a trace, in numbers. */
import { argumentOf, LOST, type TraceRecord } from './record.ts';

export interface EventStatistics {
  readonly event: string;
  count: number;
  readonly firstNs: number;
  lastNs: number;
}

export interface QueueStatistics {
  readonly port: number;
  readonly queue: number;
  readonly direction: 'tx' | 'rx';
  packets: number;
  bytes: number;
  drops: number;
}

export interface TraceStatistics {
  records: number;
  /** Records that came faster than they were written. */
  lost: number;
  /** Numbers of packets that occur. */
  packets: number;
  durationNs: number;
  readonly events: readonly EventStatistics[];
  readonly queues: readonly QueueStatistics[];
}

export function traceStatistics(records: Iterable<TraceRecord>): TraceStatistics {
  const events = new Map<string, EventStatistics>();
  const queues = new Map<string, QueueStatistics>();
  const result = { records: 0, lost: 0, packets: 0, durationNs: 0 };
  let firstNs = NaN;
  let highest = 0;
  for (const record of records) {
    const { name, timeNs, packet } = record;
    if (name === LOST) {
      result.lost += record.args[0]!;
      continue;
    }
    result.records += 1;
    if (Number.isNaN(firstNs)) firstNs = timeNs;
    result.durationNs = timeNs - firstNs;
    // Numbers are given in order: a new one is higher than all before.
    if (packet > highest) {
      highest = packet;
      result.packets += 1;
    }
    const event = events.get(name) ?? { event: name, count: 0, firstNs: timeNs, lastNs: timeNs };
    event.count += 1;
    event.lastNs = timeNs;
    events.set(name, event);
    countQueue(queues, record);
  }
  const byCount = [...events.values()].sort((a, b) => b.count - a.count || (a.event < b.event ? -1 : 1));
  const byQueue = [...queues.values()].sort(
    (a, b) => a.port - b.port || a.queue - b.queue || (a.direction < b.direction ? 1 : -1),
  );
  return { ...result, events: byCount, queues: byQueue };
}

function countQueue(queues: Map<string, QueueStatistics>, record: TraceRecord): void {
  const { name, port } = record;
  const queue = argumentOf(record, 'queue');
  const sent = name === 'igb_tx_fetch';
  const received = name === 'igb_rx_packet';
  const dropped = name.includes('_drop');
  if (queue === undefined || !(sent || received || dropped)) return;
  const direction = received || name.startsWith('igb_rx') ? 'rx' : 'tx';
  const key = `${port} ${direction} ${queue}`;
  const counted = queues.get(key) ?? { port, queue, direction, packets: 0, bytes: 0, drops: 0 };
  if (dropped) counted.drops += 1;
  else {
    counted.packets += 1;
    counted.bytes += argumentOf(record, 'length') ?? 0;
  }
  queues.set(key, counted);
}

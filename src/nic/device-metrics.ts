/** Metrics of a NIC that its device thread knows. Counters never go back while the NIC runs, whatever its guests reset. */
import { POOLS, QUEUES } from '../devices/igb/context.ts';
import { SENT_INTX, SENT_MSI, SENT_ROW } from '../devices/igb/interrupts/interrupt-messages.ts';
import type { QueueRowFilter } from '../devices/igb/queue-rows.ts';
import { trafficColumns } from '../devices/igb/statistics.ts';
import { pf } from '../devices/igb/tables/index.ts';
import type { Labels, Metric, Sample, SampledMetric } from '../metrics/prometheus-text.ts';
import type { AssembledNic } from './assembled-nic.ts';
import type { PortParts } from './port-parts.ts';

/** What a port is, as far as metrics go. */
type Port = Pick<PortParts, 'port' | 'vfs'>;

const functionNames = ['pf', ...Array.from({ length: POOLS }, (_, vf) => `vf${vf}`)];

/** What traffic and losses are told of: labels, and what is summed for them. */
interface Group {
  readonly prefix: string;
  readonly of: string;
  readonly members: readonly { readonly labels: Labels; readonly filter: QueueRowFilter }[];
}

const groups: readonly Group[] = [
  {
    prefix: 'outboard_function',
    of: 'a function',
    members: functionNames.map((name, fn) => ({ labels: { function: name }, filter: { fn } })),
  },
  {
    prefix: 'outboard_pool',
    of: 'a VMDq pool',
    members: Array.from({ length: POOLS }, (_, pool) => ({ labels: { pool }, filter: { pool } })),
  },
  {
    prefix: 'outboard_queue',
    of: 'a queue',
    members: Array.from({ length: QUEUES }, (_, queue) => ({ labels: { queue }, filter: { queue } })),
  },
];

/** Places in `trafficColumns`, whose bytes stand behind each count. */
const ways = [
  { name: 'receive', verb: 'received by', peer: 'from', wire: 'received', pool: 'receivedLocally' },
  { name: 'transmit', verb: 'sent by', peer: 'to', wire: 'sent', pool: 'sentLocally' },
] as const;

function trafficMetrics({ port }: Port, { prefix, of, members }: Group): SampledMetric[] {
  const { statistics } = port.blocks;
  return ways.flatMap(({ name, verb, peer, wire, pool }) =>
    (['packets', 'bytes'] as const).map((unit): SampledMetric => {
      const samples = members.flatMap(({ labels, filter }) =>
        (['wire', 'pool'] as const).map((other): Sample => {
          const column = trafficColumns.indexOf(other === 'wire' ? wire : pool) + (unit === 'bytes' ? 1 : 0);
          return { labels: { ...labels, [peer]: other }, value: statistics.traffic(column, filter) };
        }),
      );
      const what = unit === 'bytes' ? 'Bytes, without FCS,' : 'Frames';
      return { name: `${prefix}_${name}_${unit}_total`, help: `${what} ${verb} ${of}.`, type: 'counter', samples };
    }),
  );
}

/** Events by which frames are lost. */
function dropEvents({ port }: Port): [string, number][] {
  const others = ['igb_guest_error_tx_length', 'igb_guest_error_tx_segment_size'];
  return Object.entries(port.context.events).filter(([name]) => /_drop(_|$)/.test(name) || others.includes(name));
}

function dropMetrics(nic: Port): SampledMetric[] {
  const { taps } = nic.port.context;
  const events = dropEvents(nic);
  const all: SampledMetric = {
    name: 'outboard_dropped_packets_total',
    help: 'Frames that the NIC dropped, by the trace event that tells why.',
    type: 'counter',
    samples: events.map(([reason, event]) => ({ labels: { reason }, value: taps.lost(event, {}) })),
  };
  const parts = groups.map(({ prefix, of, members }): SampledMetric => {
    const samples = members
      .flatMap(({ labels, filter }) =>
        events.map(([reason, event]) => ({ labels: { ...labels, reason }, value: taps.lost(event, filter) })),
      )
      .filter(({ value }) => value > 0);
    const help = `Frames dropped at ${of}, by the trace event that tells why; a pair appears with its first frame.`;
    return { name: `${prefix}_dropped_packets_total`, help, type: 'counter', samples };
  });
  return [all, ...parts];
}

function interruptMetrics({ port }: Port): SampledMetric {
  const { sent } = port.blocks.interrupts.messages;
  const samples = functionNames.flatMap((name, fn) => {
    const at = (what: number): number => sent[fn * SENT_ROW + what]!;
    const vectors = Array.from({ length: SENT_MSI }, (_, vector) => vector).filter((vector) => at(vector) > 0);
    const messages = vectors.map((vector) => ({ labels: { function: name, kind: 'msix', vector }, value: at(vector) }));
    const others = [
      { labels: { function: name, kind: 'msi', vector: 0 }, value: at(SENT_MSI) },
      { labels: { function: name, kind: 'intx', vector: 0 }, value: at(SENT_INTX) },
    ];
    return [...messages, ...(fn === 0 ? others : [])];
  });
  const help = 'Interrupts sent, by function and its vector; an MSI-X vector appears with its first one.';
  return { name: 'outboard_interrupts_total', help, type: 'counter', samples };
}

const rings = [
  { direction: 'receive', head: pf.RDH, tail: pf.RDT, length: pf.RDLEN, control: pf.RXDCTL },
  { direction: 'transmit', head: pf.TDH, tail: pf.TDT, length: pf.TDLEN, control: pf.TXDCTL },
] as const;
const ENABLE = pf.RXDCTL.ENABLE.mask;

function ringMetrics({ port }: Port): SampledMetric[] {
  const { values } = port.context.registers;
  const sizes: Sample[] = [];
  const filled: Sample[] = [];
  for (const { direction, head, tail, length, control } of rings) {
    for (let queue = 0; queue < QUEUES; queue += 1) {
      const at = ({ index, step }: { index: number; step: number }): number => values[index + queue * step]!;
      const labels = { queue, direction };
      const size = (at(control) & ENABLE) === 0 ? 0 : (at(length) & 0xfff80) >>> 4;
      const valid = at(head) < size && at(tail) < size;
      sizes.push({ labels, value: size });
      filled.push({ labels, value: valid ? (at(tail) - at(head) + size) % size : 0 });
    }
  }
  return [
    {
      name: 'outboard_ring_size_descriptors',
      help: 'Descriptors of a ring; 0 while off.',
      type: 'gauge',
      samples: sizes,
    },
    {
      name: 'outboard_ring_device_descriptors',
      help: "Descriptors that are the device's: free buffers of a receive ring, packets to send of a transmit ring.",
      type: 'gauge',
      samples: filled,
    },
  ];
}

const wireCounters = [
  ['packetsReceived', 'outboard_netdev_receive_packets_total', 'Frames that came from a netdev.'],
  ['bytesReceived', 'outboard_netdev_receive_bytes_total', 'Bytes that came from a netdev.'],
  ['packetsSent', 'outboard_netdev_transmit_packets_total', 'Frames given to a netdev, large ones uncut.'],
  ['bytesSent', 'outboard_netdev_transmit_bytes_total', 'Bytes given to a netdev.'],
  ['dropped', 'outboard_netdev_transmit_dropped_packets_total', 'Frames that a netdev could not send.'],
  ['malformed', 'outboard_netdev_malformed_total', 'What came from a netdev and was no frame, or no connection.'],
] as const;

function netdevMetrics({ netdevs }: AssembledNic): Metric[] {
  const list = netdevs.list();
  return wireCounters.map(([counter, name, help]) => ({
    name,
    help,
    type: 'counter',
    samples: list.map(({ options, counters }) => ({
      labels: { netdev: options.id },
      value: (counters as unknown as Record<string, number>)[counter] ?? 0,
    })),
  }));
}

function attachmentMetrics({ attachments }: AssembledNic): Metric[] {
  const list = attachments.list();
  const samples = (value: (entry: (typeof list)[number]) => number): Sample[] =>
    list.map((entry) => ({ labels: { function: entry.id, kind: entry.attachment.kind }, value: value(entry) }));
  return [
    {
      name: 'outboard_vfio_user_attached',
      help: '1 while a machine is attached to the socket of a function.',
      type: 'gauge',
      samples: samples(({ attached }) => (attached ? 1 : 0)),
    },
    {
      name: 'outboard_vfio_user_sessions_total',
      help: 'Machines that have attached to the socket of a function.',
      type: 'counter',
      samples: samples(({ sessions }) => sessions),
    },
  ];
}

function turnMetrics({ loop }: AssembledNic): Metric {
  const turns = loop.measureTurns();
  const counts = [...turns.counts];
  const bounds = counts.map((_, bucket) => turns.boundNs(bucket) / 1e9);
  return {
    name: 'outboard_turn_duration_seconds',
    help: 'Time of a turn of the device thread: accesses, work, replies and interrupts, but no requests such as this one.',
    type: 'histogram',
    histograms: [{ labels: {}, bounds, counts, sum: turns.sumNs / 1e9 }],
  };
}

function linkMetrics({ port }: Port): SampledMetric[] {
  const { link } = port.blocks;
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  return [
    { name: 'outboard_link_up', help: '1 while there is a link.', type: 'gauge', samples: one(link.up ? 1 : 0) },
    {
      name: 'outboard_link_speed_bytes_per_second',
      help: 'Speed of the link; 0 without one.',
      type: 'gauge',
      samples: one(link.up ? link.speedMbps * 125_000 : 0),
    },
  ];
}

function refusedMetrics({ vfs }: Port): SampledMetric {
  return {
    name: 'outboard_vf_refused_accesses_total',
    help: "Accesses of the PF's machine to a VF that is in another machine; they read 0 and write nothing.",
    type: 'counter',
    samples: vfs.hierarchy.map(({ refused, index }) => ({ labels: { function: `vf${index}` }, value: refused })),
  };
}

function portMetrics(port: Port): SampledMetric[] {
  return [
    ...linkMetrics(port),
    ...groups.flatMap((group) => trafficMetrics(port, group)),
    ...dropMetrics(port),
    refusedMetrics(port),
    interruptMetrics(port),
    ...ringMetrics(port),
  ];
}

/** The same metrics of each port as one, told apart by the label `port`. */
function byPort(ports: readonly Port[]): Metric[] {
  const [first = [], ...others] = ports.map((port, number) =>
    portMetrics(port).map((metric) => ({
      ...metric,
      samples: metric.samples.map(({ labels, value }) => ({ labels: { port: number, ...labels }, value })),
    })),
  );
  return first.map((metric, index) => ({
    ...metric,
    samples: [...metric.samples, ...others.flatMap((metrics) => metrics[index]!.samples)],
  }));
}

/** All of them, in an order that does not change. */
export function deviceMetrics(nic: AssembledNic): Metric[] {
  const ports = nic.second === undefined ? [nic] : [nic, nic.second];
  return [...byPort(ports), turnMetrics(nic), ...attachmentMetrics(nic), ...netdevMetrics(nic)];
}

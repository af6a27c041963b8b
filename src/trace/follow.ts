/** The story of one packet: from the tail write or the wire through the device to the interrupts of all who got it. */
import { argumentOf, type TraceRecord } from './record.ts';

type Direction = 0 | 1;
const RX = 0;
const TX = 1;

/** After the packet itself its interrupts are looked for this long. */
const LATEST_NS = 2e9;

/** Way of a queue's interrupt: asked for, sent, acknowledged. */
interface Chain {
  readonly port: number;
  readonly direction: Direction;
  readonly queue: number;
  /** -1 until the queue has asked. */
  vector: number;
  sent: boolean;
  done: boolean;
}

const has = (mask: number | undefined, vector: number): boolean =>
  mask !== undefined && vector < 32 && ((mask >>> vector) & 1) !== 0;

/** Events that acknowledge by a mask of vectors, and the argument that holds it. */
const acknowledgements: Readonly<Record<string, string>> = {
  igb_irq_eims: 'unmasked',
  igb_irq_eicr_write: 'value',
  igb_irq_eicr_read: 'value',
};

/** Takes a chain on; whether the record belongs to it. */
function continues(chain: Chain, record: TraceRecord): boolean {
  const { name } = record;
  if (record.port !== chain.port) return false;
  if (chain.vector === -1) {
    const asked = name === 'igb_irq_queue' || name === 'igb_irq_no_queue_vector';
    if (!asked || argumentOf(record, 'queue') !== chain.queue) return false;
    if (argumentOf(record, 'direction') !== chain.direction) return false;
    chain.vector = argumentOf(record, 'vector') ?? -2;
    chain.done = chain.vector === -2;
    return true;
  }
  if (argumentOf(record, 'vector') === chain.vector && name.startsWith('igb_irq_') && name !== 'igb_irq_queue') {
    if (name === 'igb_irq_msix') chain.sent = true;
    return true;
  }
  if (!chain.sent) return false;
  const mask = acknowledgements[name];
  if (mask === undefined || !has(argumentOf(record, mask), chain.vector)) return false;
  chain.done = true;
  return true;
}

/** How a message leaves, right behind the record of its vector. */
const messages = new Set(['pci_msi_message', 'vfio_user_irq', 'vfio_user_dma_write']);

export interface Story {
  /** In order; empty where the trace has no such packet. */
  readonly records: readonly TraceRecord[];
  /** Interrupts that were not seen to their end. */
  readonly open: readonly string[];
}

/** Finds a packet by its number. */
export function followPacket(trace: Iterable<TraceRecord>, packet: number): Story {
  const tails = new Map<string, TraceRecord>();
  const records: TraceRecord[] = [];
  const chains: Chain[] = [];
  let seenNs = Infinity;
  let sending = false;
  /** Write-backs that are held, and come later. */
  const owed = new Set<string>();
  const begin = (port: number, direction: Direction, queue: number): void => {
    if (chains.some((chain) => chain.port === port && chain.direction === direction && chain.queue === queue)) return;
    chains.push({ port, direction, queue, vector: -1, sent: false, done: false });
  };
  for (const record of trace) {
    const { name, timeNs, port } = record;
    const queue = argumentOf(record, 'queue') ?? 0;
    const place = `${port} ${queue}`;
    if (record.packet === packet) {
      const tail = name === 'igb_tx_fetch' ? tails.get(place) : undefined;
      if (tail !== undefined) records.push(tail);
      if (name === 'igb_tx_fetch') owed.add(`igb_tx_write_back ${place}`);
      if (name === 'igb_rx_write_back' && argumentOf(record, 'held') === 1) owed.add(`igb_rx_flush ${place}`);
      if (owed.delete(`${name} ${place}`)) begin(port, TX, queue);
      if (name === 'igb_rx_packet') begin(port, RX, queue);
      records.push(record);
      seenNs = timeNs;
      continue;
    }
    if (name === 'igb_tx_tail') tails.set(place, record);
    if (timeNs - seenNs > LATEST_NS) break;
    const open = chains.filter(({ done }) => !done);
    if (records.length > 0 && open.length === 0 && owed.size === 0 && timeNs - seenNs > LATEST_NS / 100) break;
    // One record may belong to several: queues share vectors.
    const isOwed = owed.delete(`${name} ${place}`);
    if (isOwed && name === 'igb_tx_write_back') begin(port, TX, queue);
    const belongs = isOwed || open.filter((chain) => continues(chain, record)).length > 0;
    sending = belongs ? name === 'igb_irq_msix' : sending && messages.has(name);
    if (belongs || sending) records.push(record);
  }
  return { records, open: chains.filter(({ done }) => !done).map((chain) => whatIsOpen(chain)) };
}

function whatIsOpen({ direction, queue, vector, sent }: Chain): string {
  const name = `${direction === TX ? 'transmit' : 'receive'} queue ${queue}`;
  if (vector === -1) return `${name} did not ask for an interrupt`;
  return sent ? `vector ${vector} of ${name} was not acknowledged` : `vector ${vector} of ${name} was not sent`;
}

/**
 * Looks for the place where a queue's work stopped: tail writes, fetches, write-backs, interrupts and their acknowledgement
 * are matched for each queue, and the last link of the chain says on which side it broke.
 */
import { argumentOf, LOST, type TraceRecord } from './record.ts';

/** Who has to do something next. Of an idle queue a trace cannot tell: the driver, where it has something to send. */
export type Side = 'nobody' | 'device' | 'driver' | 'idle';

export interface QueueDiagnosis {
  readonly port: number;
  readonly direction: 'tx' | 'rx';
  readonly queue: number;
  readonly tails: number;
  readonly packets: number;
  readonly writeBacks: number;
  /** Interrupts that the queue asked for, that were sent with its vector, that software dealt with. */
  readonly asked: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly side: Side;
  /** In words. */
  readonly finding: string;
  /** When the chain stood still, in ns of the trace; -1 where it did not. */
  readonly sinceNs: number;
}

export interface Diagnosis {
  readonly queues: readonly QueueDiagnosis[];
  /** Events without which nothing can be said, and that the trace does not have. */
  readonly missing: readonly string[];
  readonly lost: number;
}

/** What the doctor needs: `--trace` with these. */
export const needed = [
  'igb_tx_tail',
  'igb_tx_fetch',
  'igb_tx_write_back',
  'igb_irq_queue',
  'igb_irq_msix',
  'igb_irq_eims',
];
/** A queue whose tail was not written for so long at the end of the trace is idle. */
const SILENCE_NS = 1e9;

/** When something happened; the order tells what came first where the time is the same. */
interface Moment {
  readonly order: number;
  readonly timeNs: number;
}

const NEVER: Moment = { order: -1, timeNs: -1 };
const happened = ({ order }: Moment): boolean => order >= 0;
const after = (a: Moment, b: Moment): boolean => a.order > b.order;

class Queue {
  readonly port: number;
  readonly direction: 'tx' | 'rx';
  readonly queue: number;
  tails = 0;
  packets = 0;
  writeBacks = 0;
  asked = 0;
  head = -1;
  tail = -1;
  vector = -1;
  tailAt = NEVER;
  writeBackAt = NEVER;
  askedAt = NEVER;
  maskedAt = NEVER;
  /** A fault on demand kept a descriptor from its write-back: until a reset there is no way past it. */
  stuckAt = NEVER;
  /** What last kept the queue from going on, and when. */
  obstacle = '';
  obstacleAt = NEVER;

  constructor(port: number, direction: 'tx' | 'rx', queue: number) {
    this.port = port;
    this.direction = direction;
    this.queue = queue;
  }
}

class Vector {
  sent = 0;
  acknowledged = 0;
  sentAt = NEVER;
  acknowledgedAt = NEVER;
  throttledAt = NEVER;
  unsentAt = NEVER;
  /** A fault on demand lost what was sent. */
  lostAt = NEVER;
}

/** Sentences for what keeps a queue from going on. */
const obstacles: Readonly<Record<string, string>> = {
  igb_tx_queue_disabled: 'the queue was turned off',
  igb_rx_queue_disabled: 'the queue was turned off',
  igb_guest_error_tail: 'its tail lies outside its ring',
  igb_guest_error_head: 'its head lies outside its ring',
  igb_guest_error_dma: 'its ring is not in memory',
  igb_tx_rate_wait: 'it waits for its rate limit',
  igb_rx_drop_descriptors: 'it has no descriptors: the driver gives none back',
  igb_rx_drop_queue: 'it is off',
  igb_rx_drop_ring: 'its ring lies outside memory, or is too small',
};

class Doctor {
  readonly #queues: Map<string, Queue>;
  /** By port and number. */
  readonly #vectors: Map<string, Vector>;
  readonly #seen: Set<string>;
  lost: number;
  #now: Moment;
  /** Vector of the message that was sent last. */
  #sent: Vector | undefined;

  constructor() {
    this.#queues = new Map();
    this.#vectors = new Map();
    this.#seen = new Set();
    this.lost = 0;
    this.#now = NEVER;
    this.#sent = undefined;
  }

  add(record: TraceRecord): void {
    const { name, timeNs } = record;
    this.#now = { order: this.#now.order + 1, timeNs };
    this.#seen.add(name);
    if (name === LOST) this.lost += record.args[0]!;
    else if (
      name.startsWith('igb_reset_') &&
      name !== 'igb_reset_vf' &&
      name !== 'igb_reset_phy' &&
      name !== 'igb_reset_done'
    ) {
      this.#forget(record.port);
    } else if (name.startsWith('igb_irq_')) this.#interrupt(record);
    else if (name === 'fault_descriptor_stuck') {
      const direction = argumentOf(record, 'direction') === 1 ? 'tx' : 'rx';
      this.#queue(record.port, direction, argumentOf(record, 'queue')!).stuckAt = this.#now;
    } else if (name === 'fault_interrupt_lost') {
      if (this.#sent !== undefined) this.#sent.lostAt = this.#now;
    } else this.#work(record);
  }

  /** After a reset of the port a chain begins anew; counts stay. */
  #forget(port: number): void {
    for (const queue of this.#queues.values()) {
      if (queue.port !== port) continue;
      Object.assign(queue, { head: -1, tail: -1, tailAt: NEVER, writeBackAt: NEVER, askedAt: NEVER, maskedAt: NEVER });
      Object.assign(queue, { obstacleAt: NEVER, stuckAt: NEVER });
    }
    for (const [key, vector] of this.#vectors) {
      if (!key.startsWith(`${port} `)) continue;
      Object.assign(vector, new Vector(), { sent: vector.sent, acknowledged: vector.acknowledged });
    }
  }

  #queue(port: number, direction: 'tx' | 'rx', number: number): Queue {
    const key = `${port} ${direction} ${number}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, (queue = new Queue(port, direction, number)));
    return queue;
  }

  #vector(port: number, number: number): Vector {
    const key = `${port} ${number}`;
    let vector = this.#vectors.get(key);
    if (vector === undefined) this.#vectors.set(key, (vector = new Vector()));
    return vector;
  }

  #work(record: TraceRecord): void {
    const { name } = record;
    const number = argumentOf(record, 'queue');
    if (number === undefined) return;
    const queue = this.#queue(record.port, name.startsWith('igb_rx') ? 'rx' : 'tx', number);
    switch (name) {
      case 'igb_tx_tail':
      case 'igb_rx_tail':
        queue.tails += 1;
        queue.tailAt = this.#now;
        queue.tail = argumentOf(record, 'tail')!;
        if (queue.head === -1) queue.head = argumentOf(record, 'head')!;
        queue.obstacleAt = NEVER;
        break;
      case 'igb_tx_fetch':
      case 'igb_rx_packet':
        queue.packets += 1;
        queue.obstacleAt = NEVER;
        break;
      case 'igb_tx_write_back':
        queue.head = argumentOf(record, 'head')!;
        queue.writeBacks += 1;
        queue.writeBackAt = this.#now;
        break;
      case 'igb_rx_write_back':
        queue.writeBacks += 1;
        if (argumentOf(record, 'held') !== 1) queue.writeBackAt = this.#now;
        break;
      case 'igb_rx_flush':
        queue.writeBackAt = this.#now;
        break;
      default:
        if (obstacles[name] !== undefined) {
          queue.obstacle = obstacles[name];
          queue.obstacleAt = this.#now;
        }
    }
  }

  #interrupt(record: TraceRecord): void {
    const { name, port } = record;
    const number = argumentOf(record, 'vector') ?? -1;
    switch (name) {
      case 'igb_irq_queue': {
        const queue = this.#queue(
          port,
          argumentOf(record, 'direction') === 1 ? 'tx' : 'rx',
          argumentOf(record, 'queue')!,
        );
        queue.asked += 1;
        queue.askedAt = this.#now;
        queue.vector = number;
        queue.maskedAt = argumentOf(record, 'masked') === 1 ? this.#now : NEVER;
        break;
      }
      case 'igb_irq_throttled':
      case 'igb_irq_held':
        this.#vector(port, number).throttledAt = this.#now;
        break;
      case 'igb_irq_unsent':
        this.#vector(port, number).unsentAt = this.#now;
        break;
      case 'igb_irq_msix': {
        const vector = this.#vector(port, number);
        this.#sent = vector;
        vector.sent += 1;
        vector.sentAt = this.#now;
        vector.throttledAt = NEVER;
        vector.unsentAt = NEVER;
        break;
      }
      case 'igb_irq_eims':
        this.#acknowledged(port, argumentOf(record, 'unmasked')!);
        break;
      case 'igb_irq_eicr_write':
      case 'igb_irq_eicr_read':
        this.#acknowledged(port, argumentOf(record, 'value')!);
    }
  }

  #acknowledged(port: number, mask: number): void {
    for (let number = 0; number < 32; number += 1) {
      const vector = this.#vectors.get(`${port} ${number}`);
      if (vector === undefined || ((mask >>> number) & 1) === 0 || !after(vector.sentAt, vector.acknowledgedAt))
        continue;
      vector.acknowledged += 1;
      vector.acknowledgedAt = this.#now;
    }
  }

  /** The first broken link of a queue's chain. */
  #judge(queue: Queue): Pick<QueueDiagnosis, 'side' | 'finding' | 'sinceNs'> {
    const vector = this.#vectors.get(`${queue.port} ${queue.vector}`) ?? new Vector();
    const find = (
      side: Side,
      finding: string,
      since = NEVER,
    ): Pick<QueueDiagnosis, 'side' | 'finding' | 'sinceNs'> => ({
      side,
      finding,
      sinceNs: since.timeNs,
    });
    if (happened(queue.stuckAt)) {
      return find('device', 'a fault kept a descriptor from being written back', queue.stuckAt);
    }
    if (happened(queue.obstacleAt)) {
      const side = queue.obstacle.includes('rate limit') ? 'device' : 'driver';
      return find(side, queue.obstacle, queue.obstacleAt);
    }
    const tx = queue.direction === 'tx';
    if (tx && happened(queue.tailAt) && queue.tail !== queue.head && after(queue.tailAt, queue.writeBackAt)) {
      const finding = `the tail was written to ${queue.tail}, but nothing behind ${queue.head} was written back`;
      return find('device', finding, queue.tailAt);
    }
    if (after(queue.writeBackAt, queue.askedAt)) {
      return find('device', 'descriptors were written back, but no interrupt was asked for', queue.writeBackAt);
    }
    if (happened(queue.askedAt) && after(queue.askedAt, vector.sentAt)) {
      if (happened(vector.unsentAt))
        return find('driver', `vector ${queue.vector} cannot be sent: MSI-X is off`, vector.unsentAt);
      if (happened(vector.throttledAt))
        return find('device', `vector ${queue.vector} is still throttled`, vector.throttledAt);
      const pending = after(vector.sentAt, vector.acknowledgedAt);
      if (happened(queue.maskedAt)) {
        const why = pending ? 'the interrupt before was never dealt with' : 'the driver never unmasked it';
        return find('driver', `vector ${queue.vector} is masked: ${why}`, pending ? vector.sentAt : queue.maskedAt);
      }
      // A cause that stands already fires no second time.
      if (pending) return find('driver', `vector ${queue.vector} was sent before and not acknowledged`, vector.sentAt);
      return find('device', `vector ${queue.vector} was asked for and not sent`, queue.askedAt);
    }
    if (after(vector.sentAt, vector.acknowledgedAt)) {
      if (after(vector.lostAt, vector.sentAt))
        return find('device', `vector ${queue.vector} was sent, and a fault lost it`, vector.lostAt);
      return find('driver', `vector ${queue.vector} was sent and not acknowledged`, vector.sentAt);
    }
    if (tx && happened(queue.tailAt) && this.#now.timeNs - queue.tailAt.timeNs > SILENCE_NS) {
      return find('idle', 'every tail write had its write-back and its interrupt', queue.tailAt);
    }
    return find('nobody', 'nothing is open');
  }

  result(): Diagnosis {
    const queues = [...this.#queues.values()]
      .filter(({ tails, packets, asked }) => tails + packets + asked > 0)
      .sort((a, b) => a.queue - b.queue || (a.direction < b.direction ? 1 : -1))
      .map((queue): QueueDiagnosis => {
        const { port, direction, queue: number, tails, packets, writeBacks, asked, vector } = queue;
        const { sent, acknowledged } = this.#vectors.get(`${port} ${vector}`) ?? new Vector();
        return {
          port,
          direction,
          queue: number,
          tails,
          packets,
          writeBacks,
          asked,
          sent,
          acknowledged,
          ...this.#judge(queue),
        };
      });
    return { queues, missing: needed.filter((name) => !this.#seen.has(name)), lost: this.lost };
  }
}

export function diagnose(trace: Iterable<TraceRecord>): Diagnosis {
  const doctor = new Doctor();
  for (const record of trace) doctor.add(record);
  return doctor.result();
}

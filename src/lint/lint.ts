/**
 * Tells what drivers do wrong. It hears of accesses and events in the device's thread at the moment they happen, looks at the
 * registers, and changes nothing; a NIC without it does not know of it.
 */
import { igbTraceEvents } from '../devices/igb/trace-events.ts';
import type { PortContext } from '../devices/igb/context.ts';
import { pfPlan } from '../devices/igb/tables/index.ts';
import { faultTraceEvents } from '../faults/trace-events.ts';
import { PORT_UNIT } from '../trace/port-trace.ts';
import type { TraceListener, TraceWriter } from '../trace/ring.ts';
import { Findings, type Finding, type LintReport } from './findings.ts';
import { PortHistory } from './history.ts';
import { receiveRing, transmitRing, type RingRegisters } from './ring-view.ts';
import type { Check, EventName, Look } from './rule.ts';
import { rules } from './rules/index.ts';
import { Sight } from './sight.ts';
import { isMailboxMemory } from './vf-registers.ts';

/** A check of a rule at one place. */
interface Watch {
  readonly rule: number;
  readonly check: Check;
  /** Where the register belongs to one. */
  readonly ring: RingRegisters | undefined;
}

const RESET_MESSAGE = 1;
const MESSAGE_TYPE = 0xffff;
/** Needed by what a port remembers, whatever the rules look at. */
const ownEvents: readonly EventName[] = [
  ...([
    'igb_reg_read',
    'igb_reg_write',
    'igb_vf_reg_write',
    'igb_reset_vf',
    'igb_vf_live',
    'igb_mailbox_request',
  ] as const),
];

/** The looks of all rules, by where they look. */
class Watches {
  readonly anyWrite: Watch[];
  /** By storage index. */
  readonly writes: (Watch[] | undefined)[];
  readonly events: Map<EventName, Watch[]>;

  constructor() {
    this.anyWrite = [];
    this.writes = Array.from({ length: pfPlan.dwords });
    this.events = new Map();
    [...rules.values()].forEach(({ looks }, rule) => {
      for (const look of looks) this.#add(rule, look);
    });
  }

  #add(rule: number, look: Look): void {
    const { check } = look;
    switch (look.at) {
      case 'any write':
        this.anyWrite.push({ rule, check, ring: undefined });
        return;
      case 'event':
        this.events.set(look.event, [...(this.events.get(look.event) ?? []), { rule, check, ring: undefined }]);
        return;
      case 'write':
        for (const register of look.registers) this.#addWrite(register, { rule, check, ring: undefined });
        return;
      case 'ring':
        for (const ring of [receiveRing, transmitRing])
          for (const part of look.parts) this.#addWrite(ring[part], { rule, check, ring });
    }
  }

  #addWrite({ index, step, count }: RingRegisters['low'], watch: Watch): void {
    for (let n = 0; n < count; n += 1) (this.writes[index + n * step] ??= []).push(watch);
  }
}

const watches = new Watches();

export class Lint implements TraceListener {
  readonly #findings: Findings;
  readonly #ports: readonly PortLint[];
  readonly #tell: (finding: Finding) => void;
  readonly #dmaFault: number;
  readonly #stop: () => void;

  /** Listens from now on to the ports, of which number n is the chip's port n; `tell` hears of each new finding. */
  constructor(
    trace: Pick<TraceWriter, 'declare' | 'listen'>,
    ports: readonly PortContext[],
    tell: (finding: Finding) => void,
  ) {
    this.#findings = new Findings();
    this.#tell = tell;
    this.#ports = ports.map(
      (context, port) => new PortLint(context, (rule, event, args) => this.#found(port, context, rule, event, args)),
    );
    const events = trace.declare(igbTraceEvents);
    this.#dmaFault = trace.declare(faultTraceEvents).fault_dma_error;
    const heard = new Set([...ownEvents, ...watches.events.keys()]);
    this.#stop = trace.listen(this, [...[...heard].map((name) => events[name]), this.#dmaFault]);
  }

  heard(event: number, a: number, b: number, c: number, d: number, e: number): void {
    const port = this.#ports[Math.floor(event / PORT_UNIT)];
    if (event % PORT_UNIT === this.#dmaFault) port?.dmaFault(b);
    else port?.heard(event % PORT_UNIT, a, b, c, d, e);
  }

  report(): LintReport {
    return this.#findings.report();
  }

  close(): void {
    this.#stop();
  }

  #found(port: number, context: PortContext, rule: number, event: EventName, args: readonly number[]): void {
    const finding = this.#findings.add(rule, port, event, args, context.queueFunction);
    if (finding !== undefined) this.#tell(finding);
  }
}

type Found = (rule: number, event: EventName, args: readonly number[]) => void;

class PortLint {
  readonly #sight: Sight;
  readonly #history: PortHistory;
  readonly #names: ReadonlyMap<number, EventName>;
  readonly #found: Found;

  constructor(context: PortContext, found: Found) {
    this.#history = new PortHistory(() => context.clock.now());
    this.#sight = new Sight(context, this.#history);
    this.#names = new Map(Object.entries(context.events).map(([name, number]) => [number, name as EventName]));
    this.#found = found;
  }

  /** A fault on demand let DMA of a function fail. */
  dmaFault(fn: number): void {
    this.#history.dmaFault(fn);
  }

  heard(event: number, a: number, b: number, c: number, d: number, e: number): void {
    const name = this.#names.get(event)!;
    const sight = this.#sight;
    sight.a = a;
    sight.b = b;
    sight.c = c;
    sight.d = d;
    sight.e = e;
    if (name === 'igb_reg_write') this.#write(a);
    for (const watch of watches.events.get(name) ?? []) this.#look(watch, name);
    this.#remember(name, a, b);
  }

  #write(offset: number): void {
    const dword = offset >>> 2;
    const sight = this.#sight;
    sight.element = pfPlan.element[dword]!;
    for (const watch of watches.anyWrite) this.#look(watch, 'igb_reg_write');
    for (const watch of watches.writes[pfPlan.storage[dword]!] ?? []) {
      if (watch.ring !== undefined) {
        sight.ring.registers = watch.ring;
        sight.ring.queue = sight.element;
      }
      this.#look(watch, 'igb_reg_write');
    }
  }

  #look({ rule, check }: Watch, event: EventName): void {
    const sight = this.#sight;
    if (check(sight)) this.#found(rule, event, [sight.a, sight.b, sight.c, sight.d, sight.e]);
  }

  #remember(name: EventName, a: number, b: number): void {
    const history = this.#history;
    switch (name) {
      case 'igb_reg_write':
        history.written(pfPlan.storage[a >>> 2]!, b);
        return;
      case 'igb_reg_read':
        history.read(pfPlan.storage[a >>> 2]!);
        return;
      case 'igb_vf_reg_write':
        history.vfWrites = isMailboxMemory(b);
        return;
      case 'igb_reset_vf':
        history.vfReset(a);
        return;
      case 'igb_vf_live':
        if (b === 1) history.vfReset(a);
        return;
      case 'igb_mailbox_request':
        if ((b & MESSAGE_TYPE) === RESET_MESSAGE) history.vfSaidReset(a);
    }
  }
}

/** Each fault on a port that a driver has brought up, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slot } from '../devices/igb/functions/slot.ts';
import { pf } from '../devices/igb/tables/index.ts';
import { layout, TestDriver } from '../devices/igb/testing-driver.ts';
import { makeTestPort } from '../devices/igb/testing-port.ts';
import { RecordingWire } from '../devices/igb/testing.ts';
import { Faults, type FaultyPort } from '../faults/index.ts';
import { Lint } from '../lint/index.ts';
import { AccessGuard, GuardedWire } from '../pci/index.ts';
import type { GuestMemory, InterruptPort } from '../ports/index.ts';
import { parseFault } from './fault-options.ts';

/** A frame for everybody, told apart by its last byte. */
function frame(mark: number): Uint8Array {
  const bytes = new Uint8Array(80);
  bytes.fill(0xff, 0, 6);
  bytes.set([0x52, 0x54, 0, 0, 0, 1, 0x88, 0xb5], 6);
  bytes[79] = mark;
  return bytes;
}

class Bench {
  readonly wire: RecordingWire;
  readonly driver: TestDriver;
  readonly faults: Faults;
  readonly guarded: GuardedWire;

  constructor(interrupts: 'msix' | 'intx' = 'msix') {
    this.wire = new RecordingWire();
    this.wire.acceptsOffload = true;
    this.guarded = new GuardedWire(this.wire, new AccessGuard());
    const made = makeTestPort({ interrupts, port: { wire: this.guarded } });
    const { port, context } = made;
    const { clock, trace, registers, queueFunction } = port.context;
    const memory = context.memory as unknown as GuestMemory[];
    const ports = context.interruptPorts as unknown as InterruptPort[];
    // The driver reaches memory as the CPU does, past what stands before the device.
    const machine = { memory: [...context.memory], interruptPorts: [...context.interruptPorts] };
    this.driver = new TestDriver({ port, context: { ...context, ...machine } }, interrupts);
    const faulty: FaultyPort = {
      ...{ clock, trace, wire: this.guarded, queueFunction, values: registers.values },
      memory: memory.map((_, fn) => new Slot(memory, fn)),
      interrupts: ports.map((_, fn) => new Slot(ports, fn)),
      mailbox: port.blocks.mailbox,
      damaged: (...given) => port.receiveDamaged(...given),
    };
    this.faults = new Faults([faulty], context.tasks);
    this.driver.probe();
    this.driver.open();
    this.driver.sleep(5000);
    assert.equal(this.linkUp, true);
  }

  get linkUp(): boolean {
    return (this.driver.read(pf.STATUS) & pf.STATUS.LU.mask) !== 0;
  }

  /** How often an event came. */
  struck(event: string): number {
    return this.driver.context.trace.of(event).length;
  }

  fault(text: string): void {
    assert.ok(this.faults.add(parseFault(text, `f${this.faults.list().length}`)));
  }

  send(...marks: number[]): void {
    for (const mark of marks) {
      this.driver.send(frame(mark));
      this.driver.context.tasks.runAll();
    }
  }

  /** Marks of the frames on the wire since the last call. */
  sent(): number[] {
    return this.wire.sent.splice(0).map(({ bytes }) => bytes[79]!);
  }

  /** Frames arrive; gives the marks that the driver got. */
  receive(...marks: number[]): number[] {
    for (const mark of marks) this.wire.port!.receive(frame(mark), 0, 80, undefined);
    return this.received();
  }

  received(): number[] {
    // Write-backs may wait for the end of an interval.
    this.driver.sleep(1);
    return this.driver.receiveAll().map((bytes) => bytes[79]!);
  }

  /** DD of a transmit descriptor. */
  done(index: number): boolean {
    return (this.driver.context.memory[0]!.peek32(layout.tx + index * 16 + 12) & 1) !== 0;
  }
}

test('nothing stands before a port without faults, and nothing is left when they are spent', () => {
  const bench = new Bench();
  const { memory, interruptPorts } = bench.driver.port.context;
  const before = [memory[0], interruptPorts[0]];
  assert.equal(bench.guarded.acceptsOffload, true);
  for (const kind of ['drop,direction=tx', 'stuck-descriptor,direction=tx', 'lost-interrupt']) bench.fault(kind);
  assert.notEqual(memory[0], before[0]);
  assert.notEqual(interruptPorts[0], before[1]);
  assert.equal(bench.guarded.acceptsOffload, false);
  bench.send(1, 2, 3);
  bench.driver.sleep(10);
  assert.ok(bench.faults.list().every(({ struck, spent }) => struck === 1 && spent));
  assert.deepEqual([memory[0], interruptPorts[0]], before);
  assert.equal(bench.guarded.acceptsOffload, true);
});

test('drop: count, after, direction', () => {
  const bench = new Bench();
  bench.fault('drop,direction=rx,count=2,after=1');
  assert.deepEqual(bench.receive(1, 2, 3, 4), [1, 4]);
  bench.send(1);
  assert.deepEqual(bench.sent(), [1]);
  assert.deepEqual(bench.driver.context.trace.of('fault_drop').length, 2);
});

test('the same seed strikes at the same frames, another at others', () => {
  const through = (seed: number): number[] => {
    const bench = new Bench();
    bench.fault(`drop,direction=tx,probability=0.5,seed=${seed}`);
    bench.send(...Array.from({ length: 40 }, (_, n) => n));
    return bench.sent();
  };
  const first = through(7);
  assert.ok(first.length > 8 && first.length < 32, String(first.length));
  assert.deepEqual(through(7), first);
  assert.notDeepEqual(through(8), first);
});

test('bad-fcs: the MAC counts a received frame in CRCERRS and drops it; a sent one is lost at the other end', () => {
  const bench = new Bench();
  bench.fault('bad-fcs');
  assert.deepEqual(bench.receive(1, 2), [2]);
  assert.equal(bench.driver.read(pf.CRCERRS), 1);
  assert.equal(bench.driver.read(pf.CRCERRS), 0);
  bench.fault('bad-fcs,direction=tx');
  bench.send(3, 4);
  assert.deepEqual(bench.sent(), [4]);
  assert.equal(bench.struck('fault_bad_fcs'), 2);
});

test('duplicate, reorder, delay', () => {
  const bench = new Bench();
  bench.fault('duplicate,direction=tx');
  bench.send(1, 2);
  assert.deepEqual(bench.sent(), [1, 1, 2]);
  bench.fault('reorder,direction=rx,count=2');
  assert.deepEqual(bench.receive(1, 2), []);
  bench.fault('delay,direction=tx,delay=20ms');
  assert.deepEqual(bench.receive(3), [3, 1, 2]);
  bench.send(4, 5);
  assert.deepEqual(bench.sent(), [5]);
  bench.driver.sleep(19);
  assert.deepEqual(bench.sent(), []);
  bench.driver.sleep(2);
  assert.deepEqual(bench.sent(), [4]);
  assert.deepEqual(
    ['fault_duplicate', 'fault_reorder', 'fault_delay'].map((event) => bench.struck(event)),
    [1, 2, 1],
  );
});

test('reorder: a frame that nobody overtakes comes after its delay; cleared, what is held comes at once', () => {
  const bench = new Bench();
  bench.fault('reorder,direction=rx,delay=5ms');
  assert.deepEqual(bench.receive(1), []);
  bench.driver.sleep(6);
  assert.deepEqual(bench.received(), [1]);
  bench.fault('delay,direction=rx,delay=1s');
  assert.deepEqual(bench.receive(2), []);
  assert.equal(bench.faults.clear(), 2);
  assert.deepEqual(bench.received(), [2]);
});

test('link-flap: down and up again, as often as asked, a period apart', () => {
  const bench = new Bench();
  bench.fault('link-flap,count=2,down=500ms,period=10s');
  assert.equal(bench.linkUp, false);
  assert.deepEqual(bench.receive(1), []);
  bench.driver.sleep(500);
  bench.driver.sleep(4000);
  assert.equal(bench.linkUp, true);
  bench.driver.sleep(5400);
  assert.equal(bench.linkUp, true);
  bench.driver.sleep(200);
  assert.equal(bench.linkUp, false);
  bench.driver.sleep(20_000);
  assert.equal(bench.linkUp, true);
  assert.equal(bench.guarded.acceptsOffload, true);
  assert.equal(bench.struck('fault_link_flap'), 4);
  bench.fault('link-flap,id=last,down=1s');
  bench.faults.clear('last');
  bench.driver.sleep(5000);
  assert.equal(bench.linkUp, true, 'a link that is down by a fault comes up when it is cleared');
});

test('lost and delayed interrupts, by vector', () => {
  const bench = new Bench();
  const sent = (): unknown[] => bench.driver.context.interruptPorts[0]!.take();
  sent();
  bench.fault('lost-interrupt,function=pf,vector=1');
  bench.send(1);
  bench.driver.sleep(1);
  assert.deepEqual(sent(), []);
  assert.deepEqual(bench.driver.context.trace.of('fault_interrupt_lost')[0]!.slice(0, 3), [0, 0, 1]);
  bench.driver.write(pf.EIMS, 3);
  bench.fault('delayed-interrupt,delay=50ms,count=1');
  bench.send(2);
  bench.driver.sleep(40);
  assert.deepEqual(sent(), []);
  bench.driver.sleep(20);
  assert.deepEqual(sent(), [1]);
  assert.equal(bench.struck('fault_interrupt_delayed'), 1);
});

test('INTx: a rise is late, a fall is not, and nothing is raised that has fallen since', () => {
  const bench = new Bench('intx');
  const sent = (): unknown[] => bench.driver.context.interruptPorts[0]!.take();
  bench.driver.read(pf.ICR);
  bench.driver.write(pf.IMS, 0x5000009d);
  bench.driver.sleep(1);
  sent();
  bench.fault('delayed-interrupt,delay=10ms,count=2');
  bench.send(1);
  bench.driver.sleep(1);
  assert.deepEqual(sent(), []);
  bench.driver.sleep(10);
  assert.deepEqual(sent(), ['intx+']);
  bench.driver.read(pf.ICR);
  bench.driver.write(pf.IMS, 0x5000009d);
  assert.deepEqual(sent(), ['intx-']);
  bench.send(2);
  bench.driver.sleep(1);
  bench.driver.read(pf.ICR);
  bench.driver.sleep(50);
  assert.deepEqual(sent(), []);
});

test('stuck-descriptor: one is not written back, its neighbours are', () => {
  const bench = new Bench();
  bench.fault('stuck-descriptor,direction=tx,queue=0,after=1');
  bench.fault('stuck-descriptor,direction=tx,queue=3');
  bench.send(1, 2, 3);
  assert.deepEqual(
    [0, 1, 2].map((index) => bench.done(index)),
    [true, false, true],
  );
  assert.deepEqual(bench.sent(), [1, 2, 3]);
  bench.fault('stuck-descriptor,direction=rx');
  bench.receive(7);
  bench.driver.sleep(50);
  assert.deepEqual(bench.received(), [], 'the driver waits at the descriptor');
  assert.equal(bench.struck('fault_descriptor_stuck'), 2);
});

test('corrupt-write-back: the bit that is named, or one of the seed', () => {
  const bench = new Bench();
  bench.fault('corrupt-write-back,direction=tx,bit=0');
  bench.send(1, 2);
  assert.deepEqual([bench.done(0), bench.done(1)], [false, true]);
  bench.fault('corrupt-write-back,direction=rx,seed=3,probability=1,count=1');
  bench.wire.port!.receive(frame(1), 0, 80, undefined);
  bench.driver.context.tasks.runAll();
  bench.driver.sleep(1);
  const [, , , bit] = bench.driver.context.trace.of('fault_write_back_corrupted')[1]!;
  const { context } = bench.driver;
  const dwords = [0, 1, 2, 3].map((n) => context.memory[0]!.peek32(layout.rx + n * 4));
  const good = new Bench();
  good.wire.port!.receive(frame(1), 0, 80, undefined);
  good.driver.sleep(1);
  const right = [0, 1, 2, 3].map((n) => good.driver.context.memory[0]!.peek32(layout.rx + n * 4));
  const differing = dwords.map((dword, n) => (dword ^ right[n]!) >>> 0);
  assert.deepEqual(
    differing,
    [0, 1, 2, 3].map((n) => (bit! >> 5 === n ? (1 << (bit! & 31)) >>> 0 : 0)),
  );
});

test('dma-error: a packet that cannot be read is not sent, a buffer that cannot be written loses its frame', () => {
  const bench = new Bench();
  bench.fault('dma-error,direction=tx,queue=0,after=1');
  bench.send(1, 2);
  bench.driver.sleep(1);
  assert.deepEqual(bench.sent(), [2]);
  bench.fault('dma-error,direction=rx,after=1');
  bench.receive(3);
  bench.driver.sleep(1);
  assert.equal(bench.struck('fault_dma_error'), 2);
  assert.equal(bench.struck('igb_rx_drop_dma'), 1);
  assert.equal(bench.receive(4).at(-1), 4, 'the next is good');
});

test('a DMA error on demand is no mistake of the driver, one of its own later is', () => {
  const bench = new Bench();
  const { context, port } = bench.driver;
  const lint = new Lint(context.trace, [port.context], () => undefined);
  const told = (): string[] => lint.report().findings.map(({ rule }) => rule);
  // Descriptors, then the data of a packet, then a buffer.
  for (const [fault, act] of [
    ['dma-error,direction=tx', () => bench.send(1)],
    ['dma-error,direction=tx,after=1', () => bench.send(2)],
    ['dma-error,direction=rx,after=1', () => bench.receive(3)],
  ] as const) {
    bench.fault(fault);
    act();
    bench.driver.sleep(20);
  }
  assert.equal(bench.struck('fault_dma_error'), 3);
  assert.equal(bench.struck('igb_guest_error_dma'), 1);
  assert.deepEqual(told(), []);
  bench.driver.write(pf.TDBAL, 0x9000_0000);
  bench.send(4);
  assert.deepEqual(
    told().filter((rule) => rule.endsWith('memory')),
    ['ring-not-in-memory'],
  );
});

test('mailbox-loss: PF or VF does not hear of a message', () => {
  const bench = new Bench();
  const { port } = bench.driver;
  bench.fault('mailbox-loss,function=vf2,to=pf');
  const request = (): number => {
    port.blocks.mailbox.writeVf(2, pf.V2PMAILBOX.REQ.mask);
    return port.peek(pf.MBVFICR.at) & (1 << 2);
  };
  assert.equal(request(), 0);
  assert.notEqual(request(), 0);
  bench.fault('mailbox-loss,to=vf');
  port.blocks.mailbox.writePf(1, pf.P2VMAILBOX.STS.mask);
  const news = (): number => port.peek(pf.V2PMAILBOX.at + 4 * pf.V2PMAILBOX.step) & pf.V2PMAILBOX.PFSTS.mask;
  assert.equal(news(), 0);
  assert.deepEqual(
    bench.driver.context.trace.of('fault_mailbox_lost').map((args) => args.slice(0, 2)),
    [
      [2, 0],
      [1, 1],
    ],
  );
});

test('a fault that makes no sense is refused in one line', () => {
  for (const [text, why] of [
    ['drip', /no kind "drip"; did you mean "drop"/],
    ['drop,queue=1', /drop has no key "queue"/],
    ['drop,probability=2', /probability=2 must be above 0/],
    ['drop,count=0', /never strike/],
    ['delay,delay=5', /must be a time such as/],
    ['link-flap,down=9s,period=2s', /down must be shorter/],
    ['lost-interrupt,function=vf9', /must be one of pf, vf0/],
    ['mailbox-loss,function=pf', /has no mailbox/],
  ] as const) {
    assert.throws(() => parseFault(text, 'f0'), { code: 'FAULT', message: why });
  }
});

/** Breakpoints by what a port emits, and by frames. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf, vfWindowBytes } from '../devices/igb/tables/index.ts';
import { eventNames } from '../trace/catalogue.ts';
import { PORT_UNIT } from '../trace/port-trace.ts';
import { makeTraceMemory, TraceWriter } from '../trace/ring.ts';
import type { FrameWatcher } from '../capture/capture-set.ts';
import { Breakpoints } from './breakpoints.ts';
import { parseBreak } from './expression.ts';

/** An ICMP echo from 10.0.0.1 to 10.0.0.2, in VLAN 5 where asked for. */
function frame({ tagged = false, protocol = 1, port = 0 } = {}): Uint8Array {
  const ip = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  const ether = [0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1];
  const type = tagged ? [0x81, 0, 0x20, 5, 8, 0] : [8, 0];
  return Uint8Array.from([...ether, ...type, ...ip, 0x30, 0x39, port >> 8, port & 255, 0, 20, ...new Uint8Array(14)]);
}

class Bench {
  readonly trace: TraceWriter;
  readonly hits: { number: number; event: number; packet: number; port: number }[];
  readonly breakpoints: Breakpoints;
  watcher: FrameWatcher | undefined;

  constructor() {
    this.trace = new TraceWriter(makeTraceMemory(), () => 0);
    this.hits = [];
    this.watcher = undefined;
    const { trace } = this;
    this.breakpoints = new Breakpoints(
      {
        trace,
        listen: (...given) => trace.listen(...given),
        watchFrames: (watcher) => {
          this.watcher = watcher;
          return () => (this.watcher = undefined);
        },
      },
      (number, { event, packet, port }) => this.hits.push({ number, event, packet, port }),
    );
  }

  emit(name: string, ...args: [number?, number?, number?, number?, number?]): void {
    const event = eventNames.indexOf(name);
    if (this.trace.on[event] !== 0) this.trace.emit(event, ...args);
  }

  see(packet: number, bytes: Uint8Array): void {
    this.watcher?.frame(0, packet, bytes, 0, bytes.length);
  }

  /** Numbers of the breakpoints hit since the last call. */
  take(): number[] {
    return this.hits.splice(0).map(({ number }) => number);
  }
}

const TDT = (queue: number): number => pf.TDT.at + queue * pf.TDT.step * 4;

test('a register access: name, element, direction, value, field', () => {
  const bench = new Bench();
  bench.breakpoints.add('reg:TDT[1] write && value > 5');
  bench.breakpoints.add('reg:CTRL write && value.RST == 1');
  bench.breakpoints.add('reg:RD? read');
  bench.emit('igb_reg_write', TDT(1), 5);
  bench.emit('igb_reg_write', TDT(0), 6);
  bench.emit('igb_reg_read', TDT(1), 6);
  bench.emit('igb_reg_write', pf.CTRL.at, 0);
  bench.emit('igb_reg_write', pf.RDT.at, 0);
  assert.deepEqual(bench.take(), []);
  bench.emit('igb_reg_write', TDT(1), 6);
  bench.emit('igb_reg_write', pf.CTRL.at, pf.CTRL.RST.mask);
  bench.emit('igb_reg_read', pf.RDT.at + 3 * pf.RDT.step * 4, 0);
  assert.deepEqual(bench.take(), [1, 2, 3]);
  assert.deepEqual(
    bench.breakpoints.list().map(({ hits }) => hits),
    [1, 1, 1],
  );
});

test("a VF's register is one of its own window", () => {
  const bench = new Bench();
  bench.breakpoints.add('vfreg:VTCTRL* && vf == 2');
  bench.emit('igb_vf_reg_write', 2, 0, 0);
  bench.emit('igb_vf_reg_write', 1, 0, 0);
  bench.emit('igb_reg_write', 0, 0);
  assert.ok(vfWindowBytes > 0);
  assert.deepEqual(bench.take(), [1]);
});

test('trace events by glob, their arguments, and alternatives', () => {
  const bench = new Bench();
  bench.breakpoints.add('(igb_tx_drop_* || igb_rx_drop_queue) && not queue == 3');
  bench.emit('igb_tx_drop_dma', 3, 60);
  bench.emit('igb_rx_drop_descriptors', 1);
  bench.emit('igb_tx_drop_link', 1, 60);
  bench.emit('igb_rx_drop_queue', 0);
  assert.deepEqual(bench.take(), [1, 1]);
});

test('nothing is listened to without breakpoints, nor more than they need', () => {
  const bench = new Bench();
  const read = eventNames.indexOf('igb_reg_read');
  const number = bench.breakpoints.add('reg:TDT write || packet(arp)');
  assert.equal(bench.trace.on[eventNames.indexOf('igb_reg_write')], 2);
  assert.equal(bench.trace.on[read], 0);
  assert.notEqual(bench.watcher, undefined);
  assert.equal(bench.breakpoints.delete(number + 1), 0);
  assert.equal(bench.breakpoints.delete(number), 1);
  assert.ok(bench.trace.on.every((on) => on === 0));
  assert.equal(bench.watcher, undefined);
});

test('a packet is stopped at once, at its first point; its later events can be named', () => {
  const bench = new Bench();
  bench.breakpoints.add('packet(icmp and host 10.0.0.2)');
  bench.breakpoints.add('igb_rx_packet && packet(icmp)');
  bench.see(7, frame());
  bench.see(7, frame());
  assert.deepEqual(bench.take(), [1]);
  bench.trace.packet = 7;
  bench.emit('igb_rx_packet', 0, 0, 60);
  bench.trace.packet = 8;
  bench.emit('igb_rx_packet', 0, 0, 60);
  assert.deepEqual(bench.take(), [2]);
});

test('packet filters', () => {
  const passes = (filter: string, bytes: Uint8Array): boolean => {
    const bench = new Bench();
    bench.breakpoints.add(`packet(${filter})`);
    bench.see(1, bytes);
    return bench.take().length > 0;
  };
  const udp = frame({ protocol: 17, port: 53 });
  for (const filter of ['udp', 'port 53', 'dst port 53', 'src port 12345', 'src host 10.0.0.1', 'dst 10.0.0.2'])
    assert.ok(passes(filter, udp), filter);
  for (const filter of ['ether host 52:54:00:00:00:01', 'ether src 52:54:0:0:0:1', 'ip and not vlan', 'greater 54'])
    assert.ok(passes(filter, udp), filter);
  assert.ok(passes('vlan 5 and (icmp or tcp)', frame({ tagged: true })));
  for (const filter of [
    'tcp',
    'src port 53',
    'dst host 10.0.0.1',
    'ip6',
    'host fe80::1',
    'vlan',
    'less 50',
    'broadcast',
  ])
    assert.ok(!passes(filter, udp), filter);
});

test('step stops once at the next access, a quiet bench nowhere, the second port as the first', () => {
  const bench = new Bench();
  bench.breakpoints.step('reg:*');
  bench.breakpoints.setQuiet(true);
  bench.emit('igb_reg_read', pf.STATUS.at, 0);
  assert.deepEqual(bench.take(), []);
  bench.breakpoints.setQuiet(false);
  bench.trace.emit(PORT_UNIT + eventNames.indexOf('igb_reg_read'), pf.STATUS.at, 0);
  assert.equal(bench.hits[0]?.port, 1);
  bench.emit('igb_reg_read', pf.STATUS.at, 0);
  assert.deepEqual(bench.take(), [0]);
  assert.deepEqual(bench.breakpoints.list(), []);
});

test('an expression that is wrong says why in one line', () => {
  for (const [text, why] of [
    ['', /ends too soon/],
    ['reg:TDTT write', /no register "TDTT"/],
    ['igb_tx_dorp_*', /no trace event "igb_tx_dorp_\*"/],
    ['value == 5', /say at which register/],
    ['reg:TDT write && vlaue == 5', /no trace event has an argument "vlaue"/],
    ['reg:TDT value == 5', /"&&" or "\|\|" is missing before "value"/],
    ['reg:TDT && value == x', /"x" is no number/],
    ['packet(hots 1.2.3.4)', /one of ip, ip6.* instead of "hots"/],
    ['packet(host 1.2.3)', /an address is to stand instead of "1.2.3"/],
    ['packet(port 70000)', /a number up to 65535 .* instead of "70000"/],
    ['(reg:TDT', /"\)" is missing before "the end"/],
  ] as const)
    assert.throws(() => parseBreak(text), { code: 'BREAK', message: why }, text);
});

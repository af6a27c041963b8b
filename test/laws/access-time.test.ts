/**
 * No access of a guest takes longer than 1 ms, whatever it has set up before: rings of every size and place, frames that
 * wait, timers that run. What a write starts is done afterwards, as a task; the access itself touches no guest memory but
 * for what a write-back that was held needs. Counted is the thread's own processor time: a busy machine makes nothing slow.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf, pfPlan, pfWindowBytes, vf } from '../../src/devices/igb/tables/index.ts';
import { makeTestPort } from '../../src/devices/igb/testing-port.ts';
import { SriovRig } from '../../src/devices/igb/functions/testing-sriov.ts';
import type { IgbPort } from '../../src/devices/igb/port.ts';
import { threadTimeNs } from '../../src/linux/thread-time.ts';

const LIMIT_NS = 1e6;
/** Of so many the fastest counts, each on what was set up anew: garbage is collected and code compiled in between. */
const TRIES = 5;
/** No further try is needed. */
const QUICK_NS = 1e5;
const VALUES = [0xffffffff, 0, 0x8000_0000, 0x0200_0001, 0x0001_fff0];
const QUEUES = 16;
/** The largest ring that TDLEN and RDLEN can say: 65,535 descriptors. */
const LARGEST_RING_BYTES = 0xffff0;

/** The slowest access of all, and which it was. */
class Slowest {
  #ns = 0;
  #what = '';

  /** The shortest processor time of an access; more than one try only where the first was not quick. */
  note(what: string, access: () => void, prepare?: () => void): void {
    let best = Infinity;
    for (let attempt = 0; attempt < TRIES && best > QUICK_NS; attempt += 1) {
      prepare?.();
      const start = threadTimeNs();
      access();
      best = Math.min(best, threadTimeNs() - start);
    }
    if (best > this.#ns) [this.#ns, this.#what] = [best, what];
  }

  check(): void {
    assert.ok(this.#ns <= LIMIT_NS, `${this.#what}: ${(this.#ns / 1e6).toFixed(2)} ms of processor time`);
  }
}

/** Every ring full of descriptors that lead everywhere, both directions on, pools and filters in use. */
function burden(port: IgbPort, base: number): void {
  port.write(pf.CTRL.at, pf.CTRL.SLU.mask);
  port.write(pf.VFTE.at, 0xff);
  port.write(pf.VFRE.at, 0xff);
  for (let queue = 0; queue < QUEUES; queue += 1) {
    const at = (register: { at: number; step: number }): number => register.at + queue * register.step * 4;
    for (const [ring, high, length, head, tail, control] of [
      [pf.TDBAL, pf.TDBAH, pf.TDLEN, pf.TDH, pf.TDT, pf.TXDCTL],
      [pf.RDBAL, pf.RDBAH, pf.RDLEN, pf.RDH, pf.RDT, pf.RXDCTL],
    ] as const) {
      port.write(at(ring), base);
      port.write(at(high), queue === 15 ? 0xffff_ffff : 0);
      port.write(at(length), LARGEST_RING_BYTES);
      port.write(at(head), 0);
      port.write(at(control), 0x021f_1f1f);
      port.write(at(tail), 0xfffe);
    }
  }
  port.write(pf.TCTL.at, pf.TCTL.EN.mask);
  port.write(pf.RCTL.at, pf.RCTL.EN.mask | pf.RCTL.UPE.mask | pf.RCTL.LPE.mask);
}

interface Memory {
  readonly piece: { readonly base: number; readonly dwords: Uint32Array };
}

/** Descriptors that point into the memory, at lengths and kinds of all sorts. */
function fill({ piece }: Memory): void {
  piece.dwords.forEach((_, n, dwords) => {
    dwords[n] = [piece.base + ((n * 64) & 0xf_ffff), 0, 0x2b30_0040, 0][n & 3]!;
  });
}

const frame = new Uint8Array(1500);

/** As many frames as the port takes, and a bit of the work that waits. */
function traffic(port: IgbPort, tasks: { readonly queue: { run(budget: number): unknown }[] }): void {
  for (let n = 0; n < 1200 && port.canReceive(); n += 1) port.receive(frame, 0, frame.length, undefined);
  tasks.queue.shift()?.run(64);
}

test('every register, read and written with extremes while all queues have work, answers within 1 ms', () => {
  const { port, context } = makeTestPort();
  const { memory, clock, tasks, trace } = context;
  trace.on.fill(0);
  const own = memory[0]!;
  fill(own);
  const slowest = new Slowest();
  for (const [round, value] of VALUES.entries()) {
    burden(port, own.piece.base);
    for (let offset = 0; offset < pfWindowBytes; offset += 4) {
      if (pfPlan.register[offset >>> 2] === 0) continue;
      const at = offset.toString(16);
      slowest.note(`write of ${value.toString(16)} at ${at}`, () => port.write(offset, value));
      slowest.note(`read at ${at}`, () => port.read(offset));
      if (offset % 0x400 !== 0) continue;
      burden(port, own.piece.base);
      for (let n = 0; n < 40 && port.canReceive(); n += 1) port.receive(frame, 0, frame.length, undefined);
      tasks.queue.shift()?.run(64);
      clock.advance(round * 1000);
    }
    for (const task of tasks.queue.splice(0)) task.marked = false;
    port.reset('fundamental');
  }
  slowest.check();
});

test('what stops, resets or empties 16 full queues of the largest rings answers within 1 ms', () => {
  const { port, context } = makeTestPort();
  const { memory, tasks, trace } = context;
  trace.on.fill(0);
  const own = memory[0]!;
  fill(own);
  const prepare = (): void => {
    burden(port, own.piece.base);
    traffic(port, tasks);
  };
  const { CTRL, CTRL_EXT, EECD, FLA, RCTL, RXDCTL, TCTL, TXDCTL } = pf;
  const { SWFLSH } = TXDCTL;
  const one: readonly (readonly [what: string, at: number, value: number])[] = [
    ['CTRL.RST', CTRL.at, CTRL.RST.mask],
    ['CTRL.PHY_RST', CTRL.at, 0x8000_0000],
    ['CTRL.GIO_MASTER_DISABLE', CTRL.at, CTRL.GIO_MASTER_DISABLE.mask | CTRL.SLU.mask],
    ['CTRL_EXT.EE_RST', CTRL_EXT.at, CTRL_EXT.EE_RST.mask],
    ['RCTL.EN off', RCTL.at, 0],
    ['TCTL.EN off', TCTL.at, 0],
    ['VFRE off', pf.VFRE.at, 0],
    ['VFTE off', pf.VFTE.at, 0],
    ['MRQC of pools', pf.MRQC.at, 3],
    ['EICS, every vector', pf.EICS.at, 0xffffffff],
    ['ICS, every cause', pf.ICS.at, 0xffffffff],
    ['PBACLR', pf.PBACLR.at, 0xffffffff],
    ['the flash erased', FLA.at, FLA.FL_ER.mask],
  ];
  const slowest = new Slowest();
  for (const [what, at, value] of one) {
    slowest.note(
      what,
      () => port.write(at, value),
      () => {
        prepare();
        port.write(EECD.at, 0);
      },
    );
    port.reset('fundamental');
  }
  for (const [what, register, value] of [
    ['TXDCTL off', TXDCTL, 0],
    ['TXDCTL.SWFLSH', TXDCTL, TXDCTL.ENABLE.mask | SWFLSH.mask],
    ['RXDCTL off', RXDCTL, 0],
    ['RXDCTL.SWFLSH', RXDCTL, RXDCTL.ENABLE.mask | SWFLSH.mask],
    ['RDT', pf.RDT, 0xfffe],
    ['TDT', pf.TDT, 0xfffe],
  ] as const) {
    for (let queue = 0; queue < QUEUES; queue += 5)
      slowest.note(
        `${what} of queue ${queue}`,
        () => port.write(register.at + queue * register.step * 4, value),
        prepare,
      );
    port.reset('fundamental');
  }
  slowest.check();
});

test('a reset of a VF, of the PF or of all of them, with 16 full queues, answers within 1 ms', () => {
  const rig = new SriovRig();
  rig.trace.on.fill(0);
  fill(rig.memory);
  const { port } = rig;
  const FUNCTION_RESET = 0x8000;
  const prepare = (): void => {
    rig.setConfig(1, 0, 0x04, 6, 2);
    rig.setNumVfs(8);
    for (let vf = 0; vf < 8; vf += 1) rig.enableVf(vf);
    port.write(pf.MRQC.at, 3);
    burden(port, rig.memory.piece.base);
    traffic(port, rig.tasks);
  };
  const slowest = new Slowest();
  for (let vf = 0; vf < 8; vf += 3) {
    slowest.note(`FLR of VF ${vf}`, () => rig.setVfConfig(vf, 0xa8, FUNCTION_RESET, 2), prepare);
    slowest.note(`VTCTRL.RST of VF ${vf}`, () => rig.vfRegisters(vf).write(0, 0x0400_0000), prepare);
  }
  slowest.note('SR-IOV off', () => rig.setNumVfs(0), prepare);
  slowest.note(
    'SR-IOV on',
    () => rig.setNumVfs(8),
    () => {
      prepare();
      rig.setNumVfs(0);
    },
  );
  slowest.note('FLR of the PF', () => rig.setConfig(1, 0, 0xa8, FUNCTION_RESET, 2), prepare);
  slowest.note('D3hot', () => rig.setConfig(1, 0, 0x44, 3, 2), prepare);
  slowest.note(
    'D0 again',
    () => rig.setConfig(1, 0, 0x44, 0, 2),
    () => {
      rig.setConfig(1, 0, 0x44, 0, 2);
      prepare();
      rig.setConfig(1, 0, 0x44, 3, 2);
    },
  );
  slowest.check();
});

test('every register of a VF answers within 1 ms', () => {
  const rig = new SriovRig();
  rig.trace.on.fill(0);
  fill(rig.memory);
  rig.setNumVfs(8);
  for (let vf = 0; vf < 8; vf += 1) rig.enableVf(vf);
  const window = rig.port.vfWindows[3]!;
  const slowest = new Slowest();
  for (const value of VALUES) {
    burden(rig.port, rig.memory.piece.base);
    traffic(rig.port, rig.tasks);
    for (const { at, step, count } of Object.values(vf))
      for (let offset = at; offset < at + 4 * step * count; offset += 4 * step) {
        slowest.note(`write of ${value.toString(16)} at ${offset.toString(16)}`, () => window.write(offset, value));
        slowest.note(`read at ${offset.toString(16)}`, () => window.read(offset));
      }
  }
  slowest.check();
});

test('a tail write over a full ring does no work by itself', () => {
  const { port, context } = makeTestPort();
  const own = context.memory[0]!;
  burden(port, own.piece.base);
  const reads: number[] = [];
  own.forReading = (address) => {
    reads.push(address);
    return undefined;
  };
  for (let queue = 0; queue < QUEUES; queue += 1) {
    port.write(pf.TDT.at + queue * pf.TDT.step * 4, 0xfffe);
    port.write(pf.RDT.at + queue * pf.RDT.step * 4, 0xfffe);
  }
  port.write(pf.TXDCTL.at, pf.TXDCTL.ENABLE.mask | pf.TXDCTL.SWFLSH.mask);
  assert.deepEqual(reads, []);
});

/** Drivers under the lint, in virtual time, and a test of each rule of a table both ways. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../devices/igb/tables/index.ts';
import { layout, TestDriver } from '../devices/igb/testing-driver.ts';
import { makeTestPort } from '../devices/igb/testing-port.ts';
import { SriovRig } from '../devices/igb/functions/testing-sriov.ts';
import { SriovPfDriver, VfDriver } from '../devices/igb/functions/testing-vf-drivers.ts';
import type { FakeMemory, RecordingInterruptPort } from '../devices/igb/testing.ts';
import { Lint } from './lint.ts';
import type { RuleTable } from './rule.ts';

/** From an element of an array of queue registers to the next. */
const QUEUE_STRIDE = 0x40;
/** Where a second ring has room in the fake memory. */
export const SPARE = 0xe_0000;
/** Outside it. */
export const NOWHERE = 0x9000_0000;
export const ENABLE = pf.TXDCTL.ENABLE.mask;

/** igb after open, its link up, with queue 0 on. */
export class LintedDriver {
  readonly driver: TestDriver;
  readonly lint: Lint;
  readonly memory: FakeMemory;
  readonly interruptPort: RecordingInterruptPort;

  constructor() {
    const made = makeTestPort({ interrupts: 'msix' });
    this.lint = new Lint(made.context.trace, [made.port.context], () => undefined);
    this.driver = new TestDriver(made, 'msix');
    this.memory = made.context.memory[0]!;
    this.interruptPort = made.context.interruptPorts[0]!;
    this.driver.probe();
    this.driver.open();
    this.driver.sleep(1000);
    this.driver.read(pf.ICR);
    this.driver.write(pf.EIMS, 3);
  }

  read(register: { at: number }): number {
    return this.driver.read(register);
  }

  write(register: { at: number }, value: number): void {
    this.driver.write(register, value);
  }

  update(register: { at: number }, clear: number, set: number): void {
    this.driver.update(register, clear, set);
  }

  /** A register of a queue. */
  set(register: { at: number }, queue: number, value: number): void {
    this.driver.write(register, value, queue, QUEUE_STRIDE);
  }

  /** A ring of 64 descriptors in spare memory, off. */
  placeTransmitRing(queue: number): void {
    this.set(pf.TDLEN, queue, 1024);
    this.set(pf.TDBAL, queue, SPARE);
  }

  placeReceiveRing(queue: number): void {
    this.set(pf.RDLEN, queue, 1024);
    this.set(pf.RDBAL, queue, SPARE);
  }

  /** One more transmit descriptor on queue 0. */
  post(address: number, word2: number, word3: number): void {
    const { driver, memory } = this;
    const at = layout.tx + driver.txTail * 16;
    memory.poke64(at, address);
    memory.poke32(at + 8, word2);
    memory.poke32(at + 12, word3);
    driver.txTail += 1;
    driver.write(pf.TDT, driver.txTail);
  }

  /** A frame from the wire. */
  receive(frame: Uint8Array): void {
    this.driver.port.receive(frame, 0, frame.length, undefined);
  }

  run(): void {
    this.driver.sleep(100);
  }
}

/** igb with two VFs and igbvf on VF 0, which is open. */
export class LintedVfs {
  readonly rig: SriovRig;
  readonly lint: Lint;
  readonly pf: SriovPfDriver;
  readonly vf: VfDriver;

  constructor() {
    this.rig = new SriovRig();
    this.lint = new Lint(this.rig.trace, [this.rig.port.context], () => undefined);
    this.pf = new SriovPfDriver(this.rig, 2);
    this.rig.setNumVfs(2);
    this.pf.reinit();
    this.rig.enableVf(0);
    this.vf = new VfDriver(this.rig.vfRegisters(0), this.rig.memory, 0x6_0000, () => this.run());
    this.vf.reset();
    this.vf.open();
    this.run();
  }

  run(): void {
    for (let round = 0; round < 4; round += 1) {
      this.rig.tasks.runAll();
      this.pf.service();
    }
    this.rig.clock.advance(1e8);
  }
}

/** What a driver does: the mistake, and how it should be done. */
export interface RuleCase<T> {
  readonly wrong: (driver: T) => void;
  readonly right: (driver: T) => void;
}

type Cases<T> = Readonly<Record<string, RuleCase<T>>>;

/** Tests each rule of a table, by a driver of a port or with VFs: the mistake gives it and nothing else, the right way nothing at all. */
export function testRules(
  table: RuleTable,
  { driver = {}, vfs = {} }: { readonly driver?: Cases<LintedDriver>; readonly vfs?: Cases<LintedVfs> },
): void {
  testCases(() => new LintedDriver(), driver);
  testCases(() => new LintedVfs(), vfs);
  test('every rule is tested', () => {
    assert.deepEqual(Object.keys({ ...driver, ...vfs }).sort(), Object.keys(table).sort());
  });
}

function testCases<T extends { readonly lint: Lint; run(): void }>(make: () => T, cases: Cases<T>): void {
  for (const [id, { wrong, right }] of Object.entries(cases)) {
    for (const [what, act, expected] of [
      ['told', wrong, [id]],
      ['silent where it is done right', right, []],
    ] as const) {
      test(`${id}: ${what}`, () => {
        const bench = make();
        act(bench);
        bench.run();
        assert.deepEqual(rulesOf(bench.lint), expected);
      });
    }
  }
}

export const rulesOf = (lint: Lint): string[] => [...new Set(lint.report().findings.map(({ rule }) => rule))];

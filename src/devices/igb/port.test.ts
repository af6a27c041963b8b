import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IgbPort } from './port.ts';
import { TestDriver } from './testing-driver.ts';
import { makeTestPort } from './testing-port.ts';
import { pf, pfPlan, pfWindowBytes } from './tables/index.ts';
import { randomFrom } from '../../packet/testing-random.ts';

test('any value at any register throws nothing, and CTRL and STATUS never read as all ones (§1.7)', () => {
  for (const value of [0xffffffff, 0, 0x5a5a5a5a, 0x80000000]) {
    const { port, context } = makeTestPort();
    for (let at = 0; at < pfWindowBytes; at += 4) {
      port.write(at, value);
      port.peek(at);
      const read = port.read(at);
      assert.ok(Number.isInteger(read) && read >= 0 && read <= 0xffffffff, `${at.toString(16)}: ${read}`);
      assert.notEqual(port.peek(pf.CTRL.at), 0xffffffff);
      assert.notEqual(port.peek(pf.STATUS.at), 0xffffffff);
    }
    context.tasks.runAll();
    context.clock.advance(20e9);
  }
});

test('an undeclared register reads as zero whatever is written, and is traced once (§2)', () => {
  const { port, context } = makeTestPort();
  const hole = pfPlan.register.indexOf(0) * 4;
  port.write(hole, 0x12345678);
  port.write(hole, 0x12345678);
  assert.equal(port.read(hole), 0);
  assert.equal(port.read(hole), 0);
  const events = [...context.trace.of('igb_reg_write_unknown'), ...context.trace.of('igb_reg_read_unknown')];
  assert.deepEqual(
    events.map(([at]) => at),
    [hole],
  );
});

test('a write that no register takes is traced', () => {
  const { port, context } = makeTestPort();
  port.write(pf.WUPL.at, 5);
  assert.equal(port.read(pf.WUPL.at), 0);
  assert.deepEqual(context.trace.of('igb_guest_error_register_read_only')[0]!.slice(0, 2), [pf.WUPL.at, 5]);
});

test('the window repeats every 128 KiB: 17 address bits are decoded', () => {
  const { port } = makeTestPort();
  port.write(pfWindowBytes + pf.LEDCTL.at, 0x0e0e0e0e);
  assert.equal(port.read(pf.LEDCTL.at), 0x0e0e0e0e);
});

test('peek has no side effect where read has one', () => {
  const { port } = makeTestPort();
  port.write(pf.ICS.at, pf.ICR.RXDW.mask);
  for (const register of [pf.ICR, pf.SWSM]) {
    assert.equal(port.peek(register.at), port.peek(register.at));
  }
  assert.equal(port.read(pf.SWSM.at), 0);
  assert.equal(port.read(pf.ICR.at), pf.ICR.RXDW.mask);
  assert.equal(port.read(pf.ICR.at), 0);
});

test('frames pass to the wire only with a link, and come back in loopback (§8.2, §2.5.1)', () => {
  const { port, context } = makeTestPort();
  const frame = new Uint8Array(60).fill(0xff, 0, 6);
  const ring = 0x2_0000;
  const buffer = 0x3_0000;
  context.memory[0]!.poke64(ring, buffer);
  context.memory[0]!.poke32(ring + 8, frame.length | (1 << 24) | (1 << 25));
  context.memory[0]!.pokeBytes(buffer, frame);
  const send = (): void => {
    port.write(pf.TXDCTL.at, 0);
    port.write(pf.TDBAL.at, ring);
    port.write(pf.TDLEN.at, 128);
    port.write(pf.TDH.at, 0);
    port.write(pf.TDT.at, 0);
    port.write(pf.TCTL.at, pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
    port.write(pf.TXDCTL.at, pf.TXDCTL.ENABLE.mask);
    port.write(pf.TDT.at, 1);
    context.tasks.runAll();
  };
  send();
  assert.equal(context.wire.sent.length, 0, 'no link without CTRL.SLU');
  port.write(pf.CTRL.at, pf.CTRL.SLU.mask);
  send();
  assert.equal(context.wire.sent.length, 1);
  port.setLink(false);
  send();
  assert.equal(context.wire.sent.length, 1, 'cable pulled');
  port.setLink(true);
  context.clock.advance(1e9);
  port.write(pf.RCTL.at, pf.RCTL.EN.mask | pf.RCTL.BAM.mask | (1 << pf.RCTL.LBM.shift));
  send();
  assert.equal(context.wire.sent.length, 1, 'MAC loopback keeps it inside');
});

test('a pool gets its own broadcast back from PHY loopback: to the filters it comes from the wire (§9.5)', () => {
  const driver = new TestDriver(makeTestPort(), 'msix');
  driver.probe();
  driver.open();
  driver.write(pf.MRQC, 3);
  driver.update(pf.VMOLR, 0, pf.VMOLR.BAM.mask | pf.VMOLR.AUPE.mask);
  driver.phyWrite(0, 0x4140);
  driver.send(new Uint8Array(60).fill(0xff, 0, 6));
  driver.sleep(1);
  assert.equal(driver.receiveAll().length, 1);
});

/** Both sides on, rings of 256 descriptors of whatever the memory holds. */
function startQueues(port: IgbPort, ring: number, tail: number): void {
  port.write(pf.CTRL.at, pf.CTRL.SLU.mask);
  for (const [base, length, control, last] of [
    [pf.TDBAL, pf.TDLEN, pf.TXDCTL, pf.TDT],
    [pf.RDBAL, pf.RDLEN, pf.RXDCTL, pf.RDT],
  ] as const) {
    port.write(base.at, ring);
    port.write(base.at + 4, 0);
    port.write(length.at, 0x1000);
    port.write(control.at, 0x0200_0000);
    port.write(last.at, tail);
  }
  port.write(pf.TCTL.at, pf.TCTL.EN.mask);
  port.write(pf.RCTL.at, pf.RCTL.EN.mask | pf.RCTL.BAM.mask | pf.RCTL.UPE.mask);
  port.write(pf.TDT.at, tail);
}

test('a hostile guest: random accesses, frames, resets and time end in bounded work and no exception', () => {
  const declared = [...pfPlan.register.keys()].filter((dword) => pfPlan.register[dword] !== 0);
  const frame = new Uint8Array(1500);
  for (const seed of [1, 0xdecade, 0x82576]) {
    const random = randomFrom(seed);
    const { port, context } = makeTestPort({ interrupts: (['msix', 'msi', 'intx'] as const)[seed % 3]! });
    context.trace.on.fill(0);
    const memory = context.memory[0]!;
    memory.piece.dwords.forEach((_, at, dwords) => {
      const address = memory.piece.base + (random() & 0xfffff);
      const descriptor = [address, 0, random() & (0x2b30_07ff | random()), random()];
      dwords[at] = descriptor[at & 3]!;
    });
    const value = (): number =>
      [random(), random() & 0xffff, memory.piece.base + (random() & 0xffff0), 0x0200_0000][random() & 3]!;
    for (let n = 0; n < 20_000; n += 1) {
      const at = declared[random() % declared.length]! * 4;
      const choice = random() % 16;
      if (choice < 9) port.write(at, value());
      else if (choice < 13) port.read(at);
      else if (choice === 13) context.clock.advance(random() % 1e8);
      else if (choice === 14 && port.canReceive()) port.receive(frame, 0, 1 + (random() % 1500), undefined);
      else if (random() % 64 === 0) port.reset((['fundamental', 'hot', 'flr', 'd3hot'] as const)[random() & 3]!);
      else if (random() % 4 === 0) startQueues(port, memory.piece.base + (random() & 0xffff0), random() & 0xff);
      if (n % 16 === 0) context.tasks.runAll();
    }
    assert.ok(context.wire.sent.length > 100 && memory.refused > 10, 'frames were sent, and bad addresses refused');
  }
});

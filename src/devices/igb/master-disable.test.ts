import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from './tables/index.ts';
import { TestDriver } from './testing-driver.ts';
import { makeTestPort, TEST_MAC } from './testing-port.ts';

const { CTRL, STATUS } = pf;

function openDriver() {
  const { port, context } = makeTestPort();
  const driver = new TestDriver({ port, context }, 'msix');
  driver.probe();
  driver.open();
  driver.sleep(1000);
  return { port, context, driver };
}

function frame(): Uint8Array {
  const bytes = new Uint8Array(64).fill(5);
  bytes.set(TEST_MAC);
  return bytes;
}

test('GIO_MASTER_DISABLE: no DMA either way and STATUS answers; nothing is lost when it is cleared', () => {
  const { port, context, driver } = openDriver();
  driver.update(CTRL, 0, CTRL.GIO_MASTER_DISABLE.mask);
  assert.equal(driver.read(STATUS) & STATUS.GIO_MASTER_ENABLE.mask, 0);
  driver.send(frame());
  port.receive(frame(), 0, 64, undefined);
  driver.sleep(1);
  assert.equal(context.wire.sent.length, 0);
  assert.equal(driver.read(pf.TDH), 0);
  assert.deepEqual(driver.receiveAll(), []);
  driver.update(CTRL, CTRL.GIO_MASTER_DISABLE.mask, 0);
  driver.sleep(1);
  assert.notEqual(driver.read(STATUS) & STATUS.GIO_MASTER_ENABLE.mask, 0);
  assert.equal(context.wire.sent.length, 1);
  assert.deepEqual(driver.receiveAll(), [frame()]);
});

test('queues of a VF go on: it masters by itself', () => {
  const { port, context, driver } = openDriver();
  context.queueFunction[0] = 1;
  driver.update(CTRL, 0, CTRL.GIO_MASTER_DISABLE.mask);
  const memory = context.memory[0]!;
  context.memory[1]!.pokeBytes(memory.piece.base, memory.peekBytes(memory.piece.base, 0x1_0000));
  port.receive(frame(), 0, 64, undefined);
  driver.sleep(1);
  assert.equal(driver.read(pf.RDH), 1);
});

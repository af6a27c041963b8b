import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from './tables/index.ts';
import { TestDriver, type DriverMode } from './testing-driver.ts';
import { makeTestPort, mdicWrite, TEST_MAC } from './testing-port.ts';

const { STATUS, ICR } = pf;
const BROADCAST = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

function frameTo(destination: Uint8Array, length = 64): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, at) => at);
  frame.set(destination);
  return frame;
}

/** A driver after probe and open, its link up and the interrupt of that taken. */
function openDriver(mode: DriverMode) {
  const made = makeTestPort({ interrupts: mode });
  const driver = new TestDriver(made, mode);
  driver.probe();
  driver.open();
  driver.sleep(1000);
  return { ...made, driver, irq: made.context.interruptPorts[0]! };
}

test('Linux probes: ids, NVM, address, resets (§9.1, §9.2)', () => {
  const driver = new TestDriver(makeTestPort({ cold: true }), 'msix');
  driver.probe();
  assert.deepEqual(driver.macBytes, [...TEST_MAC]);
  assert.equal(driver.read(STATUS) & STATUS.LU.mask, 0, 'PHY powered down while the interface is not up');
});

test('Linux opens, the link comes, and its interrupt tells the watchdog (§9.3)', () => {
  const { driver, irq } = openDriver('msix');
  assert.deepEqual(irq.take(), [0]);
  assert.equal(driver.read(ICR), ICR.LSC.mask);
  assert.equal(driver.read(ICR), 0);
  driver.write(pf.EIMS, 1);
  driver.phyRead(1);
  assert.equal(driver.phyRead(1) & 0x24, 0x24);
  const status = driver.read(STATUS);
  assert.equal(status & STATUS.LU.mask, STATUS.LU.mask);
  assert.equal((status & STATUS.SPEED.mask) >>> STATUS.SPEED.shift, 2);
  assert.equal(status & STATUS.FD.mask, STATUS.FD.mask);
  assert.equal(driver.phyRead(10) & 0x1000, 0x1000, 'remote receiver');
});

test('MSI-X: frames both ways interrupt on the ring vector, NAPI re-arms by EIMS (§9.3)', () => {
  const { driver, irq, context, port } = openDriver('msix');
  irq.take();
  driver.read(ICR);
  driver.send(frameTo(BROADCAST));
  driver.sleep(1);
  assert.equal(context.wire.sent.length, 1);
  assert.deepEqual(irq.take(), [1]);
  const frame = frameTo(TEST_MAC);
  port.receive(frame, 0, frame.length, undefined);
  driver.sleep(1);
  assert.deepEqual(irq.take(), [], 'masked by EIAM until NAPI is done');
  assert.deepEqual(driver.receiveAll(), [frame]);
  driver.write(pf.EIMS, 2);
  assert.deepEqual(irq.take(), [1]);
});

for (const mode of ['msi', 'intx'] as const) {
  test(`${mode}: one interrupt, ICR read acknowledges and masks, IMS re-arms (§9.3)`, () => {
    const { driver, irq, context, port } = openDriver(mode);
    const raised = mode === 'msi' ? ['msi'] : ['intx+'];
    assert.deepEqual(irq.take(), raised);
    assert.equal(driver.read(ICR), (ICR.INTA.mask | ICR.LSC.mask) >>> 0);
    driver.write(pf.IMS, 0x5000009d);
    irq.take();
    driver.send(frameTo(BROADCAST));
    driver.sleep(1);
    assert.deepEqual([irq.take(), context.wire.sent.length], [raised, 1]);
    assert.equal(driver.read(ICR), (ICR.INTA.mask | ICR.TXDW.mask) >>> 0);
    irq.take();
    const frame = frameTo(TEST_MAC);
    port.receive(frame, 0, frame.length, undefined);
    driver.sleep(1);
    assert.deepEqual(irq.take(), [], 'IAM has masked');
    driver.write(pf.IMS, 0x5000009d);
    assert.deepEqual(irq.take(), raised);
    assert.deepEqual(driver.receiveAll(), [frame]);
  });
}

test('the watchdog: PHY, STATUS, statistics, kick of every vector (§9.3)', () => {
  const { driver, irq } = openDriver('msix');
  driver.read(ICR);
  driver.write(pf.EIMS, 3);
  driver.sleep(10);
  irq.take();
  for (let n = 0; n < 3; n += 1) {
    driver.phyRead(1);
    driver.phyRead(1);
    driver.read(STATUS);
    for (let at = 0x4000; at <= 0x4138; at += 4) driver.port.read(at);
    driver.write(pf.EICS, 2);
    driver.read(pf.WVBR);
    driver.read(pf.TSYNCRXCTL);
    driver.sleep(2000);
    assert.deepEqual(irq.take(), [1]);
    driver.write(pf.EIMS, 2);
  }
});

test('a cable pulled and put in again under Linux: LSC each time, traffic goes on', () => {
  const { driver, irq, context } = openDriver('msix');
  for (const up of [false, true]) {
    driver.read(ICR);
    driver.write(pf.EIMS, 3);
    irq.take();
    context.wire.setCarrier(up);
    driver.sleep(1000);
    assert.deepEqual(irq.take(), [0]);
    assert.equal((driver.read(STATUS) & STATUS.LU.mask) !== 0, up);
  }
  driver.send(frameTo(BROADCAST));
  driver.sleep(1);
  assert.equal(context.wire.sent.length, 1);
});

test('close and open again (§9.3): nothing of the first time is left', () => {
  const { driver, irq, context } = openDriver('msix');
  driver.send(frameTo(BROADCAST));
  driver.update(pf.RCTL, pf.RCTL.EN.mask, 0);
  driver.update(pf.TCTL, pf.TCTL.EN.mask, 0);
  driver.flush();
  driver.sleep(10);
  driver.disableIrq();
  driver.reset();
  driver.update(pf.CTRL_EXT, pf.CTRL_EXT.DRV_LOAD.mask, 0);
  irq.take();
  context.wire.sent.length = 0;
  driver.open();
  driver.sleep(1000);
  assert.deepEqual(irq.take(), [0]);
  driver.send(frameTo(BROADCAST));
  driver.sleep(1);
  assert.equal(context.wire.sent.length, 1);
});

test('ethtool -d reads everything and changes nothing (§9.4)', () => {
  const { driver, port } = openDriver('msix');
  driver.write(pf.ICS, ICR.VMMB.mask);
  driver.write(pf.EIMC, 2);
  driver.write(pf.EICS, 2);
  const dumped = ['CTRL STATUS CTRL_EXT MDIC SCTL CONNSW VET LEDCTL FRTIMER TCPTIMER EECD EICS EIMS EIMC EIAC EIAM'];
  dumped.push(
    'ICS IMS IMC IAM IMIRVP FCAL FCAH FCTTV FCRTL FCRTH RCTL RXCSUM RLPML RFCTL MRQC VT_CTL TCTL TIPG DTXCTL',
  );
  dumped.push('WUC WUFC WUS IPAV WUPL RAL RAH PSRTYPE SRRCTL RDBAL RDLEN RDH RDT RXDCTL TDBAL TDLEN TDH TDT TXDCTL');
  const before = [port.peek(ICR.at), port.peek(pf.EICR.at), port.peek(pf.IMS.at), port.peek(pf.EIMS.at)];
  for (const name of dumped.join(' ').split(' ')) driver.read(pf[name as keyof typeof pf]);
  assert.deepEqual([port.peek(ICR.at), port.peek(pf.EICR.at), port.peek(pf.IMS.at), port.peek(pf.EIMS.at)], before);
  assert.equal(driver.read(pf.EICS), 2);
  assert.equal(driver.read(pf.ICS) & ICR.VMMB.mask, ICR.VMMB.mask);
});

test('iPXE: a reset keeps the link, polling ICR without masks clears it (§9.9)', () => {
  const { port, context } = makeTestPort({ interrupts: 'intx' });
  const ctrl = port.read(pf.CTRL.at);
  port.write(pf.CTRL.at, ctrl | pf.CTRL.RST.mask);
  context.clock.advance(20e6);
  port.write(pf.CTRL.at, (ctrl | pf.CTRL.SLU.mask | pf.CTRL.ASDE.mask) & ~pf.CTRL.LRST.mask);
  assert.equal(port.read(STATUS.at) & STATUS.LU.mask, STATUS.LU.mask, 'at once: no PHY reset is needed');
  port.read(ICR.at);
  const ring = 0x2_0000;
  context.memory[0]!.poke64(ring, 0x3_0000);
  context.memory[0]!.poke32(ring + 8, 60 | 0x0b000000);
  port.write(0x3800, ring);
  port.write(0x3804, 0);
  port.write(0x3808, 256);
  port.write(0x3810, 0);
  port.write(0x3818, 0);
  port.write(0x3828, port.read(0x3828) | pf.TXDCTL.ENABLE.mask);
  port.write(pf.TCTL.at, pf.TCTL.EN.mask | pf.TCTL.PSP.mask | (0x10 << 4) | (0x40 << 12));
  port.write(0x3818, 1);
  context.tasks.runAll();
  assert.equal(context.wire.sent.length, 1);
  assert.equal(port.read(ICR.at), ICR.TXDW.mask);
  assert.equal(port.read(ICR.at), 0);
  assert.equal(context.memory[0]!.peek32(ring + 12) & 1, 1, 'DD');
  assert.deepEqual(context.interruptPorts[0]!.take(), []);
});

test("QEMU's igb qtest: link within 900 ms, one frame each way (§9.10)", () => {
  const { port, context } = makeTestPort({ cold: true });
  const memory = context.memory[0]!;
  const irq = context.interruptPorts[0]!;
  const [txRing, rxRing, buffer] = [0x2_0000, 0x2_1000, 0x3_0000];
  port.write(pf.CTRL.at, port.read(pf.CTRL.at) | pf.CTRL.RST.mask | pf.CTRL.SLU.mask);
  mdicWrite(port, 0, 0x1200);
  context.clock.advance(900e6);
  assert.equal(port.read(STATUS.at) & STATUS.LU.mask, STATUS.LU.mask);
  port.write(pf.IVAR.at, 0x8180);
  port.write(pf.RCTL.at, 0);
  port.write(pf.TCTL.at, 0);
  port.write(pf.TDBAL.at, txRing);
  port.write(pf.TDBAH.at, 0);
  port.write(pf.TDLEN.at, 0x1000);
  port.write(pf.TDT.at, 0);
  port.write(pf.TDH.at, 0);
  port.write(pf.TCTL.at, pf.TCTL.EN.mask);
  port.write(pf.RDBAL.at, rxRing);
  port.write(pf.RDBAH.at, 0);
  port.write(pf.RDLEN.at, 0x1000);
  port.write(pf.RDT.at, 0);
  port.write(pf.RDH.at, 0);
  port.write(pf.RAL.at, 0x12005452);
  port.write(pf.RAH.at, 0x80045634);
  port.write(pf.SRRCTL.at, 0x02000000);
  port.write(pf.RFCTL.at, 0x8000);
  port.write(pf.RCTL.at, pf.RCTL.EN.mask);
  port.write(pf.GPIE.at, pf.GPIE.MULTIPLE_MSIX.mask);
  port.write(pf.IMS.at, 0xffffffff);
  port.write(pf.EIMS.at, 0xffffffff);

  memory.pokeBytes(
    buffer,
    Uint8Array.from('TEST', (letter) => letter.charCodeAt(0)),
  );
  memory.poke64(txRing, buffer);
  memory.poke32(txRing + 8, 64 | (1 << 20) | (1 << 24) | (1 << 27));
  memory.poke32(txRing + 12, 0);
  port.write(pf.TDT.at, 1);
  context.tasks.runAll();
  assert.deepEqual(irq.take(), [1]);
  assert.equal(memory.peek32(txRing + 12) & 1, 1);
  assert.equal(context.wire.sent.length, 1);
  assert.deepEqual([...context.wire.sent[0]!.bytes.subarray(0, 4)], [...Buffer.from('TEST')]);

  memory.poke64(rxRing, buffer);
  memory.poke64(rxRing + 8, 0);
  port.write(pf.RDT.at, 1);
  const frame = frameTo(TEST_MAC);
  assert.equal(port.canReceive(), true);
  port.receive(frame, 0, frame.length, undefined);
  context.tasks.runAll();
  assert.deepEqual(irq.take(), [0]);
  assert.equal(memory.peek32(rxRing + 8) & 1, 1);
  assert.deepEqual(memory.peekBytes(buffer, 64), frame);
});

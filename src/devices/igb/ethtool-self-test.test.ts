/** `ethtool -t`, offline, as Linux' igb does it (reference §9.5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from './tables/index.ts';
import { RING_DESCRIPTORS, TestDriver, type DriverMode } from './testing-driver.ts';
import { makeTestPort, mdicRead, mdicWrite } from './testing-port.ts';

const { ICR, CTRL } = pf;
const ALL = 0xffffffff;
const PATTERNS = [0x5a5a5a5a, 0xa5a5a5a5, 0x00000000, 0xffffffff];

function probedDriver(mode: DriverMode) {
  const made = makeTestPort({ interrupts: mode });
  const driver = new TestDriver(made, mode);
  driver.probe();
  return { ...made, driver };
}

/** Address, count, stride, mask, bits written. The first four queues by their old addresses, as the driver's macros have it. */
const patternTests: readonly (readonly [number, number, number, number, number])[] = [
  [0x0028, 1, 0, ALL, ALL],
  [0x002c, 1, 0, 0xffff, ALL],
  [0x0030, 1, 0, 0xffff, ALL],
  [0x0038, 1, 0, ALL, ALL],
  [0x2800, 4, 0x100, 0xffffff80, ALL],
  [0x2804, 4, 0x100, ALL, ALL],
  [0x2808, 4, 0x100, 0x000ffff0, 0x000fffff],
  [0xc100, 12, 0x40, 0xffffff80, ALL],
  [0xc104, 12, 0x40, ALL, ALL],
  [0xc108, 12, 0x40, 0x000ffff0, 0x000fffff],
  [0x2818, 4, 0x100, 0xffff, 0xffff],
  [0xc118, 12, 0x40, 0xffff, 0xffff],
  [0x2168, 1, 0, 0xfff0, 0xfff0],
  [0x0170, 1, 0, 0xffff, 0xffff],
  [0x0410, 1, 0, 0x3fffffff, 0x3fffffff],
  [0x3800, 4, 0x100, 0xffffff80, ALL],
  [0x3804, 4, 0x100, ALL, ALL],
  [0x3808, 4, 0x100, 0x000ffff0, 0x000fffff],
  [0xe100, 12, 0x40, 0xffffff80, ALL],
  [0xe104, 12, 0x40, ALL, ALL],
  [0xe108, 12, 0x40, 0x000ffff0, 0x000fffff],
  [0x5400, 16, 8, ALL, ALL],
  [0x5404, 16, 8, 0x83ffffff, ALL],
  [0x54e0, 8, 8, ALL, ALL],
  [0x54e4, 8, 8, 0x83ffffff, ALL],
  [0x5200, 128, 4, ALL, ALL],
];

test('registers hold the patterns that the driver writes, with queues on and receive promiscuous', () => {
  const { port, driver, context } = probedDriver('msix');
  const status = port.read(pf.STATUS.at) & 0x7ffff3ff;
  port.write(pf.STATUS.at, (~status & 0x7ffff3ff) >>> 0);
  assert.equal(port.read(pf.STATUS.at) & 0x7ffff3ff, status);
  port.write(pf.STATUS.at, status);
  for (let queue = 0; queue < 16; queue += 1) driver.write(pf.RXDCTL, 0x02000000, queue, 0x40);
  for (const [at, count, stride, mask, written] of patternTests) {
    for (let n = 0; n < count; n += 1) {
      for (const pattern of PATTERNS) {
        port.write(at + n * stride, (pattern & written) >>> 0);
        const expected = (pattern & written & mask) >>> 0;
        assert.equal((port.read(at + n * stride) & mask) >>> 0, expected, (at + n * stride).toString(16));
      }
    }
  }
  for (let queue = 0; queue < 16; queue += 1) driver.write(pf.RXDCTL, 0, queue, 0x40);
  const setAndRead = [
    [pf.RCTL.at, ALL, 0],
    [pf.RCTL.at, 0x04cfb0fe, 0x003ffffb],
    [pf.RCTL.at, 0x04cfb0fe, ALL],
    [pf.TCTL.at, ALL, 0],
  ] as const;
  for (const [at, mask, written] of setAndRead) {
    port.write(at, (mask & written) >>> 0);
    assert.equal((port.read(at) & mask) >>> 0, (mask & written) >>> 0);
  }
  driver.sleep(1);
  assert.equal(context.memory[0]!.refused, 0, 'junk in ring registers must start no DMA');
});

test('EEPROM: the checksum again', () => {
  probedDriver('msix').driver.checkNvm();
});

/** What the handler of the test saw, in all calls since it was last asked. */
function interruptTester(mode: DriverMode) {
  const { port, driver, context } = probedDriver(mode);
  const irq = context.interruptPorts[0]!;
  driver.reset();
  driver.write(pf.IMC, ALL);
  driver.flush();
  driver.sleep(10);
  irq.take();
  const seen = (): number => {
    driver.flush();
    driver.sleep(10);
    let causes = 0;
    for (const sent of irq.take()) {
      if (sent === 'intx-') continue;
      if (mode === 'msix') assert.equal(sent, 0, 'vector 0');
      causes |= port.read(ICR.at);
    }
    irq.take();
    return causes;
  };
  return { driver, seen };
}

for (const mode of ['msix', 'msi', 'intx'] as const) {
  test(`interrupts with ${mode}: every cause of mask 77D4FBFD, and none that is masked`, () => {
    const { driver, seen } = interruptTester(mode);
    for (let n = 0; n < 31; n += 1) {
      const bit = 2 ** n;
      if ((bit & 0x77d4fbfd) === 0) continue;
      if (mode !== 'msix') {
        driver.write(ICR, ALL);
        driver.write(pf.IMC, bit);
        driver.write(pf.ICS, bit);
        assert.equal(seen() & bit, 0, `masked ${n}`);
      }
      driver.write(ICR, ALL);
      driver.write(pf.IMS, bit);
      driver.write(pf.ICS, bit);
      assert.equal(seen() & bit, bit, `enabled ${n}`);
      if (mode !== 'msix') {
        driver.write(ICR, ALL);
        driver.write(pf.IMC, ~bit);
        driver.write(pf.ICS, ~bit);
        assert.equal(seen() & bit, 0, `others ${n}`);
      }
    }
  });
}

test('loopback through the PHY: ten times 64 broadcast frames, with and without a cable', () => {
  for (const cable of [true, false]) {
    const { port, driver, context } = probedDriver('msix');
    context.wire.setCarrier(cable);
    driver.reset();
    driver.phyWrite(0, driver.phyRead(0) & ~0x0800);
    driver.update(pf.TCTL, 0, pf.TCTL.EN.mask | pf.TCTL.PSP.mask);
    driver.write(pf.RCTL, pf.RCTL.EN.mask | pf.RCTL.BAM.mask | pf.RCTL.SECRC.mask | pf.RCTL.LPE.mask);
    driver.write(pf.MRQC, 0);
    driver.configureRings();
    mdicWrite(port, 0, 0x4140);
    driver.sleep(50);
    driver.update(CTRL, CTRL.SPEED.mask, CTRL.FRCSPD.mask | CTRL.FRCDPX.mask | CTRL.FD.mask | CTRL.SLU.mask | (2 << 8));
    driver.sleep(500);
    assert.equal(port.read(pf.STATUS.at) & pf.STATUS.LU.mask, pf.STATUS.LU.mask);
    context.wire.sent.length = 0;
    const frame = new Uint8Array(256).fill(0xff, 0, 128).fill(0xaa, 128);
    frame[138] = 0xbe;
    frame[140] = 0xaf;
    for (let round = 0; round < 10; round += 1) {
      for (let n = 0; n < 64; n += 1) driver.send(frame);
      driver.sleep(200);
      const received = driver.receiveAll();
      assert.equal(received.length, 64, `round ${round}`);
      for (const got of received) assert.deepEqual(got, frame);
    }
    assert.equal(driver.read(pf.RDH), (10 * 64) % RING_DESCRIPTORS);
    assert.equal(context.wire.sent.length, 0, 'nothing leaves the port');
    mdicWrite(port, 0, mdicRead(port, 0) & ~0x4000);
    mdicWrite(port, 0, mdicRead(port, 0) | 0x8000);
    driver.sleep(1000);
    assert.equal((driver.phyRead(1), driver.phyRead(1)) & 4, cable ? 4 : 0);
  }
});

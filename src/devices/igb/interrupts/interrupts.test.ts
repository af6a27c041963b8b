import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';

const { LSC, RXDW, TXDW, INTA, RXDMT0 } = pf.ICR;
/** GPIE as Linux writes it with MSI-X: MULTIPLE_MSIX, PBA, EIAME, NSICR (§9.3). */
const LINUX_GPIE = 0xc0000011;

function setUp(mode: 'msix' | 'msi' | 'intx') {
  const { port, context } = makeTestPort({ interrupts: mode });
  port.read(pf.ICR.at);
  const irq = context.interruptPorts[0]!;
  const taken = irq.take.bind(irq);
  // Write-backs are told of at the end of the turn.
  irq.take = () => {
    context.tasks.runAll();
    return taken();
  };
  irq.take();
  return { port, context, irq, interrupts: port.blocks.interrupts };
}

/** Linux igb with MSI-X: vector 0 other causes, 1 queue 0 RX and TX. */
function setUpLinuxMsix() {
  const set = setUp('msix');
  const { port } = set;
  port.write(pf.GPIE.at, LINUX_GPIE);
  port.write(pf.IVAR_MISC.at, 0x8000);
  port.write(pf.IVAR.at, 0x8181);
  for (const register of [pf.EIAC, pf.EIAM, pf.EIMS]) port.write(register.at, 3);
  port.write(pf.IMS.at, LSC.mask);
  return set;
}

test('INTx is a level: raised by cause and mask, held until ICR is read, claimed by INTA (§6.6, igb_intr)', () => {
  const { port, irq, interrupts } = setUp('intx');
  interrupts.raise(RXDW.mask);
  assert.deepEqual(irq.take(), []);
  assert.equal(port.peek(pf.ICR.at), RXDW.mask, 'no INTA while masked');
  port.write(pf.IMS.at, RXDW.mask);
  assert.deepEqual(irq.take(), ['intx+'], 'unmasking a pending cause fires');
  interrupts.raise(RXDW.mask);
  assert.deepEqual(irq.take(), []);
  assert.equal(port.read(pf.ICR.at), (INTA.mask | RXDW.mask) >>> 0);
  assert.deepEqual(irq.take(), ['intx-']);
  assert.equal(port.read(pf.ICR.at), 0);
});

test('masking with IMC lowers INTx, unmasking raises it again', () => {
  const { port, irq, interrupts } = setUp('intx');
  port.write(pf.IMS.at, LSC.mask);
  interrupts.raise(LSC.mask);
  port.write(pf.IMC.at, 0xffffffff);
  port.write(pf.IMS.at, LSC.mask);
  assert.deepEqual(irq.take(), ['intx+', 'intx-', 'intx+']);
  assert.equal(port.read(pf.IMC.at), LSC.mask, 'IMC reads as IMS');
});

test('with MSI, a message for each new unmasked cause and none for one that stands', () => {
  const { port, irq, interrupts } = setUp('msi');
  port.write(pf.IMS.at, RXDW.mask | TXDW.mask);
  interrupts.raise(RXDW.mask);
  interrupts.raise(RXDW.mask);
  interrupts.raise(TXDW.mask);
  interrupts.raise(LSC.mask);
  assert.deepEqual(irq.take(), ['msi', 'msi']);
});

test('MSI-X enabled but GPIE without MULTIPLE_MSIX: everything is vector 0 (ethtool -t, §6.6)', () => {
  const { port, irq } = setUp('msix');
  port.write(pf.IMS.at, 0x77d4fbfd);
  port.write(pf.ICS.at, pf.ICR.VMMB.mask);
  assert.deepEqual(irq.take(), [0]);
  assert.equal(port.read(pf.ICR.at), (INTA.mask | pf.ICR.VMMB.mask) >>> 0);
});

test('reading ICR in single-interrupt mode masks by IAM; writing does too (Linux with MSI)', () => {
  const { port, interrupts, irq } = setUp('msi');
  const mask = 0x5000009d;
  port.write(pf.IAM.at, mask);
  port.write(pf.IMS.at, mask);
  interrupts.receiveDone(0);
  assert.equal(port.read(pf.ICR.at), (INTA.mask | RXDW.mask) >>> 0);
  assert.equal(port.read(pf.IMS.at), 0);
  interrupts.receiveDone(0);
  assert.deepEqual(irq.take(), ['msi']);
  port.write(pf.IMS.at, mask);
  assert.deepEqual(irq.take(), ['msi'], 'NAPI is done: what came meanwhile fires');
  port.write(pf.ICR.at, RXDW.mask);
  assert.equal(port.read(pf.IMS.at), 0);
});

test('which reads clear ICR (§6.5 table)', () => {
  const pending = (prepare: (port: ReturnType<typeof setUp>['port']) => void, mode: 'msix' | 'intx'): number => {
    const { port, interrupts } = setUp(mode);
    prepare(port);
    interrupts.raise(RXDMT0.mask);
    port.read(pf.ICR.at);
    return port.peek(pf.ICR.at) & RXDMT0.mask;
  };
  const multiple = pf.GPIE.MULTIPLE_MSIX.mask;
  assert.equal(
    pending((port) => port.write(pf.GPIE.at, pf.GPIE.NSICR.mask | multiple), 'msix'),
    0,
    'NSICR',
  );
  assert.equal(
    pending(() => undefined, 'msix'),
    0,
    'IMS = 0: iPXE polls so',
  );
  assert.equal(
    pending((port) => port.write(pf.IMS.at, RXDMT0.mask), 'msix'),
    0,
    'INTA',
  );
  assert.equal(
    pending((port) => port.write(pf.IMS.at, LSC.mask), 'intx'),
    0,
    'no MSI-X',
  );
  const kept = pending((port) => {
    port.write(pf.GPIE.at, multiple);
    port.write(pf.IMS.at, LSC.mask);
  }, 'msix');
  assert.equal(kept, RXDMT0.mask, 'MSI-X, IMS not 0, nothing asserted');
});

test('IMS keeps the causes of mask 77D4FBFD only, ICS raises no others', () => {
  const { port } = setUp('intx');
  port.write(pf.IMS.at, 0xffffffff);
  assert.equal(port.read(pf.IMS.at), 0x77d4fbfd);
  port.write(pf.ICS.at, 0xffffffff);
  assert.equal(port.peek(pf.ICR.at), (0x77d4fbfd | INTA.mask) >>> 0);
});

test('ICS and EICS read as ICR and EICR without clearing (ethtool -d)', () => {
  const { port } = setUp('msix');
  port.write(pf.GPIE.at, pf.GPIE.MULTIPLE_MSIX.mask);
  port.write(pf.ICS.at, LSC.mask);
  port.write(pf.EICS.at, 6);
  for (let n = 0; n < 2; n += 1) assert.deepEqual([port.read(pf.ICS.at), port.read(pf.EICS.at)], [LSC.mask, 6]);
  assert.equal(port.read(pf.EICR.at), 6);
  assert.equal(port.read(pf.EICS.at), 0);
});

test('the addresses from 1500 are the same registers (contradiction 7, NUL)', () => {
  const { port, irq } = setUp('intx');
  port.write(0x1508, LSC.mask);
  assert.equal(port.read(pf.IMS.at), LSC.mask);
  port.write(0x1504, LSC.mask);
  assert.equal(port.read(0x1500), (INTA.mask | LSC.mask) >>> 0);
  assert.equal(port.read(pf.ICR.at), 0);
  assert.deepEqual(irq.take(), ['intx+', 'intx-']);
});

test('MSI-X: a queue fires its vector once, clears and masks itself, and fires again after the EIMS write (NAPI)', () => {
  const { port, interrupts, irq } = setUpLinuxMsix();
  interrupts.receiveDone(0);
  assert.deepEqual(irq.take(), [1]);
  assert.equal(port.peek(pf.EICR.at), 0, 'EIAC');
  assert.equal(port.peek(pf.EIMS.at), 1, 'EIAM');
  interrupts.transmitDone(0);
  assert.deepEqual(irq.take(), [], 'masked, and remembered');
  port.write(pf.EIMS.at, 2);
  assert.deepEqual(irq.take(), [1]);
});

test('MSI-X: a legacy cause takes the vector of IVAR_MISC byte 1, DRSTA too (contradiction 11)', () => {
  const { port, interrupts, irq } = setUpLinuxMsix();
  interrupts.raise(LSC.mask);
  assert.deepEqual(irq.take(), [0]);
  assert.equal(port.read(pf.ICR.at), LSC.mask);
  port.write(pf.EIMS.at, 1);
  port.write(pf.IMS.at, pf.ICR.DRSTA.mask);
  interrupts.raise(pf.ICR.DRSTA.mask);
  assert.deepEqual(irq.take(), [0]);
  interrupts.raise(pf.ICR.MDAC.mask);
  assert.deepEqual(irq.take(), [], 'not in IMS');
});

test('without EIAME or EIAM nothing masks itself; without EIAC a cause fires once until it is cleared (§6.6)', () => {
  const { port, interrupts, irq } = setUp('msix');
  port.write(pf.GPIE.at, pf.GPIE.MULTIPLE_MSIX.mask);
  port.write(pf.IVAR.at + 4, 0x82);
  port.write(pf.EIAM.at, 4);
  port.write(pf.EIMS.at, 4);
  interrupts.receiveDone(1);
  interrupts.receiveDone(1);
  assert.deepEqual(irq.take(), [2]);
  assert.equal(port.peek(pf.EIMS.at), 4);
  port.write(pf.EICR.at, 4);
  interrupts.receiveDone(1);
  assert.deepEqual(irq.take(), [2]);
});

test('EIAC and EIAM can be cleared again: QEMU only adds to them (§11.2)', () => {
  const { port } = setUp('msix');
  for (const register of [pf.EIAC, pf.EIAM]) {
    port.write(register.at, 7);
    port.write(register.at, 1);
    assert.equal(port.read(register.at), 1);
  }
});

test('IVAR: bytes are RX n, TX n, RX n + 8, TX n + 8 (§6.4)', () => {
  const { port, interrupts, irq } = setUp('msix');
  port.write(pf.GPIE.at, pf.GPIE.MULTIPLE_MSIX.mask);
  port.write(pf.IVAR.at + 4 * 3, 0x84838281);
  port.write(pf.EIMS.at, 0x1e);
  interrupts.receiveDone(3);
  interrupts.transmitDone(3);
  interrupts.receiveDone(11);
  interrupts.transmitDone(11);
  assert.deepEqual(irq.take(), [1, 2, 3, 4]);
});

test('queue causes appear in ICR without any IVAR: iPXE polls for TXDW and RXT0 (§9.9)', () => {
  const { port, interrupts } = setUp('intx');
  interrupts.receiveDone(0);
  interrupts.transmitDone(0);
  assert.equal(port.read(pf.ICR.at), RXDW.mask | TXDW.mask);
  assert.equal(port.read(pf.ICR.at), 0);
});

test('the watchdog kick: EICS of enabled vectors sends them all (§9.3)', () => {
  const { port, irq } = setUpLinuxMsix();
  port.write(pf.EICS.at, 3);
  assert.deepEqual(new Set(irq.take()), new Set([0, 1]));
});

test('one message tells of all that a turn wrote back, and nothing of it is left for the EIMS write', () => {
  const { port, context, interrupts, irq } = setUpLinuxMsix();
  interrupts.transmitDone(0);
  interrupts.receiveDone(0);
  interrupts.receiveDone(0);
  assert.equal(port.peek(pf.EICR.at), 2, 'the cause is there at once');
  context.tasks.runAll();
  port.write(pf.EIMS.at, 2);
  assert.deepEqual(irq.take(), [1]);
  interrupts.receiveDone(0);
  port.write(pf.EIMC.at, 2);
  assert.deepEqual(irq.take(), [], 'software masked it before the turn was over');
  port.write(pf.EIMS.at, 2);
  assert.deepEqual(irq.take(), [1]);
});

test('EITR(n) moderates vector n, and EITR(0) the single interrupt', () => {
  const { port, context, interrupts, irq } = setUpLinuxMsix();
  port.write(pf.EITR.at + 4, 100 << 2);
  for (let n = 0; n < 3; n += 1) {
    interrupts.receiveDone(0);
    context.tasks.runAll();
    port.write(pf.EIMS.at, 2);
  }
  assert.deepEqual(irq.take(), [1]);
  context.clock.advance(100_000);
  assert.deepEqual(irq.take(), [1]);

  const single = setUp('msi');
  single.port.write(pf.EITR.at, 100 << 2);
  single.port.write(pf.IMS.at, RXDW.mask);
  for (let n = 0; n < 3; n += 1) {
    single.interrupts.receiveDone(0);
    single.port.read(pf.ICR.at);
  }
  single.interrupts.receiveDone(0);
  single.context.clock.advance(100_000);
  assert.deepEqual(single.irq.take(), ['msi', 'msi']);
});

test('a vector postponed by EITR that is masked before the end waits for its EIMS bit', () => {
  const { port, context, interrupts, irq } = setUpLinuxMsix();
  port.write(pf.EITR.at + 4, 100 << 2);
  interrupts.receiveDone(0);
  context.tasks.runAll();
  port.write(pf.EIMS.at, 2);
  interrupts.receiveDone(0);
  context.tasks.runAll();
  port.write(pf.EIMC.at, 2);
  context.clock.advance(200_000);
  assert.deepEqual(irq.take(), [1]);
  port.write(pf.EIMS.at, 2);
  assert.deepEqual(irq.take(), [1]);
});

test('MULTIPLE_MSIX while the guest has MSI-X off: nothing is sent, and the cause stays', () => {
  const { port, interrupts, irq } = setUpLinuxMsix();
  irq.msixEnabled = false;
  interrupts.receiveDone(0);
  assert.deepEqual(irq.take(), []);
  assert.equal(port.peek(pf.EICR.at), 2);
});

test('PBACLR forgets pending messages of the named vectors', () => {
  const { port, irq } = setUp('msix');
  port.write(pf.PBACLR.at, 0x205);
  assert.deepEqual(irq.cleared, [0, 2, 9]);
});

test("a vector assigned to a VF leaves through the VF's table (§6.4)", () => {
  const { port, context, interrupts, irq } = setUp('msix');
  port.write(pf.GPIE.at, pf.GPIE.MULTIPLE_MSIX.mask);
  interrupts.messages.assignVector(23, 1, 1);
  port.write(pf.EIMS.at, 1 << 23);
  port.write(pf.EICS.at, 1 << 23);
  assert.deepEqual(irq.take(), []);
  assert.deepEqual(context.interruptPorts[1]!.take(), [1]);
});

test('IAC counts assertions and clears on read', () => {
  const { port, interrupts } = setUp('msi');
  port.read(pf.IAC.at);
  port.write(pf.IMS.at, RXDW.mask | TXDW.mask);
  interrupts.receiveDone(0);
  interrupts.transmitDone(0);
  assert.equal(port.read(pf.IAC.at), 2);
  assert.equal(port.read(pf.IAC.at), 0);
});

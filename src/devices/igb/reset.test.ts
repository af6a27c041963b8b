import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf, pfPlan, pfWindowBytes } from './tables/index.ts';
import { makeTestPort, mdicRead, mdicWrite } from './testing-port.ts';

const { CTRL, STATUS, EITR, V2PMAILBOX } = pf;

test('CTRL.RST: registers to their defaults but RXPBS, TXPBS and EITR; RST reads 0 (§1.5)', () => {
  const { port } = makeTestPort();
  port.write(pf.RXPBS.at, 0x22);
  port.write(pf.TXPBS.at, 0x14);
  port.write(EITR.at + 4 * 24, 648);
  port.write(pf.RCTL.at, pf.RCTL.EN.mask);
  port.write(pf.GPIE.at, 0xc0000011);
  port.write(pf.IVAR.at, 0x81);
  port.write(CTRL.at, port.read(CTRL.at) | CTRL.RST.mask);
  assert.equal(port.read(CTRL.at), CTRL.reset);
  assert.deepEqual([port.read(pf.RCTL.at), port.read(pf.GPIE.at), port.read(pf.IVAR.at)], [0, 0, 0]);
  assert.deepEqual([port.read(pf.RXPBS.at), port.read(pf.TXPBS.at), port.read(EITR.at + 4 * 24)], [0x22, 0x14, 648]);
});

test('every other kind takes the sticky registers too', () => {
  for (const kind of ['fundamental', 'hot', 'flr', 'd3hot'] as const) {
    const { port } = makeTestPort();
    port.write(EITR.at, 648);
    port.write(pf.RXPBS.at, 0x22);
    port.reset(kind);
    assert.deepEqual([port.read(EITR.at), port.read(pf.RXPBS.at)], [0, pf.RXPBS.reset], kind);
  }
});

test('after a fundamental reset a used port reads as a new one', () => {
  const used = makeTestPort().port;
  for (let at = 0; at < pfWindowBytes; at += 4) used.write(at, 0xa5a5a5a5);
  used.reset('fundamental');
  const fresh = makeTestPort({ cold: true }).port;
  for (let at = 0; at < pfWindowBytes; at += 4) {
    if (at === pf.FRTIMER.at) continue;
    const name = pfPlan.names[pfPlan.register[at >>> 2]! - 1];
    assert.equal(used.peek(at), fresh.peek(at), `${at.toString(16)} ${name}`);
  }
});

test('CTRL.RST and FLR leave PHY and link alone, power-on does not (contradiction 17)', () => {
  const { port, context } = makeTestPort();
  mdicWrite(port, 18, 0x1000);
  port.write(CTRL.at, CTRL.SLU.mask | CTRL.RST.mask);
  assert.equal(port.read(STATUS.at) & STATUS.LU.mask, STATUS.LU.mask, 'SLU of the same write holds (qtest)');
  assert.equal(mdicRead(port, 18), 0x1000);
  port.reset('flr');
  assert.equal(mdicRead(port, 1) & 4, 4);
  port.reset('fundamental');
  assert.equal(mdicRead(port, 18), 0);
  port.write(CTRL.at, CTRL.SLU.mask);
  assert.equal(port.read(STATUS.at) & STATUS.LU.mask, 0);
  context.clock.advance(1e9);
  assert.equal(port.read(STATUS.at) & STATUS.LU.mask, STATUS.LU.mask);
});

test('no reset makes an interrupt, and INTx goes down', () => {
  for (const kind of ['fundamental', 'hot', 'flr', 'd3hot', 'software'] as const) {
    const { port, context } = makeTestPort({ interrupts: 'intx' });
    port.write(CTRL.at, CTRL.SLU.mask);
    port.write(pf.IMS.at, 0xffffffff);
    port.write(EITR.at, 0x7ffc);
    port.write(pf.ICS.at, pf.ICR.RXDW.mask);
    context.interruptPorts[0]!.take();
    port.reset(kind);
    context.clock.advance(0.1e9);
    assert.deepEqual(context.interruptPorts[0]!.take(), ['intx-'], kind);
    assert.equal(port.peek(pf.ICR.at), 0);
  }
});

test('a reset of the PF is told to every VF by RSTI; PFRSTD turns it into RSTD, which a read clears (§1.5)', () => {
  const { port } = makeTestPort();
  const all = (): number[] => Array.from({ length: 8 }, (_, vf) => port.read(V2PMAILBOX.at + 4 * vf));
  assert.deepEqual(all(), Array(8).fill(V2PMAILBOX.RSTI.mask));
  port.write(pf.CTRL_EXT.at, pf.CTRL_EXT.PFRSTD.mask);
  assert.deepEqual(all(), Array(8).fill(V2PMAILBOX.RSTD.mask));
  assert.deepEqual(all(), Array(8).fill(0));
  port.write(CTRL.at, CTRL.RST.mask);
  assert.deepEqual(all(), Array(8).fill(V2PMAILBOX.RSTI.mask));
});

test('CTRL_EXT.EE_RST loads the NVM again and reads 0', () => {
  const { port } = makeTestPort();
  const address = port.read(pf.RAL.at);
  port.write(pf.RAL.at, 0);
  port.write(pf.CTRL_EXT.at, pf.CTRL_EXT.EE_RST.mask | pf.CTRL_EXT.DRV_LOAD.mask);
  assert.equal(port.read(pf.CTRL_EXT.at), pf.CTRL_EXT.DRV_LOAD.mask);
  assert.equal(port.read(pf.RAL.at), address);
  assert.equal(port.read(pf.EECD.at) & pf.EECD.AUTO_RD.mask, pf.EECD.AUTO_RD.mask);
});

test('PHY_RST written together with RST (iPXE) resets both and lets the PHY go', () => {
  const { port, context } = makeTestPort();
  mdicWrite(port, 18, 0x1000);
  port.write(CTRL.at, (CTRL.RST.mask | CTRL.PHY_RST.mask) >>> 0);
  assert.equal(mdicRead(port, 18), 0);
  port.write(CTRL.at, CTRL.SLU.mask);
  context.clock.advance(1e9);
  assert.equal(port.read(STATUS.at) & STATUS.LU.mask, STATUS.LU.mask);
});

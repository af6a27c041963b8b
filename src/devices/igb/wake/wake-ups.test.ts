/** A register that lets a waiting queue or frame go on does so when it is written, with no tail write behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';
import { SriovRig } from '../functions/testing-sriov.ts';

const { CTRL, DTXSWC, MRQC, QDE, RAH, RAL, RCTL, RDBAL, RDLEN, RDT, RXDCTL, SRRCTL, TCTL, TDBAL, TDLEN, TDT } = pf;
const { TXDCTL, VFRE, VMOLR, VT_CTL } = pf;
const RING = 0x1_0000;
const BUFFER = 0x2_0000;
const ONE_BUFFER = (1 << SRRCTL.DESCTYPE.shift) | 2;
const broadcast = new Uint8Array(60).fill(0xff, 0, 6);

/** A port with a link whose queue 0 is a ring of eight descriptors, none of them free: one frame waits, and so does the wire. */
function makeWaiting() {
  const { port, context } = makeTestPort();
  port.write(CTRL.at, CTRL.SLU.mask);
  port.write(RDBAL.at, RING);
  port.write(RDLEN.at, 128);
  port.write(SRRCTL.at, ONE_BUFFER);
  port.write(RXDCTL.at, RXDCTL.ENABLE.mask);
  port.write(RCTL.at, RCTL.EN.mask | RCTL.BAM.mask | RCTL.SECRC.mask);
  port.receive(broadcast, 0, broadcast.length, undefined);
  assert.equal(port.canReceive(), false);
  context.tasks.runAll();
  return { port, context };
}

test('a frame that waits is dropped, and the wire goes on, once its queue may drop (Linux: ethtool -A while the interface is up)', () => {
  for (const [register, value] of [
    [SRRCTL, ONE_BUFFER | SRRCTL.DROP_EN.mask],
    [QDE, 1],
  ] as const) {
    const { port, context } = makeWaiting();
    port.write(register.at, value);
    context.tasks.runAll();
    assert.equal(port.canReceive(), true);
    assert.equal(context.wire.resumed, 1);
  }
});

test('the wire goes on when pools are turned on: with them it never waits', () => {
  const { port, context } = makeWaiting();
  port.write(MRQC.at, 3);
  context.tasks.runAll();
  assert.equal(context.wire.resumed, 1);
});

test('a queue whose pool was off sends when pools are turned off (MRQC)', () => {
  const { port, context } = makeTestPort();
  port.write(CTRL.at, CTRL.SLU.mask);
  port.write(MRQC.at, 3);
  port.write(pf.VFTE.at, 0);
  port.write(TCTL.at, TCTL.EN.mask);
  port.write(TDBAL.at, RING);
  port.write(TDLEN.at, 128);
  port.write(TXDCTL.at, TXDCTL.ENABLE.mask);
  context.memory[0]!.poke64(RING, BUFFER);
  context.memory[0]!.poke32(RING + 8, 60 | (1 << 24) | (1 << 25));
  port.write(TDT.at, 1);
  context.tasks.runAll();
  assert.equal(context.wire.sent.length, 0, 'VFTE is 0');
  port.write(MRQC.at, 0);
  context.tasks.runAll();
  assert.equal(context.wire.sent.length, 1);
});

test('frames that wait for a pool are gone once VFRE turns it off', () => {
  const { port, context } = makeTestPort();
  port.write(CTRL.at, CTRL.SLU.mask);
  port.write(MRQC.at, 3);
  port.write(VT_CTL.at, VT_CTL.REPL_EN.mask);
  port.write(VMOLR.at, VMOLR.BAM.mask | VMOLR.AUPE.mask | VMOLR.STRCRC.mask);
  port.write(VFRE.at, 1);
  port.write(RDBAL.at, RING);
  port.write(RDLEN.at, 128);
  port.write(SRRCTL.at, ONE_BUFFER);
  port.write(RXDCTL.at, RXDCTL.ENABLE.mask);
  port.write(RCTL.at, RCTL.EN.mask | RCTL.BAM.mask | RCTL.SECRC.mask);
  context.memory[0]!.poke64(RING, BUFFER);
  port.receive(broadcast, 0, broadcast.length, undefined);
  context.tasks.runAll();
  assert.equal(context.trace.of('igb_rx_wait').length, 1);
  port.write(VFRE.at, 0);
  context.tasks.runAll();
  port.write(VFRE.at, 1);
  port.write(RDT.at, 4);
  context.tasks.runAll();
  assert.equal(port.read(pf.RDH.at), 0, 'nothing arrives that was meant for it before');
});

/** A transmit queue with one frame to send, whose function may not do DMA. */
function post(write: (offset: number, value: number) => void, memory: SriovRig['memory'], stride = 0): void {
  memory.poke64(RING, BUFFER);
  memory.poke32(RING + 8, 60 | (1 << 24) | (1 << 25));
  const base = stride === 0 ? 0xe000 : 0x3800;
  write(base + 0x00, RING);
  write(base + 0x08, 128);
  write(base + 0x28, TXDCTL.ENABLE.mask);
  write(base + 0x18, 1);
}

test('a queue sends when its PF becomes a bus master after the tail was written (§5.1)', () => {
  const rig = new SriovRig();
  const registers = rig.at(0xfa00_0000);
  registers.write(CTRL.at, CTRL.SLU.mask);
  registers.write(TCTL.at, TCTL.EN.mask);
  rig.setConfig(1, 0, 0x04, 2, 2);
  post((offset, value) => registers.write(offset, value), rig.memory);
  rig.tasks.runAll();
  assert.equal(rig.wire.sent.length, 0);
  rig.setConfig(1, 0, 0x04, 6, 2);
  rig.tasks.runAll();
  assert.equal(rig.wire.sent.length, 1);
});

test('and so does that of a VF, behind its PF and by itself', () => {
  for (const alone of [false, true]) {
    const rig = new SriovRig({ guest: !alone });
    const { port } = rig;
    const machine = alone ? rig.vfMachine(2) : undefined;
    machine?.attach();
    machine?.config.write(0x04, 2, 2);
    if (!alone) rig.setNumVfs(4);
    port.write(CTRL.at, CTRL.SLU.mask);
    port.write(TCTL.at, TCTL.EN.mask);
    port.write(MRQC.at, 3);
    port.write(pf.VFTE.at, 0xff);
    port.write(DTXSWC.at, 0);
    port.write(RAL.at, 0);
    port.write(RAH.at, 0);
    const registers = machine?.registers ?? rig.vfRegisters(2);
    post((offset, value) => registers.write(offset, value), machine?.memory ?? rig.memory, 1);
    rig.tasks.runAll();
    assert.equal(rig.wire.sent.length, 0);
    if (machine === undefined) rig.setVfConfig(2, 0x04, 4, 2);
    else machine.config.write(0x04, 6, 2);
    rig.tasks.runAll();
    assert.equal(rig.wire.sent.length, 1);
  }
});

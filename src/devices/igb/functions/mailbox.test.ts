import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IgbPort } from '../port.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';
import type { TestContext } from '../testing.ts';

const { ICR, MBVFICR, MBVFIMR, P2VMAILBOX, V2PMAILBOX, VFLRE, VMBMEM } = pf;
const P2V = { STS: 1, ACK: 2, VFU: 4, PFU: 8, RVFU: 16 };
const V2P = { REQ: 1, ACK: 2, VFU: 4, PFU: 8, PFSTS: 16, PFACK: 32, RSTI: 64, RSTD: 128 };

interface Sides {
  readonly port: IgbPort;
  readonly context: TestContext;
  readonly pf: (vf: number, value?: number) => number;
  readonly vf: (vf: number, value?: number) => number;
  /** VMMB is pending, and is cleared. */
  readonly pfInterrupted: () => boolean;
}

/** VFs 0 to 7 are there, the PF's driver is ready, and vector 2 of each VF is its mailbox's. */
function setUp(): Sides {
  const { port, context } = makeTestPort();
  port.write(pf.GPIE.at, 0xc000_0011);
  for (let vf = 0; vf < 8; vf += 1) {
    port.setVfLive(vf, true);
    port.vfWindows[vf]!.write(0x1740, 0x82);
    port.vfWindows[vf]!.write(0x1524, 7);
  }
  port.write(pf.CTRL_EXT.at, pf.CTRL_EXT.PFRSTD.mask);
  for (let vf = 0; vf < 8; vf += 1) port.vfWindows[vf]!.read(0xc40);
  const side = (at: number) => (value: number | undefined) => {
    if (value !== undefined) port.write(at, value);
    return port.read(at);
  };
  return {
    port,
    context,
    pf: (vf, value) => side(P2VMAILBOX.at + 4 * vf)(value),
    vf: (vf, value) => {
      if (value !== undefined) port.vfWindows[vf]!.write(0xc40, value);
      return port.vfWindows[vf]!.read(0xc40);
    },
    pfInterrupted: () => {
      const pending = (port.peek(ICR.at) & ICR.VMMB.mask) !== 0;
      port.write(ICR.at, ICR.VMMB.mask);
      return pending;
    },
  };
}

test('one side owns the buffer at a time; who asks for it meanwhile does not get it (07 §7.4)', () => {
  const { pf: p, vf: v } = setUp();
  assert.equal(v(3, V2P.VFU), V2P.VFU);
  assert.equal(p(3, P2V.PFU), P2V.VFU, 'the PF sees who has it');
  assert.equal(p(2, P2V.PFU), P2V.PFU, 'other mailboxes are other buffers');
  v(3, 0);
  assert.equal(p(3), 0, 'a refused request leaves nothing behind');
  assert.equal(p(3, P2V.PFU), P2V.PFU);
  assert.equal(v(3, V2P.VFU), V2P.PFU);
  assert.equal(p(3, 0), 0);
  assert.equal(v(3, V2P.VFU), V2P.VFU, 'free at once');
});

test('a write that posts without the owner bit releases the buffer, as both drivers rely on (07 §7.5, §7.6)', () => {
  const { pf: p, vf: v } = setUp();
  v(0, V2P.VFU);
  assert.equal(v(0, V2P.REQ), 0);
  assert.equal(p(0, P2V.PFU), P2V.PFU);
  assert.equal(p(0, P2V.ACK), 0, 'STS and ACK are not stored');
  assert.equal(v(0, V2P.VFU), V2P.VFU | V2P.PFACK);
});

test('PFSTS, PFACK and RSTD are cleared by the VF’s read, the owner bits and RSTI are not', () => {
  const { port, pf: p, vf: v } = setUp();
  p(5, P2V.PFU);
  p(5, P2V.STS | P2V.ACK | P2V.PFU);
  assert.equal(v(5), V2P.PFSTS | V2P.PFACK | V2P.PFU);
  assert.equal(v(5), V2P.PFU);
  port.write(pf.CTRL.at, pf.CTRL.RST.mask);
  assert.deepEqual([v(5), v(5)], [V2P.RSTI, V2P.RSTI]);
  port.write(pf.CTRL_EXT.at, pf.CTRL_EXT.PFRSTD.mask);
  assert.deepEqual([v(5), v(5)], [V2P.RSTD, 0]);
});

test('requests and acknowledgements of VFs: MBVFICR by VF, ICR.VMMB, write one to clear', () => {
  const { port, vf: v, pfInterrupted } = setUp();
  v(6, V2P.REQ);
  v(1, V2P.ACK);
  assert.equal(port.read(MBVFICR.at), (1 << 6) | (1 << 17));
  assert.equal(pfInterrupted(), true);
  port.write(MBVFICR.at, 1 << 6);
  assert.equal(port.read(MBVFICR.at), 1 << 17);
  v(1, V2P.VFU);
  assert.equal(pfInterrupted(), false, 'asking for the buffer is no event');
});

test('MBVFIMR keeps a VF’s messages from interrupting until it is set again', () => {
  const { port, vf: v, pfInterrupted } = setUp();
  assert.equal(port.read(MBVFIMR.at), 0xff, 'all on after a reset');
  port.write(MBVFIMR.at, 0xfd);
  v(1, V2P.REQ);
  assert.equal(pfInterrupted(), false);
  assert.equal(port.read(MBVFICR.at), 2, 'the event itself is there');
  port.write(MBVFIMR.at, 0xff);
  assert.equal(pfInterrupted(), true);
});

test('RVFU takes the buffer from a VF that died with it, and its requests', () => {
  const { port, pf: p, vf: v } = setUp();
  v(4, V2P.VFU | V2P.REQ | V2P.ACK);
  v(5, V2P.REQ);
  assert.equal(p(4, P2V.RVFU | P2V.PFU), P2V.PFU);
  assert.equal(port.read(MBVFICR.at), 1 << 5);
});

test('the VF’s interrupt comes on the vector it chose, after all that the write did', () => {
  const { port, context, pf: p } = setUp();
  for (const vf of [0, 3, 7]) {
    for (const vector of [0, 1, 2]) {
      port.vfWindows[vf]!.write(0x1740, 0x80 | vector);
      port.vfWindows[vf]!.read(0x1580);
      context.interruptPorts.forEach((fn) => fn.take());
      let seen = -1;
      context.interruptPorts[1 + vf]!.sendMsix = (number) => {
        context.interruptPorts[1 + vf]!.log.push(number);
        seen = port.peek(V2PMAILBOX.at + 4 * vf);
      };
      p(vf, P2V.PFU);
      p(vf, P2V.STS);
      const sent = context.interruptPorts.map((fn) => fn.take().join());
      assert.deepEqual(sent, Object.assign(Array(9).fill(''), { [1 + vf]: String(vector) }));
      assert.equal(seen, V2P.PFSTS, 'message there, buffer released');
      port.vfWindows[vf]!.read(0xc40);
    }
  }
});

test('a mailbox without a valid vector, or with number 3, interrupts nobody: 3 would be another VF’s', () => {
  const { port, context, pf: p } = setUp();
  for (const misc of [0x02, 0x83]) {
    port.vfWindows[4]!.write(0x1740, misc);
    p(4, P2V.STS);
    assert.deepEqual(
      context.interruptPorts.flatMap((fn) => fn.take()),
      [],
      misc.toString(16),
    );
    assert.equal(port.read(pf.EICR.at), 0);
  }
});

test('the memory is seen by both and keeps the last message until it is overwritten (07 §7.7)', () => {
  const { port, pf: p } = setUp();
  for (let word = 0; word < 16; word += 1) port.vfWindows[2]!.write(0x800 + 4 * word, 0x100 + word);
  assert.equal(port.read(VMBMEM.at + 4 * (2 * 16 + 15)), 0x10f);
  port.write(VMBMEM.at + 4 * 32, 0x2000_0100);
  p(2, P2V.STS);
  port.vfWindows[2]!.write(0, pf.PVTCTRL.RST.mask);
  assert.equal(port.vfWindows[2]!.read(0x800), 0x2000_0100);
  assert.equal(port.vfWindows[1]!.read(0x83c), 0);
});

test('PFRSTD acts on all eight whether or not they exist; enabling VFs says nothing of a reset (07 §7.3)', () => {
  const { port } = makeTestPort();
  const mailboxes = () => Array.from({ length: 8 }, (_, vf) => port.peek(V2PMAILBOX.at + 4 * vf));
  assert.deepEqual(mailboxes(), Array(8).fill(V2P.RSTI));
  port.write(pf.CTRL_EXT.at, pf.CTRL_EXT.PFRSTD.mask);
  assert.deepEqual(mailboxes(), Array(8).fill(V2P.RSTD));
  for (let vf = 0; vf < 8; vf += 1) port.setVfLive(vf, true);
  assert.deepEqual(mailboxes(), Array(8).fill(V2P.RSTD));
  assert.equal(port.read(VFLRE.at), 0);
  assert.equal(port.peek(ICR.at) & ICR.VMMB.mask, 0);
});

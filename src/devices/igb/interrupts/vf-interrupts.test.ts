import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IgbPort } from '../port.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';
import type { TestContext } from '../testing.ts';
import { firstVector } from './vf-interrupts.ts';

const VTEICS = 0x1520;
const VTEIMS = 0x1524;
const VTEIMC = 0x1528;
const VTEIAC = 0x152c;
const VTEIAM = 0x1530;
const VTEICR = 0x1580;
const VTEITR = 0x1680;
const VTIVAR0 = 0x1700;
const VTIVAR_MISC = 0x1740;
const PBACL = 0xf04;

interface Rig {
  readonly port: IgbPort;
  readonly context: TestContext;
  readonly read: (vf: number, at: number) => number;
  readonly write: (vf: number, at: number, value: number) => void;
  /** `function.vector` of what was sent since the last call; function 0 is the PF. */
  readonly sent: () => string[];
}

function setUp(): Rig {
  const { port, context } = makeTestPort();
  port.write(pf.GPIE.at, 0xc000_0011);
  for (let vf = 0; vf < 8; vf += 1) port.setVfLive(vf, true);
  return {
    port,
    context,
    read: (vf, at) => port.vfWindows[vf]!.read(at),
    write: (vf, at, value) => port.vfWindows[vf]!.write(at, value),
    // Write-backs are told of at the end of the turn.
    sent: () => {
      context.tasks.runAll();
      return context.interruptPorts.flatMap((fn, n) => fn.take().map((vector) => `${n}.${vector}`));
    },
  };
}

test('bits 22 - 3v + k of EICR are VF v’s vector k, in its own table (06 §6.9)', () => {
  const { port, sent } = setUp();
  port.write(pf.EIMS.at, 0x01ff_ffff);
  for (let bit = 24; bit >= 1; bit -= 1) {
    port.write(pf.EICS.at, 1 << bit);
    const vf = Math.floor((24 - bit) / 3);
    assert.deepEqual(sent(), [`${1 + vf}.${bit - firstVector(vf)}`]);
  }
  port.write(pf.EICS.at, 1);
  assert.deepEqual(sent(), ['0.0'], 'with 8 VFs the PF has vector 0');
});

test('a vector goes back to the PF when its VF is gone', () => {
  const { port, sent } = setUp();
  port.setVfLive(7, false);
  port.write(pf.EIMS.at, 0xe);
  port.write(pf.EICS.at, 0xe);
  assert.deepEqual(sent().sort(), ['0.1', '0.2', '0.3']);
});

test('VTEIMS, VTEIMC, VTEIAC, VTEIAM and VTEICR are live views of three bits', () => {
  const { port, read, write } = setUp();
  port.write(pf.EIAC.at, 0x01ff_ffff);
  port.write(pf.EIAM.at, 0);
  port.write(pf.EIMS.at, 1 << 11);
  write(3, VTEIMS, 0xffff_fffd);
  assert.equal(port.read(pf.EIMS.at), (5 << 13) | (1 << 11));
  assert.deepEqual([read(3, VTEIMS), read(3, VTEIMC), read(4, VTEIMS)], [5, 5, 2]);
  write(3, VTEIMC, 0xffff_ffff);
  assert.equal(port.read(pf.EIMS.at), 1 << 11);
  write(3, VTEIAC, 0xffff_fffa);
  assert.equal(port.read(pf.EIAC.at), 0x01ff_ffff & ~(5 << 13), 'bits can be cleared too');
  write(3, VTEIAM, 6);
  assert.equal(port.read(pf.EIAM.at), 6 << 13);
  port.write(pf.EIMC.at, 0xffff_ffff);
  port.write(pf.EICS.at, 0x01ff_ffff);
  assert.deepEqual([read(3, VTEICS), read(3, VTEICR), read(3, VTEICR)], [7, 7, 0]);
  assert.equal(port.read(pf.EICS.at), 0x01ff_ffff & ~(7 << 13), 'other causes stay');
  write(2, VTEICR, 1);
  assert.equal(read(2, VTEICS), 6);
  assert.equal(port.read(pf.PVTEICR.at + 0x200), 6, 'the PF’s PVTEICR is the same view');
});

test('VTIVAR0 replaces bytes; a vector changed without a reset is one vector (11 §11.2)', () => {
  const { port, context, read, write, sent } = setUp();
  const { interrupts } = port.blocks;
  write(2, VTEIMS, 7);
  write(2, VTEIAC, 7);
  write(2, VTIVAR0, 0x8281);
  write(2, VTIVAR0, 0x8082);
  assert.equal(read(2, VTIVAR0), 0x8082);
  assert.equal(port.read(pf.IVAR.at + 8), ((0x80 | 16) << 8) | 0x80 | 18);
  interrupts.receiveDone(2);
  interrupts.transmitDone(2);
  assert.deepEqual(sent(), ['3.0', '3.2']);
  write(2, VTIVAR0, 0x8182_0000);
  interrupts.receiveDone(2);
  interrupts.receiveDone(10);
  interrupts.transmitDone(10);
  assert.deepEqual(sent(), ['3.1', '3.2']);
  assert.equal(context.registers.values[pf.IVAR.index + 1], 0);
});

test('vector 3 does not exist: it would be the first of the VF before', () => {
  const { port, read, write } = setUp();
  write(5, VTIVAR0, 0xffff_ffff);
  assert.equal(read(5, VTIVAR0), 0x8383_8383);
  assert.equal(port.read(pf.IVAR.at + 20), 0);
  write(5, VTIVAR_MISC, 0xffff_ffff);
  assert.equal(read(5, VTIVAR_MISC), 0x83);
});

test('VTEITR throttles vectors of its own VF', () => {
  const { port, context, write, sent } = setUp();
  write(1, VTEITR + 8, 100 << 2);
  assert.equal(port.read(pf.EITR.at + 4 * 21), 400);
  write(1, VTEIMS, 7);
  write(1, VTEIAC, 7);
  write(1, VTEICS, 4);
  write(1, VTEICS, 6);
  assert.deepEqual(sent(), ['2.2', '2.1']);
  context.clock.advance(100_000);
  assert.deepEqual(sent(), ['2.2']);
});

test('EIAM with EIAME masks the vector that was sent; EIMS fires what came meanwhile (igbvf’s NAPI)', () => {
  const { port, write, read, sent } = setUp();
  const { interrupts } = port.blocks;
  write(0, VTIVAR0, 0x8081);
  for (const at of [VTEIAC, VTEIAM, VTEIMS]) write(0, at, 7);
  interrupts.receiveDone(0);
  assert.deepEqual(sent(), ['1.1']);
  assert.equal(read(0, VTEIMS), 5);
  interrupts.receiveDone(0);
  assert.deepEqual(sent(), []);
  write(0, VTEIMS, 2);
  assert.deepEqual(sent(), ['1.1']);
});

test('a VF whose MSI-X is off gets nothing, and keeps its cause', () => {
  const { context, read, write, sent } = setUp();
  context.interruptPorts[6]!.msixEnabled = false;
  write(5, VTEIMS, 7);
  write(5, VTEICS, 1);
  assert.deepEqual(sent(), []);
  assert.equal(read(5, VTEICS), 1);
});

test('PBACL clears pending bits of the VF, PBACLR those of the PF', () => {
  const { port, context, write } = setUp();
  write(3, PBACL, 0xffff_fffd);
  port.write(pf.PBACLR.at, 2);
  assert.deepEqual(
    context.interruptPorts.map((fn) => fn.cleared.join()),
    ['1', '', '', '', '0,2', '', '', '', ''],
  );
});

test('while bits of EICR are not vectors, VFs raise none of them, but may unmask (a VF that starts before its PF)', () => {
  const { port, read, write, sent } = setUp();
  port.write(pf.GPIE.at, 0);
  write(6, VTEICS, 7);
  assert.equal(port.read(pf.EICR.at), 0);
  write(6, VTEIMS, 7);
  port.write(pf.GPIE.at, 0xc000_0011);
  assert.equal(read(6, VTEIMS), 7);
  write(6, VTEICS, 1);
  assert.deepEqual(sent(), ['7.0']);
});

test('CTRL.RST takes assignments and masks of the VFs too, but not their throttles', () => {
  const { port, read, write } = setUp();
  write(4, VTIVAR0, 0x8081);
  write(4, VTIVAR_MISC, 0x82);
  write(4, VTEIMS, 7);
  write(4, VTEITR, 400);
  port.write(pf.CTRL.at, pf.CTRL.RST.mask);
  assert.deepEqual(
    [VTIVAR0, VTIVAR_MISC, VTEIMS, VTEITR].map((at) => read(4, at)),
    [0, 0, 0, 400],
  );
});

/** Two ports of one chip behind a VMD, as functions 0 and 1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingTrace } from '../../pci/testing.ts';
import { VmdHierarchy } from '../vmd/index.ts';
import { IgbChip } from './chip.ts';
import { IgbPhysicalFunction } from './functions/physical-function.ts';
import { IgbPort } from './port.ts';
import { pf as registers } from './tables/index.ts';
import { FakeClock, FakeTasks, RecordingWire } from './testing.ts';
import { eerdRead, TEST_MAC } from './testing-port.ts';
import { IgbVirtualFunctions } from './functions/virtual-functions.ts';

const { EECD, FACTPS, SW_FW_SYNC, SWSM } = registers;
const SRIOV = 0x160;

function makePorts() {
  const trace = new RecordingTrace();
  const hierarchy = new VmdHierarchy(trace);
  const chip = new IgbChip();
  const clock = new FakeClock();
  const tasks = new FakeTasks();
  const make = (functionNumber: 0 | 1) => {
    const mac = Uint8Array.from(TEST_MAC);
    mac[5]! ^= functionNumber;
    const options = {
      trace,
      domain: hierarchy.domain,
      attachment: 'hierarchy',
      mac: TEST_MAC,
      functionNumber,
    } as const;
    const pf = new IgbPhysicalFunction({ ...options, functions: 2 });
    hierarchy.slot.add(pf, functionNumber);
    const vfs = new IgbVirtualFunctions({ trace, pf });
    const { memory, interruptPorts } = vfs;
    const wire = new RecordingWire();
    const outside = { clock, tasks, trace, wire, memory, interruptPorts };
    const port = new IgbPort({ ...outside, mac, portNumber: functionNumber, chip, pme: pf });
    pf.connect(port);
    vfs.connect(port);
    return { pf, port, wire };
  };
  const zero = make(0);
  const one = make(1);
  zero.pf.sriov.next = one.pf.sriov;
  clock.advance(1e9);
  hierarchy.rootPort.configWrite(0x18, 4, 0x00_03_01_00);
  return { hierarchy, ports: [zero, one] as const, clock };
}

test('config space: two functions of one device, each of which knows its place', () => {
  const { hierarchy, ports } = makePorts();
  const { domain } = hierarchy;
  for (const [index, { pf }] of ports.entries()) {
    assert.equal(domain.functionAt(1, index), pf);
    assert.equal(pf.configRead(0x0e, 1), 0x80);
    assert.equal(pf.configRead(SRIOV + 0x12, 1), index, 'function dependency link');
    assert.equal(pf.routingId, 0x100 + index);
  }
  assert.equal(ports[0].pf.configRead(0x154, 2), 0x0100, 'ARI: function 1 is next');
  assert.equal(ports[1].pf.configRead(0x154, 2), 0);
  assert.deepEqual(
    [0x140, 0x144, 0x148].map((at) => ports[0].pf.configRead(at, 4)),
    [0x140, 0x144, 0x148].map((at) => ports[1].pf.configRead(at, 4)),
    'one serial number',
  );
});

test('VFs of both interleave; function 1 goes by the ARI bit of function 0', () => {
  const { hierarchy, ports } = makePorts();
  const { domain, rootPort } = hierarchy;
  const enable = (index: 0 | 1, control: number): void => {
    ports[index].pf.configWrite(SRIOV + 8, 2, control & 0x10);
    ports[index].pf.configWrite(SRIOV + 0x10, 2, 2);
    ports[index].pf.configWrite(SRIOV + 8, 2, control);
  };
  ports[1].pf.configWrite(SRIOV + 8, 2, 0x10);
  assert.equal(ports[1].pf.configRead(SRIOV + 8, 2), 0, 'no ARI bit of its own');
  rootPort.configWrite(0xb8, 2, 0x20);
  enable(0, 0x19);
  enable(1, 0x09);
  assert.equal(ports[1].pf.configRead(SRIOV + 0x14, 2), 0x80);
  const there = [0x80, 0x81, 0x82, 0x83, 0x84, 0x85].map((devfn) => domain.functionAt(1, devfn) !== undefined);
  assert.deepEqual(there, [true, true, true, true, false, false]);
  ports[0].pf.reset('flr');
  assert.equal(ports[1].pf.configRead(SRIOV + 0x14, 2), 0x180);
});

test('STATUS, address, LEDs and APM wake-up are those of the port, from one NVM', () => {
  const { ports } = makePorts();
  for (const [index, { port }] of ports.entries()) {
    assert.equal((port.read(registers.STATUS.at) & registers.STATUS.FUNC.mask) >>> 2, index);
    assert.equal((port.read(registers.RAH.at) >>> 8) & 0xff, TEST_MAC[5]! ^ index);
    assert.equal(eerdRead(port, 2) >>> 8, TEST_MAC[5], 'the NVM has the address of port 0');
  }
  const [zero, one] = ports;
  one.port.write(registers.EEWR.at, 0x4711_0000 | (0x50 << 2) | 1);
  assert.equal(eerdRead(zero.port, 0x50), 0x4711);
});

test('SWSM and SW_FW_SYNC are one for both; the reset of a port frees nothing of the other', () => {
  const { ports } = makePorts();
  const [zero, one] = ports;
  assert.equal(zero.port.read(SWSM.at) & SWSM.SMBI.mask, 0);
  assert.equal(one.port.read(SWSM.at) & SWSM.SMBI.mask, SWSM.SMBI.mask, 'taken');
  assert.equal(one.port.peek(SWSM.at) & SWSM.SMBI.mask, SWSM.SMBI.mask);
  one.port.reset('software');
  assert.equal(one.port.read(SWSM.at) & SWSM.SMBI.mask, SWSM.SMBI.mask);
  zero.port.write(SWSM.at, SWSM.SWESMBI.mask | SWSM.SMBI.mask);
  zero.port.write(SW_FW_SYNC.at, SW_FW_SYNC.SW_EEP.mask);
  zero.port.write(SWSM.at, 0);
  assert.equal(one.port.read(SW_FW_SYNC.at), SW_FW_SYNC.SW_EEP.mask);
  assert.equal(one.port.read(SWSM.at) & SWSM.SMBI.mask, 0, 'free again');
});

test('the NVM’s bus is granted to one port at a time', () => {
  const { ports } = makePorts();
  const [zero, one] = ports;
  const granted = (port: IgbPort): boolean => (port.read(EECD.at) & EECD.GNT.mask) !== 0;
  zero.port.write(EECD.at, EECD.REQ.mask | EECD.CS.mask);
  one.port.write(EECD.at, EECD.REQ.mask | EECD.CS.mask);
  assert.deepEqual([granted(zero.port), granted(one.port)], [true, false]);
  zero.port.write(EECD.at, EECD.CS.mask);
  assert.deepEqual([granted(zero.port), granted(one.port)], [false, true]);
  one.port.reset('software');
  zero.port.write(EECD.at, EECD.REQ.mask | EECD.CS.mask);
  assert.ok(granted(zero.port), 'a reset gives it back');
});

test('FACTPS shows both functions and their power states', () => {
  const { ports } = makePorts();
  const both = FACTPS.LAN0_VALID.mask | FACTPS.LAN1_VALID.mask;
  assert.equal(ports[1].port.read(FACTPS.at), both | 2 | (2 << 6));
  ports[0].pf.configWrite(0x44, 2, 3);
  assert.equal(ports[1].port.read(FACTPS.at), both | 3 | (2 << 6));
});

test('each port has its wire: a reset, a link, a frame of one is no business of the other', () => {
  const { ports } = makePorts();
  const [zero, one] = ports;
  for (const { port } of ports) port.write(registers.CTRL.at, registers.CTRL.SLU.mask);
  zero.wire.setCarrier(false);
  assert.equal(zero.port.read(registers.STATUS.at) & registers.STATUS.LU.mask, 0);
  assert.notEqual(one.port.read(registers.STATUS.at) & registers.STATUS.LU.mask, 0);
  one.port.write(registers.RLPML.at, 0x1234);
  zero.pf.reset('flr');
  assert.equal(one.port.read(registers.RLPML.at), 0x1234);
});

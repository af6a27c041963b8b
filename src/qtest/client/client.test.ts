/** The driver library over QTest, in this process: what a user's script does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../../devices/igb/tables/index.ts';
import {
  AddressSupply,
  enableVirtualFunctions,
  findDevices,
  initialisePort,
  Msix,
  openBridge,
  PciDevice,
  PfMailboxes,
  placeBars,
  ReceiveRing,
  startPort,
  TransmitRing,
  VfMailbox,
  write,
} from '../../driver/index.ts';
import { makeBench } from '../testing.ts';
import { QTestMemory, QTestPciConfig, QTestRegisters } from './bus.ts';
import { MachineTransport } from './machine-transport.ts';
import { QTestRefusal } from './transport.ts';

const BARS = 0xe000_0000;

function setUp(options: Parameters<typeof makeBench>[0] = {}) {
  const bench = makeBench(options);
  const transport = new MachineTransport(bench.machine);
  const memory = new QTestMemory(transport);
  const config = new QTestPciConfig(transport);
  return { ...bench, transport, memory, config };
}

test('enumeration finds bridges and the card, on both chipsets', () => {
  const ids = (type: 'pc' | 'q35'): string[] =>
    findDevices(setUp({ type, slot: 4 }).config).map(
      (device) => `${device.routingId.toString(16)} ${device.deviceId.toString(16)}`,
    );
  assert.deepEqual(ids('pc'), ['0 1237', '8 7000', '20 10c9']);
  assert.deepEqual(ids('q35'), ['0 29c0', '20 10c9', 'f8 2918']);
});

test('a frame each way by rings; MSI-X delivers, or is pending while it is masked', () => {
  const { machine, wire, memory, config } = setUp({ slot: 4 });
  const card = new PciDevice(config, 4 << 3);
  placeBars(card, new AddressSupply(BARS));
  const bus = new QTestRegisters(memory, card.barAddress(0));
  const msix = new Msix(card, memory);
  assert.equal(msix.vectors, 10);
  msix.setEnabled(true);
  msix.setMessage(0, 0xfee0_0000, 0x41);
  const messages: number[] = [];
  machine.onMessage = (_address, data) => messages.push(data);
  initialisePort(bus);
  bus.wait(3e9);
  startPort(bus);
  write(bus, pf.RCTL, pf.RCTL.EN.mask | pf.RCTL.UPE.mask | pf.RCTL.SECRC.mask);
  write(bus, pf.GPIE, pf.GPIE.MULTIPLE_MSIX.mask);
  write(bus, pf.IVAR, 0x8180);
  write(bus, pf.EIMS, 3);
  const place = { bus, memory, registers: pf, queue: 0, bufferBytes: 2048 };
  const transmit = new TransmitRing(place);
  const receive = new ReceiveRing(place);
  const frame = Uint8Array.from({ length: 100 }, (_, n) => (n < 6 ? 2 : n));
  transmit.send(frame);
  assert.deepEqual(wire.sent, [frame]);
  assert.ok(msix.isPending(1), 'vector 1 is masked since reset');
  wire.port!.receive(frame, 0, frame.length, undefined);
  assert.deepEqual(
    receive.take().map(({ bytes }) => bytes),
    [frame],
  );
  bus.wait(1e6);
  assert.deepEqual(messages, [0x41]);
});

test('VFs behind a root port: extended config space by memory, mailbox between VF and PF', () => {
  const { machine, memory, config, wire } = setUp({ igb: false });
  machine.addRootPort({ id: 'rp', slot: 1 });
  machine.addIgb({ bus: 'rp' }, wire, new Uint8Array([2, 0, 0, 0, 0, 1]));
  config.openWindow();
  const supply = new AddressSupply(BARS);
  const port = new PciDevice(config, 1 << 3);
  assert.equal(port.isBridge, true);
  let vfBars = 0;
  const card = new PciDevice(config, 1 << 8);
  openBridge(port, 1, supply, () => {
    placeBars(card, supply);
    vfBars = supply.take(8 * 16384);
  });
  // ARI forwarding in the port's Device Control 2: VFs are devices other than 0.
  const express = port.findCapability(0x10);
  port.configWrite(express + 0x28, 2, 0x20);
  card.configWrite(0x168, 2, 0x10);
  card.configWrite(0x184, 4, vfBars);
  enableVirtualFunctions(card, 2);
  const first = card.configRead(0x174, 2);
  const vf = new PciDevice(config, card.routingId + first);
  assert.equal(vf.configRead(0x100, 2), 0x0001, 'AER: the VF is there, although its ids read ffff');
  const vfMailbox = new VfMailbox(new QTestRegisters(memory, vfBars));
  assert.ok(vfMailbox.write([0x1234]));
  const pfMailboxes = new PfMailboxes(new QTestRegisters(memory, card.barAddress(0)));
  assert.ok(pfMailboxes.takeRequest(0));
  const message = new Uint32Array(16);
  assert.ok(pfMailboxes.read(0, message));
  assert.equal(message[0], 0x1234);
  assert.ok(vfMailbox.takeAcknowledgement());
});

test('what a machine refuses is an error of the script', () => {
  const { memory } = setUp();
  assert.throws(() => memory.readBytes(0, 2 ** 40), QTestRefusal);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CapabilityList } from './capability-list.ts';
import { MsiCapability } from './capabilities/msi.ts';
import { MsixCapability } from './capabilities/msix.ts';
import { ConfigSpace } from './config-space.ts';
import { declareType0 } from './header.ts';
import { IrqIndex } from './interrupts.ts';
import { SignalInterrupts } from './signal-interrupts.ts';
import { RecordingHost } from './testing.ts';

function setUp(): { config: ConfigSpace; host: RecordingHost; interrupts: SignalInterrupts } {
  const config = new ConfigSpace();
  const host = new RecordingHost();
  declareType0(config, { vendorId: 1, deviceId: 1, revision: 0, classCode: 0, interruptPin: 1 });
  const list = new CapabilityList(config);
  const msi = new MsiCapability(list, 0x50);
  const msix = new MsixCapability(list, 0x70, { vectors: 10, bar: 3, tableOffset: 0, pendingOffset: 0x2000 });
  return { config, host, interrupts: new SignalInterrupts(config, host, msi, msix) };
}

test('INTx: one signal at the rise, another only when the client has unmasked and the level still stands', () => {
  const { config, host, interrupts } = setUp();
  interrupts.setIntx(true);
  interrupts.setIntx(true);
  assert.deepEqual(host.signals, ['0.0']);
  assert.equal(config.read(6, 2) & 8, 8, 'Status shows the level');
  // The cause is gone and back before QEMU unmasks: it has not been heard yet.
  interrupts.setIntx(false);
  interrupts.setIntx(true);
  assert.deepEqual(host.signals, ['0.0']);
  interrupts.irqsChanged(IrqIndex.intx);
  assert.deepEqual(host.signals, ['0.0', '0.0']);
  interrupts.setIntx(false);
  assert.equal(config.read(6, 2) & 8, 0);
  interrupts.irqsChanged(IrqIndex.intx);
  assert.deepEqual(host.signals, ['0.0', '0.0']);
});

test('INTx: a level that nobody could hear is signalled when an eventfd comes', () => {
  const { host, interrupts } = setUp();
  host.connected = false;
  interrupts.setIntx(true);
  host.connected = true;
  interrupts.irqsChanged(IrqIndex.intx);
  assert.deepEqual(host.signals, ['0.0']);
});

test('INTx: Interrupt Disable holds it back, and so does MSI', () => {
  const { config, host, interrupts } = setUp();
  config.write(4, 2, 0x400);
  interrupts.setIntx(true);
  assert.deepEqual(host.signals, []);
  assert.equal(config.read(6, 2) & 8, 8, 'Status shows it all the same (7.5.1.1.4)');
  config.write(0x52, 2, 1);
  config.write(4, 2, 0);
  interrupts.configChanged();
  assert.deepEqual(host.signals, []);
  config.write(0x52, 2, 0);
  interrupts.configChanged();
  assert.deepEqual(host.signals, ['0.0']);
});

test('INTx: a reset lowers the level but leaves the client’s mask, as after an FLR', () => {
  const { config, host, interrupts } = setUp();
  interrupts.setIntx(true);
  config.reset(true);
  interrupts.reset();
  interrupts.setIntx(true);
  assert.deepEqual(host.signals, ['0.0'], 'QEMU still holds the first');
  interrupts.irqsChanged(IrqIndex.intx);
  assert.deepEqual(host.signals, ['0.0', '0.0']);
});

test('MSI-X: signals while enabled; a vector without an eventfd waits for one', () => {
  const { config, host, interrupts } = setUp();
  interrupts.sendMsix(2);
  config.write(0x72, 2, 0x8000);
  interrupts.configChanged();
  assert.equal(interrupts.msixEnabled, true);
  interrupts.sendMsix(2);
  interrupts.sendMsix(10);
  host.connected = false;
  interrupts.sendMsix(3);
  interrupts.sendMsix(4);
  interrupts.clearPending(4);
  host.connected = true;
  interrupts.irqsChanged(IrqIndex.msix);
  interrupts.irqsChanged(IrqIndex.msix);
  assert.deepEqual(host.signals, ['2.2', '2.3']);
  // What waited is forgotten when the guest turns MSI-X off.
  host.connected = false;
  interrupts.sendMsix(5);
  for (const control of [0, 0x8000]) {
    config.write(0x72, 2, control);
    interrupts.configChanged();
  }
  host.connected = true;
  interrupts.irqsChanged(IrqIndex.msix);
  assert.deepEqual(host.signals, ['2.2', '2.3']);
});

test('MSI: signals, and is pending while masked', () => {
  const { config, host, interrupts } = setUp();
  interrupts.sendMsi();
  config.write(0x52, 2, 1);
  config.write(0x60, 4, 1);
  interrupts.configChanged();
  interrupts.sendMsi();
  assert.deepEqual(host.signals, []);
  assert.equal(config.read(0x64, 4), 1);
  config.write(0x60, 4, 0);
  interrupts.configChanged();
  assert.deepEqual(host.signals, ['1.0']);
  assert.equal(config.read(0x64, 4), 0);
});

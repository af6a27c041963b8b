/** The machine's answers against those of a QEMU with its own igb: the same commands to both, spelled and valued alike. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache } from '../../src/lab/cache.ts';
import { findQemu, type Qemu } from '../../src/lab/qemu.ts';
import { pf } from '../../src/devices/igb/tables/index.ts';
import {
  AddressSupply,
  findDevices,
  initialisePort,
  Msix,
  placeBars,
  ReceiveRing,
  startPort,
  TransmitRing,
  write,
} from '../../src/driver/index.ts';
import {
  ProcessTransport,
  QTestMemory,
  QTestPciConfig,
  QTestRegisters,
  type QTestTransport,
} from '../../src/qtest/client/index.ts';
import { randomFrom } from '../../src/packet/testing-random.ts';

const binary = fileURLToPath(new URL('../../../bin/outboard-system-x86_64', import.meta.url));
const SLOT = 0x80002000;
let qemu: Qemu;

before(async () => {
  const cache = new Cache();
  const report = (): void => undefined;
  qemu = await findQemu(undefined, cache, new PrivateApt(cache, report), report);
});

/** Fixed words of the protocol, and the corners of ports, memory and time. What makes QEMU abort is not here. */
const fixed = [
  ...['endianness', 'rtas 1', 'ENDIANNESS', 'clock_step 0', 'clock_step 100', 'clock_set 50', 'clock_set 5000'],
  ...['readl 0x90000000', 'readq 0xf0000000', 'readb 0xf0000001', 'readl 0xffffffffffffffff', 'readl 0x3fffffe'],
  ...['inb 0x9999', 'inw 0x9999', 'inw 0x999a', 'inl 0x9998', 'inl 0x999a', 'outl 0xcf8 0x80002004', 'inb 0xcf8'],
  ...[
    'inw 0xcfa',
    'inb 0xcfb',
    'outb 0xcf8 7',
    'inl 0xcf8',
    'outl 0xcf8 0x80000000',
    'inl 0xcfc',
    'inw 0xcfe',
    'inb 0xcff',
  ],
  ...['inw 0xcfd', 'inl 0xcfe', 'outl 0xcf8 0x80002002', 'inw 0xcfc', 'inl 0xcfc', 'outl 0xcf8 0x2000', 'inl 0xcfc'],
  ...[
    'outl 0xcf8 0x80007800',
    'inl 0xcfc',
    'inb 0x511',
    'outw 0x510 3',
    ...Array.from({ length: 9 }, () => 'inb 0x511'),
  ],
  ...['inw 0x511', 'inl 0x510', 'inw 0x510', 'inb 0x510', 'outw 0x510 0', 'inb 0x511', 'outw 0x510 5', 'inb 0x511'],
  ...['b64read 0x1000 5', 'b64write 0x1000 4 AQ==', 'read 0x1000 1', 'b64write 0x1000 8 AQIDBAUGBwg=', 'read 0x1000 8'],
  ...['write 0x1000 4 0x1', 'read 0x1000 4', 'write 0x1000 2 0xzzgg', 'read 0x1000 2', 'write 0x1000 1 0x'],
  ...[
    'memset 0x1000 0 1',
    'memset 0x1000 4 0x1ff',
    'read 0x1000 4',
    'writeq 0x1000 -2',
    'readq 0x1000',
    'module_load a b',
  ],
  ...['irq_intercept_out ioapic x', 'irq_intercept_in nobody', 'irq_intercept_in ioapic x', 'irq_intercept_in ioapic'],
  ...[
    'set_irq_in ioapic unnamed-gpio-in 5 1',
    'set_irq_in ioapic unnamed-gpio-in 5 1',
    'set_irq_in ioapic unnamed-gpio-in 5 0',
  ],
  // Identity, BARs sized and placed, a register behind BAR0.
  ...[0x00, 0x08, 0x30, 0x34].flatMap((at) => [`outl 0xcf8 ${SLOT + at}`, 'inl 0xcfc']),
  ...[0x10, 0x14].flatMap((at) => [`outl 0xcf8 ${SLOT + at}`, 'outl 0xcfc 0xffffffff', 'inl 0xcfc']),
  ...[
    `outl 0xcf8 ${SLOT + 0x10}`,
    'outl 0xcfc 0xe0000000',
    'inl 0xcfc',
    `outl 0xcf8 ${SLOT + 4}`,
    'outw 0xcfc 6',
    'inw 0xcfc',
  ],
  ...[
    'writel 0xe0000038 0x88a8',
    'readl 0xe0000038',
    'readl 0xe0020000',
    'writel 0xe0005400 0x12345678',
    'readl 0xe0005400',
  ],
];

/** Any command on main memory, at any alignment. */
function memoryCommand(random: (limit: number) => number): string {
  const address = `0x${(0x10_0000 + random(0x2000)).toString(16)}`;
  const size = 1 + random(40);
  const letter = 'bwlq'[random(4)]!;
  const value = `0x${random(2 ** 32).toString(16)}`;
  const hex = Array.from({ length: random(2 * size) + 1 }, () => random(16).toString(16)).join('');
  switch (random(7)) {
    case 0:
      return `write${letter} ${address} ${value}${
        letter === 'q'
          ? random(2 ** 31)
              .toString(16)
              .padStart(8, '0')
          : ''
      }`;
    case 1:
      return `read${letter} ${address}`;
    case 2:
      return `read ${address} ${size}`;
    case 3:
      return `write ${address} ${size} 0x${hex}`;
    case 4:
      return `b64read ${address} ${size}`;
    case 5:
      return `b64write ${address} ${size} ${Buffer.from(Array.from({ length: size }, () => random(256))).toString('base64')}`;
    default:
      return `memset ${address} ${size} ${random(256)}`;
  }
}

function compare(a: QTestTransport, b: QTestTransport, commands: readonly string[]): void {
  const expected = a.askAll(commands);
  const answers = b.askAll(commands);
  const differing = commands.flatMap((command, n) =>
    expected[n] === answers[n] ? [] : [`${command}: QEMU "${expected[n]}", ours "${answers[n]}"`],
  );
  assert.deepEqual(differing, []);
  assert.deepEqual(b.takeMessages(), a.takeMessages());
}

for (const machine of ['pc', 'q35'])
  test(`${machine}: answers are QEMU's`, () => {
    const args = ['-machine', machine, '-nodefaults', '-m', '64M', '-device', 'igb,addr=4,mac=52:54:00:12:34:56'];
    const theirs = new ProcessTransport({ command: qemu.command, args: [...qemu.args, ...args], env: qemu.env });
    after(() => theirs.close());
    const ours = new ProcessTransport({ command: binary, args });
    after(() => ours.close());
    compare(theirs, ours, fixed);
    const random = randomFrom(machine.length);
    compare(
      theirs,
      ours,
      Array.from({ length: 3000 }, () => memoryCommand(random)),
    );
    if (machine === 'pc') return;
    const window = ['outl 0xcf8 0x80000060', 'inl 0xcfc', 'outl 0xcfc 0xb0000001', 'inl 0xcfc', 'readl 0xb0020000'];
    const wide = ['readw 0xb0000000', 'readb 0xb0000003', 'readw 0xb0000001', 'readl 0xb0000002', 'readq 0xb0020000'];
    compare(theirs, ours, [...window, ...wide, 'readl 0xb0100000', 'readl 0xb0010000', 'readl 0xc0000000']);
  });

/** Brings the card up by the driver library and sends a frame to itself; what came back, and the vectors left pending. */
function loopback(transport: QTestTransport): { frames: number[][]; pending: boolean[] } {
  const memory = new QTestMemory(transport);
  const card = findDevices(new QTestPciConfig(transport)).find(({ deviceId }) => deviceId === 0x10c9)!;
  placeBars(card, new AddressSupply(0xe000_0000));
  const bus = new QTestRegisters(memory, card.barAddress(0));
  const msix = new Msix(card, memory);
  msix.setEnabled(true);
  initialisePort(bus);
  // PHY 1, register 0: auto-negotiation on, and again; QEMU's does not begin by itself.
  write(bus, pf.MDIC, 0x0420_1200);
  bus.wait(3e9);
  startPort(bus);
  write(bus, pf.RCTL, pf.RCTL.EN.mask | pf.RCTL.UPE.mask | pf.RCTL.SECRC.mask | (1 << pf.RCTL.LBM.shift));
  write(bus, pf.GPIE, pf.GPIE.MULTIPLE_MSIX.mask);
  write(bus, pf.IVAR, 0x8180);
  write(bus, pf.EIMS, 3);
  const place = { bus, memory, registers: pf, queue: 0, bufferBytes: 2048 };
  const transmit = new TransmitRing(place);
  const receive = new ReceiveRing(place);
  transmit.send(Uint8Array.from({ length: 200 }, (_, n) => (n < 6 ? 2 : n)));
  const frames = receive.take().map(({ bytes }) => [...bytes]);
  bus.wait(1e6);
  return { frames, pending: [0, 1].map((vector) => msix.isPending(vector)) };
}

test('the driver library drives both alike', () => {
  const args = ['-machine', 'q35', '-nodefaults', '-m', '64M', '-device', 'igb,addr=4'];
  const theirs = new ProcessTransport({ command: qemu.command, args: [...qemu.args, ...args], env: qemu.env });
  after(() => theirs.close());
  const ours = new ProcessTransport({ command: binary, args });
  after(() => ours.close());
  const expected = loopback(theirs);
  assert.equal(expected.frames.length, 1);
  assert.deepEqual(loopback(ours), expected);
});

/** The VMD and what is behind it, driven as Linux's vmd driver and PCI core drive it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  declareType0,
  FunctionMemory,
  MessageInterrupts,
  MsixCapability,
  MsixTable,
  CapabilityList,
  PciFunction,
  type PciDomain,
  type ResetKind,
} from '../../pci/index.ts';
import { PiecedMemory, RecordingHost, RecordingTrace } from '../../pci/testing.ts';
import { VmdHierarchy } from './hierarchy.ts';

const CFGBAR = 0xf_8000_0000;
const MEMBAR1 = 0xfa00_0000;
const MEMBAR2 = 0xf_8200_0000;

/** A child with a register BAR and MSI-X in BAR3, as the 82576 has. */
class Child extends PciFunction {
  readonly memory: FunctionMemory;
  readonly registers: Uint32Array;
  readonly resets: ResetKind[];

  constructor(trace: RecordingTrace, domain: PciDomain) {
    super({ trace });
    this.memory = new FunctionMemory(this, domain);
    this.registers = new Uint32Array(32768);
    this.resets = [];
    declareType0(this.config, { vendorId: 0x8086, deviceId: 0x10c9, revision: 1, classCode: 0x020000 });
    this.addBar(
      { index: 0, kind: 'memory32', sizeBytes: 0x20000 },
      {
        read: (offset) => this.registers[offset >> 2]!,
        write: (offset, _size, value) => {
          this.registers[offset >> 2] = value;
        },
      },
    );
    const msix = new MsixCapability(new CapabilityList(this.config), 0x70, {
      vectors: 10,
      bar: 3,
      tableOffset: 0,
      pendingOffset: 0x2000,
    });
    const table = new MsixTable(msix, this.memory, 0, 0x2000);
    this.addBar({ index: 3, kind: 'memory32', sizeBytes: 0x4000 }, table);
    this.interrupts = new MessageInterrupts(this.memory, undefined, msix, table);
  }

  protected override deviceReset(kind: ResetKind): void {
    this.resets.push(kind);
  }
}

/** A guest's view: little-endian accesses to regions and, through CFGBAR, to the domain's config space. */
class Guest {
  readonly hierarchy: VmdHierarchy;
  readonly child: Child;
  readonly host: RecordingHost;
  readonly trace: RecordingTrace;

  constructor() {
    this.trace = new RecordingTrace();
    this.hierarchy = new VmdHierarchy(this.trace);
    this.child = new Child(this.trace, this.hierarchy.domain);
    this.hierarchy.slot.add(this.child, 0);
    this.host = new RecordingHost(new PiecedMemory(0x10000, 0x10_0000));
    this.hierarchy.port.attached(this.host);
  }

  read(region: number, offset: number, size: number): number {
    const bytes = new Uint8Array(8);
    this.hierarchy.port.regionRead(region, offset, bytes, 1, size);
    return new DataView(bytes.buffer).getUint32(1, true);
  }

  write(region: number, offset: number, size: number, value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(1, value, true);
    this.hierarchy.port.regionWrite(region, offset, bytes, 1, size);
  }

  /** Config space of the domain inside: bus, device and function, register. */
  config(bus: number, devfn: number, at: number, size = 4): number {
    return this.read(0, (bus << 20) | (devfn << 12) | at, size);
  }

  setConfig(bus: number, devfn: number, at: number, size: number, value: number): void {
    this.write(0, (bus << 20) | (devfn << 12) | at, size, value);
  }

  /** Firmware and vmd_probe: the VMD's own BARs, command register and VMCONFIG. */
  enableVmd(): void {
    for (const [at, value] of [
      [0x10, CFGBAR % 2 ** 32],
      [0x14, 0xf],
      [0x18, MEMBAR1],
      [0x20, MEMBAR2 % 2 ** 32],
      [0x24, 0xf],
      [0x44, 0x2],
    ] as const) {
      this.write(7, at, 4, value);
    }
    this.write(7, 0x04, 2, 0x6);
  }

  /** Bus numbers, windows and BARs as the PCI core assigns them. */
  assign(): void {
    this.setConfig(0, 0, 0x18, 4, 0x00_03_01_00);
    this.setConfig(0, 0, 0x20, 4, ((MEMBAR1 + 0xf_ffff) & 0xfff0_0000) | (MEMBAR1 >>> 16));
    this.setConfig(0, 0, 0x04, 2, 0x6);
    this.setConfig(1, 0, 0x10, 4, MEMBAR1);
    this.setConfig(1, 0, 0x1c, 4, MEMBAR1 + 0x4_0000);
    this.setConfig(1, 0, 0x04, 2, 0x6);
  }
}

test('the endpoint is the 28c0 that QEMU and the vmd driver take', () => {
  const guest = new Guest();
  assert.equal(guest.read(7, 0, 4), 0x28c0_8086);
  assert.equal(guest.read(7, 0x08, 4) >>> 8, 0x010400);
  assert.equal(guest.read(7, 0x3d, 1) & 0xff, 0, 'no INTx');
  assert.deepEqual(guest.hierarchy.port.regionSizes, [0x40_0000, 0, 0x200_0000, 0, 0x200_0000, 0, 0, 4096, 0]);
  assert.deepEqual(guest.hierarchy.port.irqCounts, [0, 0, 0, 0, 0]);
  for (const at of [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24]) guest.write(7, at, 4, 0xffff_ffff);
  assert.deepEqual(
    [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24].map((at) => guest.read(7, at, 4)),
    [0xffc0_000c, 0xffff_ffff, 0xfe00_0000, 0, 0xfe00_000c, 0xffff_ffff],
  );
  // VMCAP, VMCONFIG, VMLOCK.
  guest.write(7, 0x40, 4, 0xffff_ffff);
  guest.write(7, 0x44, 4, 0x2);
  guest.write(7, 0x70, 4, 0xffff_ffff);
  assert.deepEqual([guest.read(7, 0x40, 4), guest.read(7, 0x44, 4), guest.read(7, 0x70, 4)], [0, 2, 0]);
  assert.equal(guest.read(7, 0x34, 1) & 0xff, 0x90, 'one capability');
  assert.equal(guest.read(7, 0x90, 4), 0x0092_0010, 'PCI Express 2, root-complex integrated endpoint');
});

test('Linux’s enumeration: scan, bus numbers, windows, BARs, an access, an MSI-X message', () => {
  const guest = new Guest();
  guest.enableVmd();

  // Scan of bus 0: the root port and nothing else.
  const found = Array.from({ length: 32 }, (_, device) => guest.config(0, device << 3, 0));
  assert.deepEqual(found, [0x2030_8086, ...Array.from({ length: 31 }, () => 0xffff_ffff)]);
  assert.equal(guest.config(0, 0, 0x0e, 1) & 0xff, 1, 'a bridge');
  assert.equal(guest.config(0, 0, 0x90, 4), 0x0042_0010, 'PCI Express 2, root port, last in the list');
  assert.equal(guest.config(0, 0, 0x34, 1) & 0xff, 0x60, 'MSI first');
  assert.notEqual(guest.config(0, 0, 0x9c, 4) & (1 << 20), 0, 'reports data link activity');
  assert.notEqual(guest.config(0, 0, 0xa2, 2) & 0x2000, 0, 'and the link is active');
  assert.equal(guest.config(0, 0, 0xb4, 4) & 0x20, 0x20, 'ARI forwarding supported');
  guest.setConfig(0, 0, 0x1c, 2, 0xffff);
  assert.equal(guest.config(0, 0, 0x1c, 2) & 0xffff, 0, 'no I/O window');

  // Bus numbers: before them nothing answers on bus 1, afterwards the child, once.
  assert.equal(guest.config(1, 0, 0), 0xffff_ffff);
  guest.setConfig(0, 0, 0x18, 4, 0x00_ff_01_00);
  assert.equal(guest.config(1, 0, 0), 0x10c9_8086);
  assert.equal(guest.config(1, 1, 0), 0xffff_ffff);
  assert.equal(guest.config(1, 8, 0), 0xffff_ffff);
  assert.equal(guest.config(2, 0, 0), 0xffff_ffff);

  // BAR sizing behind the bridge.
  guest.setConfig(1, 0, 0x10, 4, 0xffff_ffff);
  guest.setConfig(1, 0, 0x1c, 4, 0xffff_ffff);
  assert.equal(guest.config(1, 0, 0x10), 0xfffe_0000);
  assert.equal(guest.config(1, 0, 0x1c), 0xffff_c000);
  guest.assign();

  // An access: CPU address MEMBAR1 + 0x1008.
  guest.write(2, 0x1008, 4, 0xcafe_0001);
  assert.equal(guest.child.registers[0x402], 0xcafe_0001);
  assert.equal(guest.read(2, 0x1008, 4), 0xcafe_0001);

  // MSI-X: a table entry through BAR3, enable, a message out of the VM.
  guest.write(2, 0x4_0000 + 4 * 16, 4, 0xfee0_2000);
  guest.write(2, 0x4_0000 + 4 * 16 + 8, 4, 0x25);
  guest.write(2, 0x4_0000 + 4 * 16 + 12, 4, 0);
  guest.setConfig(1, 0, 0x72, 2, 0x8000);
  assert.equal(guest.child.interrupts?.msixEnabled, true);
  guest.child.interrupts?.sendMsix(4);
  assert.deepEqual(guest.host.messages, ['fee02000=25']);
});

test('memory is reached only with every enable on the way', () => {
  const guest = new Guest();
  guest.enableVmd();
  guest.assign();
  guest.child.registers[0] = 0x1234;
  assert.equal(guest.read(2, 0, 4), 0x1234);
  guest.setConfig(1, 0, 0x04, 2, 0x4);
  assert.equal(guest.read(2, 0, 4), 0xffff_ffff, 'the child’s memory enable');
  guest.setConfig(1, 0, 0x04, 2, 0x6);
  guest.setConfig(0, 0, 0x04, 2, 0x4);
  assert.equal(guest.read(2, 0, 4), 0xffff_ffff, 'the bridge’s');
  guest.setConfig(0, 0, 0x04, 2, 0x6);
  assert.equal(guest.read(2, 0, 4), 0x1234);
  guest.setConfig(0, 0, 0x20, 4, 0x0000_fff0);
  assert.equal(guest.read(2, 0, 4), 0xffff_ffff, 'a window that is closed');
  assert.ok(guest.trace.of('pci_unclaimed_access').length === 3);
});

test('DMA needs the bus master bit of the function and of the bridge above it', () => {
  const guest = new Guest();
  guest.enableVmd();
  guest.assign();
  const { memory } = guest.child;
  assert.equal(memory.write32(0x10_0000, 7), true);
  guest.setConfig(0, 0, 0x04, 2, 0x2);
  assert.equal(memory.write32(0x10_0000, 8), false);
  guest.setConfig(0, 0, 0x04, 2, 0x6);
  assert.equal(memory.write32(0x10_0000, 9), true);
});

test('the VMD follows its BARs, wherever the guest moves them', () => {
  const guest = new Guest();
  guest.enableVmd();
  guest.assign();
  guest.child.registers[1] = 0x55;
  // The child's BARs are addresses: with the VMD's BAR elsewhere they are no longer behind it.
  guest.write(7, 0x18, 4, 0xe000_0000);
  assert.equal(guest.read(2, 4, 4), 0xffff_ffff);
  guest.setConfig(1, 0, 0x10, 4, 0xe000_0000);
  guest.setConfig(0, 0, 0x20, 4, 0xe000_e000);
  assert.equal(guest.read(2, 4, 4), 0x55);
});

test('MEMBAR2: a child’s 64-bit BAR above 4 GiB, through the prefetchable window', () => {
  const guest = new Guest();
  const registers = new Uint32Array(4096);
  const vf = new PciFunction({ trace: guest.trace });
  declareType0(vf.config, { vendorId: 0x8086, deviceId: 0x10ca, revision: 1, classCode: 0x020000 });
  vf.addBar(
    { index: 0, kind: 'memory64', sizeBytes: 0x4000, prefetchable: true },
    { read: (offset) => registers[offset >> 2]!, write: () => undefined },
  );
  guest.hierarchy.slot.add(vf, 0x80);
  guest.enableVmd();
  guest.assign();
  assert.equal(guest.config(1, 0x80, 0), 0xffff_ffff, 'device 16 needs ARI forwarding');
  guest.setConfig(0, 0, 0xb8, 2, 0x20);
  assert.equal(guest.config(1, 0x80, 0), 0x10ca_8086);
  guest.setConfig(0, 0, 0x24, 4, 0x8210_8200);
  guest.setConfig(0, 0, 0x28, 4, 0xf);
  guest.setConfig(0, 0, 0x2c, 4, 0xf);
  guest.setConfig(1, 0x80, 0x10, 4, 0x8210_4000);
  guest.setConfig(1, 0x80, 0x14, 4, 0xf);
  guest.setConfig(1, 0x80, 0x04, 2, 0x2);
  registers[3] = 0x77;
  assert.equal(guest.read(4, 0x10_400c, 4), 0x77);
});

test('the secondary bus reset that vmd does at probe resets the child and takes it off the bus meanwhile', () => {
  const guest = new Guest();
  guest.enableVmd();
  guest.assign();
  guest.setConfig(0, 0, 0x3e, 2, 0x40);
  assert.deepEqual(guest.child.resets, ['hot']);
  assert.equal(guest.config(1, 0, 0), 0xffff_ffff);
  assert.equal(guest.config(0, 0, 0xa2, 2) & 0x2000, 0, 'the link is down');
  guest.setConfig(0, 0, 0x3e, 2, 0);
  assert.deepEqual(guest.child.resets, ['hot']);
  assert.equal(guest.config(0, 0, 0xa2, 2) & 0x2000, 0x2000);
  assert.equal(guest.config(1, 0, 0), 0x10c9_8086);
  assert.equal(guest.config(1, 0, 0x10), 0, 'its BARs are gone');
  assert.equal(guest.config(1, 0, 0x04, 2) & 0xffff, 0);
  assert.equal(guest.config(0, 0, 0x19, 1) & 0xff, 1, 'the bridge keeps its numbers');
});

test('a system reset, and a client that leaves, bring everything back to power-up', () => {
  const guest = new Guest();
  for (const end of [() => guest.hierarchy.port.reset(), () => guest.hierarchy.port.detached()]) {
    guest.enableVmd();
    guest.assign();
    end();
    assert.equal(guest.child.resets.at(-1), 'fundamental');
    assert.equal(guest.read(7, 0x10, 4), 0xc);
    assert.equal(guest.read(7, 0x44, 4), 0);
    assert.equal(guest.config(0, 0, 0x18), 0);
    assert.equal(guest.child.dmaEnabled, false);
    assert.equal(guest.hierarchy.domain.map.claims(MEMBAR1), false);
  }
  assert.deepEqual(guest.child.resets, ['fundamental', 'fundamental']);
  assert.equal(guest.child.memory.write32(0x10_0000, 1), false);
});

test('vmd_domain_reset’s memset of bridge headers, eight bytes at a time, and odd ends', () => {
  const guest = new Guest();
  guest.enableVmd();
  guest.assign();
  guest.hierarchy.port.regionWrite(0, 0x1c, new Uint8Array(0x1c), 0, 0x1c);
  assert.equal(guest.config(0, 0, 0x20), 0);
  assert.equal(guest.config(0, 0, 0x24), 0x0001_0001);
  assert.equal(guest.config(0, 0, 0x19, 1) & 0xff, 1, 'the bus numbers are not part of it');
});

/** A guest that writes anything anywhere: nothing throws, nothing leaves that was not allowed to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { PiecedMemory, RecordingHost, RecordingTrace } from '../../pci/testing.ts';
import { IgbPhysicalFunction, type PortRegisters } from '../igb/functions/physical-function.ts';
import { VmdHierarchy } from './hierarchy.ts';

/** Memory and messages of a guest that the function may touch only as bus master. */
class MasterOnlyHost extends RecordingHost {
  readonly #pf: IgbPhysicalFunction;

  constructor(pf: IgbPhysicalFunction) {
    super(new PiecedMemory(0x1000, 0));
    this.#pf = pf;
  }

  override writeMessage(address: number, data: number): void {
    assert.equal(this.#pf.dmaEnabled, true);
    super.writeMessage(address, data);
  }
}

/** VMD at 0xfa000000 (MEMBAR1), the PF's BARs there, all enabled, MSI-X vector 0 unmasked: random accesses then hit something. */
function enumerate(hierarchy: VmdHierarchy): void {
  const write = (region: number, offset: number, value: number): void => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    hierarchy.port.regionWrite(region, offset, bytes, 0, 4);
  };
  write(7, 0x18, 0xfa00_0000);
  write(7, 0x04, 6);
  write(0, 0x18, 0x0003_0100);
  write(0, 0x20, 0xfa10_fa00);
  write(0, 0x04, 6);
  write(0, 0x10_0010, 0xfa00_0000);
  write(0, 0x10_001c, 0xfa04_0000);
  write(0, 0x10_0070, 0x8000_0000);
  write(0, 0x10_0004, 6);
  write(2, 0x4_0000, 0xfee0_0000);
  write(2, 0x4_000c, 0);
}

const registerOffset = fc.oneof(
  fc.nat({ max: 0x3f }),
  fc.constantFrom(0x72, 0x44, 0x98, 0xa8, 0x168, 0x170, 0x180, 0x184),
);
const access = fc.record({
  region: fc.constantFrom(0, 0, 0, 2, 4, 7),
  bus: fc.nat({ max: 3 }),
  devfn: fc.constantFrom(0, 0, 0, 1, 8, 0x80),
  offset: fc.oneof(registerOffset, fc.nat({ max: 0x4_3fff }), fc.nat({ max: 0x1fff_fff })),
  count: fc.nat({ max: 40 }),
  value: fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 6, 0x0003_0100, 0xffff_ffff, 0xfa00_0000, 0xfa04_000c),
  ),
  write: fc.boolean(),
});

test('random accesses to every region, with an 82576 whose registers do DMA and interrupts at each write', () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 60 }), (accesses) => {
      const trace = new RecordingTrace();
      const hierarchy = new VmdHierarchy(trace);
      const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
      const pf = new IgbPhysicalFunction({ trace, domain: hierarchy.domain, attachment: 'hierarchy', mac });
      hierarchy.slot.add(pf, 0);
      const host = new MasterOnlyHost(pf);
      hierarchy.port.attached(host);
      enumerate(hierarchy);
      let depth = 0;
      const registers: PortRegisters = {
        read: (offset) => offset,
        peek: (offset) => offset,
        reset: () => undefined,
        write: (offset, value) => {
          depth += 1;
          assert.equal(depth, 1, 'entered again');
          pf.memory.write32(value, offset);
          pf.memory.write(value * 4096 + offset, new Uint8Array(64), 0, 64);
          pf.interrupts.sendMsix(value & 15);
          pf.interrupts.sendMsi();
          depth -= 1;
        },
      };
      pf.connect(registers);
      for (const { region, bus, devfn, offset, count, value, write } of accesses) {
        const size = hierarchy.port.regionSizes[region]!;
        const at = region === 0 ? (bus << 20) | (devfn << 12) | (offset & 0xfff) : offset % size;
        const length = Math.min(count, size - at);
        const bytes = new Uint8Array(40);
        new DataView(bytes.buffer).setUint32(0, value, true);
        if (write) hierarchy.port.regionWrite(region, at, bytes, 0, length);
        else hierarchy.port.regionRead(region, at, bytes, 0, length);
        assert.equal(pf.guard.busy, false);
        assert.equal(hierarchy.endpoint.guard.busy, false);
      }
      hierarchy.port.reset();
      assert.equal(pf.configRead(0, 4), 0x10c9_8086);
      assert.equal(pf.memory.write32(0, 1), false);
    }),
    { numRuns: 300 },
  );
});

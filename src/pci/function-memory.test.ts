import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessGuard } from './access-guard.ts';
import type { BarWindow } from './bar.ts';
import { PciDomain } from './domain.ts';
import { DmaRefusal, FunctionMemory } from './function-memory.ts';
import { PciFunction } from './function.ts';
import { declareType0 } from './header.ts';
import { PiecedMemory, RecordingHost, RecordingTrace } from './testing.ts';

/**
 * A toy: writing an address to register 0 makes it copy 4 bytes from register 4 to that address by DMA; writing one to
 * register 8 makes it read from there into register 12.
 */
class Copier extends PciFunction implements BarWindow {
  readonly memory: FunctionMemory;
  readonly registers: Uint32Array;
  /** Accesses handled. */
  handled: number;
  outcome: boolean | undefined;

  constructor(trace: RecordingTrace, domain: PciDomain, address: number, guard?: AccessGuard) {
    super(guard === undefined ? { trace } : { trace, guard });
    this.memory = new FunctionMemory(this, domain);
    this.registers = new Uint32Array(1024);
    this.handled = 0;
    this.outcome = undefined;
    declareType0(this.config, { vendorId: 0x1234, deviceId: 1, revision: 0, classCode: 0xff0000 });
    this.addBar({ index: 0, kind: 'memory32', sizeBytes: 4096 }, this);
    this.configWrite(0x10, 4, address);
    this.configWrite(0x04, 2, 0x6);
  }

  read(offset: number, size: number): number {
    this.handled += 1;
    return size === 4 ? this.registers[offset >> 2]! : 0;
  }

  write(offset: number, _size: number, value: number): void {
    this.handled += 1;
    this.registers[offset >> 2] = value;
    const bytes = new Uint8Array(this.registers.buffer);
    if (offset === 0) this.outcome = this.memory.write(value, bytes, 4, 4);
    if (offset === 8) this.outcome = this.memory.read(value, bytes, 12, 4);
  }
}

function setUp(): { trace: RecordingTrace; domain: PciDomain; host: RecordingHost; a: Copier; b: Copier } {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  const host = new RecordingHost(new PiecedMemory(0x1000, 0x1_0000, 0x1_1000, 0x5_0000_0000));
  domain.host = host;
  const a = new Copier(trace, domain, 0xfe00_0000);
  const b = new Copier(trace, domain, 0xfe00_1000);
  domain.root.add(a, 0);
  domain.root.add(b, 8);
  return { trace, domain, host, a, b };
}

test('DMA that is aimed at its own registers is refused, not entered again (CVE-2021-3750, CVE-2023-3019)', () => {
  const { trace, domain, a } = setUp();
  a.registers[1] = 0xfe00_0000;
  domain.map.write(0xfe00_0000, 4, 0xfe00_0000);
  assert.equal(a.handled, 1, 'only the guest’s own access');
  assert.equal(a.guard.refused, 1);
  assert.deepEqual(trace.of('pci_reentrant_access'), [[0, 0, 0, 1]]);
  // Reads give all ones.
  domain.map.write(0xfe00_0008, 4, 0xfe00_0000);
  assert.equal(a.registers[3], 0xffff_ffff);
  assert.equal(a.guard.refused, 2);
  assert.equal(domain.map.read(0xfe00_0004, 4), 0xfe00_0000, 'and afterwards it answers again');
});

test('DMA aimed at a sibling is decoded like any access; what the sibling aims back is refused', () => {
  const { trace, domain, a, b } = setUp();
  // a writes b's register 0 with a's address: b then writes its register 1 to a's register 4.
  a.registers[1] = 0xfe00_0010;
  b.registers[1] = 0xdead_beef;
  domain.map.write(0xfe00_0000, 4, 0xfe00_1000);
  assert.equal(b.handled, 1);
  assert.equal(b.registers[0], 0xfe00_0010, 'a’s DMA arrived at b');
  assert.equal(a.registers[4], 0, 'b’s DMA did not arrive at a');
  assert.equal(a.guard.refused, 1);
  assert.equal(b.guard.refused, 0);
  assert.deepEqual(trace.of('pci_reentrant_access'), [[0, 0, 0x10, 1]]);
});

test('functions that share a guard cannot enter each other: a VF’s DMA aimed at its PF', () => {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  domain.host = new RecordingHost();
  const guard = new AccessGuard();
  const pf = new Copier(trace, domain, 0xfe00_0000, guard);
  const vf = new Copier(trace, domain, 0xfe00_1000, guard);
  domain.root.add(pf, 0);
  domain.root.add(vf, 0x80);
  domain.map.write(0xfe00_1000, 4, 0xfe00_0000);
  assert.equal(pf.handled, 0);
  assert.equal(guard.refused, 1);
  assert.deepEqual(trace.of('pci_reentrant_access'), [[0, 0, 0, 1]]);
});

test('own work outside an access counts as being at work', () => {
  const { a } = setUp();
  const before = a.guard.beginWork();
  assert.equal(a.memory.write32(0xfe00_0000, 1), true, 'a posted write is simply dropped');
  a.guard.endWork(before);
  assert.equal(a.handled, 0);
  assert.equal(a.guard.refused, 1);
  assert.equal(a.memory.write32(0xfe00_0004, 7), true);
  assert.equal(a.registers[1], 7);
});

test('a long access to a register window ends after 64 bytes: each dword of it costs as much as a whole page of memory', () => {
  const { a, b } = setUp();
  const bytes = new Uint8Array(4096);
  assert.equal(a.memory.read(0xfe00_1000, bytes, 0, 64), true);
  assert.equal(b.handled, 16);
  assert.equal(a.memory.read(0xfe00_1000, bytes, 0, 4096), false);
  assert.equal(b.handled, 32);
  assert.equal(a.memory.write(0xfe00_1100, bytes, 0, 4096), false);
  assert.equal(b.handled, 48);
  assert.equal(a.memory.refused[DmaRefusal.notMapped], 2);
});

test('without bus master nothing leaves, and it is counted and traced by reason', () => {
  const { trace, domain, host, a } = setUp();
  a.configWrite(4, 2, 0x2);
  assert.equal(a.memory.forReading(0x1_0000, 4), undefined);
  assert.equal(a.memory.forWriting(0x1_0000, 4), undefined);
  assert.equal(a.memory.read(0x1_0000, new Uint8Array(4), 0, 4), false);
  assert.equal(a.memory.write32(0x1_0000, 1), false);
  a.memory.sendMessage(0xfee0_0000, 0x41);
  assert.deepEqual(host.messages, []);
  assert.equal(a.memory.refused[DmaRefusal.notMaster], 5);
  a.configWrite(4, 2, 0x6);
  assert.equal(a.memory.write32(0x9_0000, 1), false);
  assert.equal(a.memory.refused[DmaRefusal.notMapped], 1);
  domain.host = undefined;
  assert.equal(a.memory.write32(0x1_0000, 1), false);
  assert.equal(a.memory.refused[DmaRefusal.noHost], 1);
  assert.deepEqual(
    trace.of('pci_dma_refused').map(([, , , reason]) => reason),
    [0, 0, 0, 0, 0, 2, 1],
  );
});

test('pieces: used in place when one holds it all, crossed by copies, beyond 4 GiB too', () => {
  const { host, a } = setUp();
  const { pieces } = host.dma as PiecedMemory;
  assert.equal(a.memory.forReading(0x1_0ffc, 4), pieces[0]);
  assert.equal(a.memory.forWriting(0x5_0000_0800, 0x800), pieces[2]);
  assert.equal(a.memory.forWriting(0x1_0ffe, 4), undefined, 'two pieces');
  assert.equal(a.memory.refused[DmaRefusal.notMapped], 0, 'a copy may still do it');
  const source = Uint8Array.from({ length: 200 }, (_, index) => index);
  assert.equal(a.memory.write(0x1_0f90, source, 0, 200), true);
  assert.equal(pieces[0]!.bytes[0xfff], 0x6f);
  assert.equal(pieces[1]!.bytes[0], 0x70);
  const back = new Uint8Array(202);
  assert.equal(a.memory.read(0x1_0f90, back, 1, 200), true);
  assert.deepEqual(back.subarray(1, 201), source);
  assert.equal(a.memory.write32(0x1_0ffe, 0x0403_0201), true);
  assert.deepEqual([...pieces[0]!.bytes.subarray(0xffe), ...pieces[1]!.bytes.subarray(0, 2)], [1, 2, 3, 4]);
  assert.equal(a.memory.read(0x1_1ff0, back, 0, 32), false, 'the end of memory');
});

test('addresses that no number can hold exactly are refused', () => {
  const { a } = setUp();
  for (const address of [2 ** 53, 2 ** 63, 2 ** 64, 0xffff_ffff * 2 ** 32]) {
    assert.equal(a.memory.forReading(address, 16), undefined);
    assert.equal(a.memory.write(address, new Uint8Array(16), 0, 16), false);
    assert.equal(a.memory.write32(address, 0), false);
  }
});

test('an interrupt message aimed at a register window goes there, any other to the client', () => {
  const { host, a, b } = setUp();
  a.memory.sendMessage(0xfe00_1004, 0x1234);
  assert.equal(b.registers[1], 0x1234);
  a.memory.sendMessage(0xfee0_1000, 0x42);
  assert.deepEqual(host.messages, ['fee01000=42']);
  a.memory.sendMessage(2 ** 33 + 0x10, 0x43);
  assert.deepEqual(host.messages, ['fee01000=42', '200000010=43']);
});

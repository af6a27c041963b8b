import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CapabilityList } from '../capability-list.ts';
import { Change } from '../change.ts';
import { ConfigSpace } from '../config-space.ts';
import { addAer } from './aer.ts';
import { SriovCapability } from './sriov.ts';

const VFE = 1;
const MSE = 8;
const ARI = 16;

function setUp(): {
  config: ConfigSpace;
  sriov: SriovCapability;
  write: (at: number, size: number, value: number) => void;
} {
  const config = new ConfigSpace();
  const list = new CapabilityList(config);
  addAer(list, 0x100);
  const sriov = new SriovCapability(list, 0x160, {
    totalVfs: 8,
    vfDeviceId: 0x10ca,
    vfStride: 2,
    firstVfOffset: 0x180,
    firstVfOffsetAri: 0x80,
    supportedPageSizes: 0x553,
    bars: [
      { index: 0, kind: 'memory64', sizeBytes: 0x4000 },
      { index: 3, kind: 'memory64', sizeBytes: 0x4000 },
    ],
  });
  const write = (at: number, size: number, value: number): void => {
    if ((config.write(at, size, value) & Change.sriov) !== 0) sriov.written();
  };
  return { config, sriov, write };
}

test('First VF Offset follows the ARI capable hierarchy bit (82576: 0x180 without, 0x80 with)', () => {
  const { config, sriov, write } = setUp();
  assert.equal(config.read(0x174, 2), 0x180);
  write(0x168, 2, ARI);
  assert.equal(config.read(0x174, 2), 0x80);
  assert.equal(sriov.routingOffset(3), 0x86);
  write(0x168, 2, 0);
  assert.equal(sriov.routingOffset(7), 0x18e);
});

test('NumVFs: at most TotalVFs, and frozen while VF Enable is set (9.3.3.7)', () => {
  const { config, sriov, write } = setUp();
  write(0x170, 2, 9);
  assert.equal(config.read(0x170, 2), 0);
  write(0x170, 2, 7);
  write(0x170, 2, 0x107);
  assert.equal(sriov.numVfs, 7);
  write(0x168, 2, VFE | MSE);
  assert.deepEqual([sriov.enabled, sriov.memoryEnabled], [true, true]);
  write(0x170, 2, 3);
  assert.equal(config.read(0x170, 2), 7);
  write(0x168, 2, VFE | MSE | ARI);
  assert.equal(config.read(0x168, 2), VFE | MSE, 'ARI is frozen too');
  write(0x168, 2, 0);
  write(0x170, 2, 3);
  assert.equal(sriov.numVfs, 3);
});

test('System Page Size: one that is supported, and VF BARs grow to it (9.3.3.13)', () => {
  const { config, sriov, write } = setUp();
  config.write(0x184, 4, 0xffff_ffff);
  assert.equal(config.read(0x184, 4), 0xffff_c004);
  write(0x180, 4, 0x4);
  write(0x180, 4, 0x3);
  write(0x180, 4, 0);
  assert.equal(config.read(0x180, 4), 1, 'not 16 KiB pages, not two sizes, not none');
  write(0x180, 4, 0x10);
  assert.equal(sriov.pageBytes, 0x1_0000);
  config.write(0x190, 4, 0xffff_ffff);
  assert.equal(config.read(0x190, 4), 0xffff_0004);
  config.write(0x190, 4, 0xa000_0000);
  config.write(0x194, 4, 0x1);
  assert.equal(sriov.vfBarAddress(3, 2), 0x1_a002_0000);
});

test('VF BARs stand one after the other, 16 KiB each with 4 KiB pages', () => {
  const { config, sriov } = setUp();
  config.write(0x184, 4, 0xfb00_0000);
  assert.equal(sriov.vfBarAddress(0, 0), 0xfb00_0000);
  assert.equal(sriov.vfBarAddress(0, 5), 0xfb01_4000);
  assert.equal(sriov.vfBarAddress(1, 0), -1);
});

test('a reset makes all of it writable again', () => {
  const { config, sriov, write } = setUp();
  write(0x180, 4, 0x10);
  write(0x170, 2, 5);
  write(0x168, 2, VFE);
  config.reset(true);
  sriov.reset();
  assert.deepEqual([sriov.enabled, sriov.numVfs, sriov.pageBytes], [false, 0, 4096]);
  config.write(0x184, 4, 0xffff_ffff);
  assert.equal(config.read(0x184, 4), 0xffff_c004);
  write(0x170, 2, 2);
  assert.equal(sriov.numVfs, 2);
});

/** All cases, in the order of the table. */
import { attachedCases } from './attached-cases.ts';
import type { BenchCase } from './case.ts';
import { type DeviceCase, deviceCases } from './device-cases.ts';
import { measureDevice } from './measure-device.ts';
import { processCases } from './process-cases.ts';
import { transportCases } from './transport-cases.ts';

const QEMU = "QEMU's igb";
/** What a packet may cost with many against one, turned round. */
const AT_MOST_115_PERCENT = 1 / 1.15;

const besideQemu = (device: DeviceCase): BenchCase => ({
  name: device.name,
  group: 'device',
  title: device.title,
  goal: device.goal,
  against: QEMU,
  measure: ({ ours, theirs }, effort) => measureDevice({ subject: ours, device }, { subject: theirs, device }, effort),
});

const named = (name: string): DeviceCase => deviceCases.find((device) => device.name === name)!;

/** Ours with many against ours with one. */
const scale = (name: string, title: string, many: string, one: string): BenchCase => ({
  name,
  group: 'scale',
  title,
  goal: AT_MOST_115_PERCENT,
  against: 'itself with one',
  measure: ({ ours }, effort) =>
    measureDevice({ subject: ours, device: named(many) }, { subject: ours, device: named(one) }, effort),
});

export const benchCases: readonly BenchCase[] = [
  ...deviceCases.map(besideQemu),
  ...transportCases,
  scale('scale-queues', 'TX of 64 bytes: 16 queues against 1', 'queues-16', 'tx-64'),
  scale('scale-vfs', 'VF to VF, 64 bytes: 8 VFs against 1', 'vfs-8', 'vf-64'),
  ...attachedCases,
  ...processCases,
];

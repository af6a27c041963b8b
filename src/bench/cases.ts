/** All cases, in the order of the table. */
import type { BenchCase } from './case.ts';
import { deviceCases } from './device-cases.ts';
import { measureDevice } from './measure-device.ts';

export const benchCases: readonly BenchCase[] = deviceCases.map((device) => ({
  name: device.name,
  group: 'device',
  title: device.title,
  goal: device.goal,
  against: "QEMU's igb",
  measure: (subjects, effort) => measureDevice(device, subjects, effort),
}));

export { type FaultKind, faultKinds, type FaultSpec } from './fault.ts';
export { Faults, type FaultStatus } from './faults.ts';
export type { FaultyPort } from './port-faults.ts';

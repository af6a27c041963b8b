export { aims, Fault, type FaultKind, faultKinds, type FaultSpec } from './fault.ts';
export { Faults, type FaultStatus } from './faults.ts';
export type { FaultyPort, Interposed } from './port-faults.ts';

/** Intel's 82576. */
export { IgbPort, type IgbPortOptions } from './port.ts';
export { POOLS, QUEUES, type PortContext } from './context.ts';
export { makeNvmImage, nvmChecksumValid, type NvmIdentity } from './nvm-image.ts';
export { IgbPhysicalFunction, PF_VECTORS } from './physical-function.ts';
export { igbTraceEvents } from './trace-events.ts';
export type { PortResetKind } from './reset.ts';

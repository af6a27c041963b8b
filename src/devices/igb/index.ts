/** Intel's 82576: its physical function as PCI sees it, and the port behind that function's registers. */
export { IgbPhysicalFunction } from './physical-function.ts';
export { IgbPort } from './port.ts';

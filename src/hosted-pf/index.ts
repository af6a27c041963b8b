/** The PF's driver for when no VM has the PF. */
export { HostedInterrupts } from './interrupt-port.ts';
export { PfManager, type PfStatus } from './pf-manager.ts';
export { type VfSettings } from './settings.ts';

/** Drives an 82576, PF and VF, through registers alone: for the hosted PF and for tests. */
export * from './bus.ts';
export * from './mailbox.ts';
export * from './messages.ts';
export * from './pci.ts';
export * from './pf-port.ts';
export * from './pools.ts';
export * from './rings.ts';
export * from './sriov.ts';
export * from './vf-port.ts';

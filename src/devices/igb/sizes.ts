/** RX queues of a port, and as many TX queues. */
export const QUEUES = 16;
/** VMDq pools, one for each VF: queues v and v + 8 belong to pool v. */
export const POOLS = 8;
/** Entries of the PF's MSI-X table, and of a VF's. */
export const PF_VECTORS = 10;
export const VF_VECTORS = 3;

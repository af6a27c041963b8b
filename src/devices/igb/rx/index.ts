export { ReceiveEngine, type ReceiveParts } from './engine.ts';
export { EXACT_UNICAST, LOCAL_VLAN, POOLS_MASK, selectPools } from './pools.ts';

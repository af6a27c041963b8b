/**
 * How a function was reset. `fundamental`: power-up or the platform's reset, nothing survives; `hot`: a bridge's secondary bus
 * reset; `flr`: Initiate Function Level Reset; `d3hot`: the way back from D3hot to D0 where No_Soft_Reset is clear.
 * All but `fundamental` keep sticky bits.
 */
export type ResetKind = 'fundamental' | 'hot' | 'flr' | 'd3hot';

export { DmaMap } from './dma-map.ts';
export * from './device.ts';
export { VfioUserError } from './errors.ts';
export { VfioUserServer } from './server.ts';
export type { VfioUserServerOptions } from './server.ts';

export { TransmitEngine } from './engine.ts';
export type { TransmitSink } from './parts.ts';

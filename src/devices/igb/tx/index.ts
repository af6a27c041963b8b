export { TransmitEngine } from './engine.ts';
export { dropReason, LARGEST_FRAME } from './packet-sender.ts';
export type { TransmitParts, TransmitSink, TransmitStatistics } from './parts.ts';

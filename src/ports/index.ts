export * from './capture.ts';
export * from './clock.ts';
export * from './guest-memory.ts';
export * from './interrupts.ts';
export * from './nonvolatile.ts';
export * from './tasks.ts';
export * from './trace.ts';
export * from './wire.ts';

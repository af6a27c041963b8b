export * from './endpoint.ts';
export * from './hierarchy.ts';
export * from './root-port.ts';

export * from './define.ts';
export * from './plan.ts';
export * from './file.ts';
export * from './decode.ts';
export * from './document.ts';

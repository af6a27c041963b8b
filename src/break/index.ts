export { type Breakpoint, Breakpoints, type BreakSources } from './breakpoints.ts';
export { BreakError } from './errors.ts';
export type { Moment } from './moment.ts';

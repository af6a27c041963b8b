export { ReceiveEngine } from './engine.ts';

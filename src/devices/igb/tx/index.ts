export { TransmitEngine } from './engine.ts';

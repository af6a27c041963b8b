export { LocalSwitch } from './local-switch.ts';

export { SystemError } from './errors.ts';
export { close, duplicate, isOpen, mustWait, read, setNonblocking, write } from './descriptor.ts';
export { createEventFd, drain, signal } from './event-fd.ts';
export * from './event-loop.ts';
export * from './memory.ts';
export { createTimerFd, drainTimerFd, setTimerFd } from './timer-fd.ts';
export * from './unix-socket.ts';

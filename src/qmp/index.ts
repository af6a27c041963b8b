/** QEMU's machine protocol: the side that serves it, and a client. */
export { QmpClient, type QmpClientErrors } from './client.ts';
export { QmpError } from './errors.ts';
export { JsonSplitter } from './json-splitter.ts';
export { JsonStream } from './json-stream.ts';
export { forEachLine } from './lines.ts';
export { QmpSession, type QmpCommand, type QmpMembers, type QmpSessionOptions } from './session.ts';

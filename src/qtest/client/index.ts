/** For tests and scripts: the driver library (`src/driver`) over QTest, in this process or against any QEMU. */
export * from './bus.ts';
export * from './machine-transport.ts';
export * from './process-transport.ts';
export * from './transport.ts';

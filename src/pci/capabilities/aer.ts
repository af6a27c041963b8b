import { type CapabilityList, ExtendedId } from '../capability-list.ts';

/** Data link, poisoned, flow control, completion timeout and abort, unexpected completion, overflow, malformed, ECRC, unsupported request. */
const UNCORRECTABLE = 0x001ff010;
/** Receiver, bad TLP, bad DLLP, replay rollover and timeout, advisory non-fatal. */
const CORRECTABLE = 0x000031c1;

/** Advanced Error Reporting, version 1 (PCI Express 7.8.4). The device reports no error by it; all of it is sticky. */
export function addAer(list: CapabilityList, at: number): void {
  list.extended(at, ExtendedId.aer, 1);
  list.config.declare(
    { at: at + 0x04, size: 4, writeOneClears: UNCORRECTABLE, sticky: UNCORRECTABLE },
    { at: at + 0x08, size: 4, writable: UNCORRECTABLE, sticky: UNCORRECTABLE },
    { at: at + 0x0c, size: 4, value: 0x00062011, writable: UNCORRECTABLE, sticky: UNCORRECTABLE },
    { at: at + 0x10, size: 4, writeOneClears: CORRECTABLE, sticky: CORRECTABLE },
    { at: at + 0x14, size: 4, value: 0x00002000, writable: CORRECTABLE, sticky: CORRECTABLE },
    { at: at + 0x18, size: 4 },
    { at: at + 0x1c, size: 4 },
    { at: at + 0x20, size: 4 },
    { at: at + 0x24, size: 4 },
    { at: at + 0x28, size: 4 },
  );
}

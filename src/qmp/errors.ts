/** An error as QMP words it: one of QEMU's classes, and what went wrong. */
export class QmpError extends Error {
  readonly errorClass: QmpErrorClass;

  constructor(errorClass: QmpErrorClass, message: string) {
    super(message);
    this.name = 'QmpError';
    this.errorClass = errorClass;
  }
}

export type QmpErrorClass = 'GenericError' | 'CommandNotFound' | 'DeviceNotActive' | 'DeviceNotFound' | 'KVMMissingCap';

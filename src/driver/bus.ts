/** The 82576 as a driver reaches it: registers behind BAR0, config space, memory that the function's DMA reaches. */

/** Registers by byte offset, dwords. An access has all its effects before it returns. */
export interface RegisterBus {
  read32(offset: number): number;
  write32(offset: number, value: number): void;
}

/** Config space of the same function. */
export interface ConfigBus {
  configRead(offset: number, size: 1 | 2 | 4): number;
  configWrite(offset: number, size: 1 | 2 | 4, value: number): void;
}

/** Memory for rings and buffers, with its addresses as the device sees them. */
export interface DriverMemory {
  /** Address of fresh zeroed memory, a multiple of 128. Nothing is given back. */
  allocate(lengthBytes: number): number;
  read32(address: number): number;
  write32(address: number, value: number): void;
  readBytes(address: number, length: number): Uint8Array;
  writeBytes(address: number, bytes: Uint8Array): void;
}

/** For a driver that may wait; time then goes on, and with it the device. */
export interface WaitingBus extends RegisterBus {
  wait(durationNs: number): void;
}

/** A port, or a window of a VF, that is in this process. */
export function busOver(registers: {
  read(offset: number): number;
  write(offset: number, value: number): void;
}): RegisterBus {
  return {
    read32: (offset) => registers.read(offset),
    write32: (offset, value) => registers.write(offset, value),
  };
}

/** A declared register or array of registers. */
interface Place {
  readonly at: number;
  /** Dwords from one element to the next. */
  readonly step: number;
}

export function read(bus: RegisterBus, register: Place, element = 0): number {
  return bus.read32(register.at + element * register.step * 4);
}

export function write(bus: RegisterBus, register: Place, value: number, element = 0): void {
  bus.write32(register.at + element * register.step * 4, value >>> 0);
}

/** Read, modify, write: clears the bits of `clear`, then sets those of `set`. */
export function update(bus: RegisterBus, register: Place, clear: number, set: number, element = 0): void {
  write(bus, register, (read(bus, register, element) & ~clear) | set, element);
}

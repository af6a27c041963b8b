/** What the driver library works on, by QTest commands: config space, registers, memory, time. */
import type { DriverMemory, MachineMemory, PciConfig, WaitingBus } from '../../driver/index.ts';
import { type QTestTransport, valueOf } from './transport.ts';

const ENABLE = 0x8000_0000;
const ADDRESS_PORT = 0xcf8;
const DATA_PORT = 0xcfc;
const ALIGNMENT = 128;
const LETTERS = { 1: 'b', 2: 'w', 4: 'l' } as const;

/** Memory and devices of the machine, by address. */
export class QTestMemory implements MachineMemory, DriverMemory {
  readonly transport: QTestTransport;
  #next: number;

  /** Allocates from `base` on: above what firmware would use. */
  constructor(transport: QTestTransport, base = 2 ** 20) {
    this.transport = transport;
    this.#next = base;
  }

  #do(command: string): string {
    return valueOf(command, this.transport.ask(command));
  }

  read32(address: number): number {
    return Number(this.#do(`readl 0x${address.toString(16)}`));
  }

  write32(address: number, value: number): void {
    this.#do(`writel 0x${address.toString(16)} 0x${(value >>> 0).toString(16)}`);
  }

  readBytes(address: number, length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0);
    const hex = this.#do(`read 0x${address.toString(16)} 0x${length.toString(16)}`);
    return Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
    this.#do(`write 0x${address.toString(16)} 0x${bytes.length.toString(16)} 0x${hex}`);
  }

  allocate(lengthBytes: number): number {
    const address = this.#next;
    this.#next = address + Math.ceil(lengthBytes / ALIGNMENT) * ALIGNMENT;
    this.#do(`memset 0x${address.toString(16)} 0x${lengthBytes.toString(16)} 0`);
    return address;
  }
}

/** Config space by ports, the first 256 bytes; beyond them by memory, where the chipset's window is open. */
export class QTestPciConfig implements PciConfig {
  readonly #transport: QTestTransport;
  /** Address of configuration space by memory; undefined where there is none. */
  #window: number | undefined;

  constructor(transport: QTestTransport) {
    this.#transport = transport;
    this.#window = undefined;
  }

  /** Opens q35's window of 256 MiB at an address. */
  openWindow(address = 0xb000_0000): void {
    this.configWrite(0, 0x64, 4, 0);
    this.configWrite(0, 0x60, 4, address + 1);
    this.#window = address;
  }

  configRead(routingId: number, offset: number, size: 1 | 2 | 4): number {
    return Number(this.#do(`read${LETTERS[size]}`, `in${LETTERS[size]}`, routingId, offset, ''));
  }

  configWrite(routingId: number, offset: number, size: 1 | 2 | 4, value: number): void {
    this.#do(`write${LETTERS[size]}`, `out${LETTERS[size]}`, routingId, offset, ` 0x${(value >>> 0).toString(16)}`);
  }

  #do(byMemory: string, byPort: string, routingId: number, offset: number, rest: string): string {
    if (this.#window !== undefined) {
      const command = `${byMemory} 0x${(this.#window + routingId * 4096 + offset).toString(16)}${rest}`;
      return valueOf(command, this.#transport.ask(command));
    }
    if (offset > 0xff) throw new Error(`config offset 0x${offset.toString(16)} needs a window (openWindow)`);
    const address = (ENABLE | (routingId << 8) | (offset & 0xfc)) >>> 0;
    const select = `outl 0x${ADDRESS_PORT.toString(16)} 0x${address.toString(16)}`;
    const access = `${byPort} 0x${(DATA_PORT + (offset & 3)).toString(16)}${rest}`;
    const [selected, done] = this.#transport.askAll([select, access]);
    valueOf(select, selected!);
    return valueOf(access, done!);
  }
}

/** Registers behind a BAR; waiting moves the machine's time. */
export class QTestRegisters implements WaitingBus {
  readonly #memory: QTestMemory;
  readonly #base: number;

  constructor(memory: QTestMemory, base: number) {
    this.#memory = memory;
    this.#base = base;
  }

  read32(offset: number): number {
    return this.#memory.read32(this.#base + offset);
  }

  write32(offset: number, value: number): void {
    this.#memory.write32(this.#base + offset, value);
  }

  wait(durationNs: number): void {
    const command = `clock_step ${Math.max(1, Math.round(durationNs))}`;
    valueOf(command, this.#memory.transport.ask(command));
  }
}

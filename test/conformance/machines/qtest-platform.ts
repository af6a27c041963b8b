/** A q35 with the NIC behind a root port, by QTest commands: a machine in this process, or any QEMU. */
import type { MachineMemory } from '../../../src/driver/index.ts';
import { QTestMemory, QTestPciConfig, type QTestTransport, valueOf } from '../../../src/qtest/client/index.ts';
import type { CardKind, DriverName, FarEnd } from '../machine.ts';
import type { CaseMemory, Platform } from './platform.ts';

const MESSAGES = 0x8_0000;
const MESSAGE_BYTES = 16;
const MEMORY_BASE = 2 ** 20;

/** The allocator begins again with each case. */
class QTestCaseMemory implements CaseMemory {
  readonly #transport: QTestTransport;
  #memory: QTestMemory;

  constructor(transport: QTestTransport) {
    this.#transport = transport;
    this.#memory = new QTestMemory(transport, MEMORY_BASE);
  }

  freeAll(): void {
    this.#memory = new QTestMemory(this.#transport, MEMORY_BASE);
  }

  allocate(lengthBytes: number): number {
    return this.#memory.allocate(lengthBytes);
  }

  read32(address: number): number {
    return this.#memory.read32(address);
  }

  write32(address: number, value: number): void {
    this.#memory.write32(address, value);
  }

  readBytes(address: number, length: number): Uint8Array {
    return this.#memory.readBytes(address, length);
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    this.#memory.writeBytes(address, bytes);
  }
}

export interface QTestPlatformOptions {
  readonly driver: DriverName;
  readonly card: CardKind;
  readonly described: string;
  readonly transport: QTestTransport;
  readonly wire: FarEnd;
  /** Slot of the root port on bus 0. */
  readonly slot: number;
  readonly close: () => void;
  readonly drivePin?: Platform['drivePin'];
}

export class QTestPlatform implements Platform {
  readonly driver: DriverName;
  readonly card: CardKind;
  readonly described: string;
  readonly realTime = false;
  readonly config: QTestPciConfig;
  readonly registers: MachineMemory;
  readonly memory: CaseMemory;
  readonly wire: FarEnd;
  readonly rootPort: number;
  readonly barBase = 0xe000_0000;
  readonly #transport: QTestTransport;
  readonly drivePin: Platform['drivePin'];
  readonly #close: () => void;

  constructor({ driver, card, described, transport, wire, slot, close, drivePin }: QTestPlatformOptions) {
    this.driver = driver;
    this.card = card;
    this.described = described;
    this.config = new QTestPciConfig(transport);
    this.config.openWindow();
    this.registers = new QTestMemory(transport);
    this.memory = new QTestCaseMemory(transport);
    this.wire = wire;
    this.rootPort = slot << 3;
    this.#transport = transport;
    this.drivePin = drivePin;
    this.#close = close;
  }

  /** Messages are kept in ordinary memory, which a device writes like that of a processor's controller. */
  messageAddress(slot: number): number {
    return MESSAGES + slot * MESSAGE_BYTES;
  }

  /** All slots are read by one command: against QEMU that is what costs. */
  takeMessages(first: number, count: number): number[] {
    const bytes = this.memory.readBytes(this.messageAddress(first), count * MESSAGE_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const taken = Array.from({ length: count }, (_, slot) => slot).filter(
      (slot) => view.getUint32(slot * MESSAGE_BYTES, true) !== 0,
    );
    for (const slot of taken) this.memory.write32(this.messageAddress(first + slot), 0);
    return taken;
  }

  wait(durationNs: number): void {
    const command = `clock_step ${Math.max(1, Math.round(durationNs))}`;
    valueOf(command, this.#transport.ask(command));
  }

  close(): void {
    this.#close();
  }
}

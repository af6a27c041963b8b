/** The PHY through MDIC, as drivers reach it. */
import type { RegisterBus } from '../../src/driver/index.ts';

const MDIC = 0x20;
const WRITE = 1 << 26;
const READ = 1 << 27;
const READY = 1 << 28;
const PHY_1 = 1 << 21;
const PAGE_SELECT = 31;
const AUTO_NEGOTIATION = 0x1340;

/** MDIC after the command; every model answers within the write. */
function mdic(bus: RegisterBus, command: number): number {
  bus.write32(MDIC, command | PHY_1);
  const answer = bus.read32(MDIC);
  if ((answer & READY) === 0) throw new Error(`MDIC is not ready: ${answer.toString(16)}`);
  return answer;
}

export function phyRead(bus: RegisterBus, register: number): number {
  return mdic(bus, READ | (register << 16)) & 0xffff;
}

export function phyWrite(bus: RegisterBus, register: number, value: number): void {
  mdic(bus, WRITE | (register << 16) | value);
}

/** A register of a page, by its whole number, as Linux' igb and DPDK read it. */
export function phyReadPaged(bus: RegisterBus, number: number): number {
  phyWrite(bus, PAGE_SELECT, number);
  const value = phyRead(bus, number & 0x1f);
  phyWrite(bus, PAGE_SELECT, 0);
  return value;
}

export function phyWritePaged(bus: RegisterBus, number: number, value: number): void {
  phyWrite(bus, PAGE_SELECT, number);
  phyWrite(bus, number & 0x1f, value);
  phyWrite(bus, PAGE_SELECT, 0);
}

/** Auto-negotiation on, and from the start. */
export function restartNegotiation(bus: RegisterBus): void {
  phyWrite(bus, 0, AUTO_NEGOTIATION);
}

/** What a machine must bring along so that `PciNic` makes a conformance machine of it: a bus with the NIC behind a root port. */
import type { DriverMemory, MachineMemory, PciConfig } from '../../../src/driver/index.ts';
import type { CardKind, DriverName, FarEnd } from '../machine.ts';

/** Memory whose allocator can be started again. */
export interface CaseMemory extends DriverMemory {
  freeAll(): void;
}

export interface Platform {
  readonly driver: DriverName;
  readonly card: CardKind;
  readonly described: string;
  readonly realTime: boolean;
  readonly config: PciConfig;
  /** Registers behind BARs, by address. */
  readonly registers: MachineMemory;
  readonly memory: CaseMemory;
  readonly wire: FarEnd;
  /** Routing id of the root port that leads to the NIC; its secondary bus is to be 1. */
  readonly rootPort: number;
  /** Where BARs may lie: 2 MiB, on a multiple of a megabyte. */
  readonly barBase: number;
  /** Address that a message for a slot is written to, with data that is not 0. */
  messageAddress(slot: number): number;
  /** Of `count` slots from `first` on those for which a message has come since the last call, counted from `first`. */
  takeMessages(first: number, count: number): number[];
  wait(durationNs: number): void;
  /** Drives a software-defined pin of the NIC from outside, where that can be. */
  readonly drivePin?: ((pin: number, level: boolean | undefined) => void) | undefined;
  close(): Promise<void> | void;
}

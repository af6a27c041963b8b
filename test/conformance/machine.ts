/**
 * An 82576 and what surrounds it, as a case sees them, whoever provides them. Calls are synchronous: when one returns, the
 * device has done all that it can do at the present time.
 */
import type { ConfigBus, DriverMemory, RegisterBus } from '../../src/driver/index.ts';

/** Who provides the machine. */
export type DriverName = 'process' | 'vfio-user' | 'qemu';

/** What is plugged in: a card with a copper port, with an SFP cage and a module in it, or with two copper ports. */
export type CardKind = 'copper' | 'sfp' | 'two ports';

/** A function of the NIC: BAR0, config space, MSI-X. */
export interface NicFunction extends RegisterBus, ConfigBus {
  /** Dwords behind another memory BAR; BAR1 is the flash. */
  bar(index: number): RegisterBus;
  /** Turns MSI-X on in config space, and gives every vector a message of its own, not masked. */
  enableMsix(): void;
  /** Masks or unmasks a vector in the table. */
  maskVector(vector: number, masked: boolean): void;
  /** Bit of a vector in the pending bit array. */
  isPending(vector: number): boolean;
  /** Vectors whose message came since the last call, each once, ascending. */
  takeVectors(): number[];
}

/** The other end of the cable. Frames are without FCS. */
export interface FarEnd {
  send(frame: Uint8Array): void;
  /** What the NIC has sent since the last call. */
  take(): Uint8Array[];
}

export interface ConformanceMachine {
  readonly driver: DriverName;
  /** In one line, with the version where there is one. */
  readonly described: string;
  readonly card: CardKind;
  readonly pf: NicFunction;
  /** The PF of port 1, where there is one. */
  readonly second: NicFunction | undefined;
  /** Rings and buffers of all functions lie here; `reset` takes everything back. */
  readonly memory: DriverMemory;
  readonly wire: FarEnd;
  /** The real clock runs, so `wait` takes that long and more may pass at any moment. */
  readonly realTime: boolean;
  /** Lets time pass. */
  wait(durationNs: number): void;
  /**
   * Function-level reset of the PF, after which BARs, bus mastering and a link are there again, and nothing else: no VFs, no
   * MSI-X, no message, no frame on the way. The PHY is as after power-up.
   */
  reset(): void;
  /** SR-IOV with the first `count` VFs, able to do DMA. */
  enableVfs(count: number): void;
  /** A VF that is enabled. */
  vf(index: number): NicFunction;
  /** Turns MSI on with a message of its own, counted as vector 0 of the PF. */
  enableMsi(): void;
  /** Drives a software-defined pin from outside, or lets it go, where a test can. */
  readonly drivePin?: ((pin: number, level: boolean | undefined) => void) | undefined;
  close(): Promise<void> | void;
}

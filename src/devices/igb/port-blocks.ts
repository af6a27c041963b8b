/** What a port is made of, as far as its registers act on it. */
import type { FlowControl } from './link/flow-control.ts';
import type { I2c } from './link/i2c.ts';
import type { Interrupts } from './interrupts/interrupts.ts';
import type { Link } from './link/link.ts';
import type { Mailbox } from './functions/mailbox.ts';
import type { Mdic } from './link/mdic.ts';
import type { Flash } from './nvm/flash.ts';
import type { Nvm } from './nvm/nvm.ts';
import type { SoftwarePins } from './time/pins.ts';
import type { Semaphores } from './semaphores.ts';
import type { Statistics } from './statistics.ts';
import type { TcpTimer } from './interrupts/tcp-timer.ts';
import type { TimeAuxiliary } from './time/time-auxiliary.ts';
import type { PortTime } from './time/time.ts';
import type { TransmitEngine } from './tx/index.ts';
import type { VfInterrupts } from './interrupts/vf-interrupts.ts';
import type { VfResources } from './functions/vf-resources.ts';
import type { WakeUp } from './wake/wake-up.ts';

/** A side of the data path, as far as registers control it. */
export interface QueueEngine {
  tailWritten(queue: number): void;
  /** Something that gates queues was written; -1 where it gates all of them. */
  controlWritten(queue: number): void;
  /** SWFLSH: descriptors that are done and held back are written back now. */
  flushWriteBacks(queue: number): void;
  /** Registers of one queue have been reset, as a VF's reset does. */
  resetQueue(queue: number): void;
  reset(): void;
}

/** The blocks that registers act on. */
export interface PortBlocks {
  readonly interrupts: Interrupts;
  readonly link: Link;
  readonly flow: FlowControl;
  readonly wake: WakeUp;
  readonly mdic: Mdic;
  readonly i2c: I2c;
  readonly nvm: Nvm;
  readonly flash: Flash;
  readonly time: PortTime;
  readonly auxiliary: TimeAuxiliary;
  readonly pins: SoftwarePins;
  readonly tcpTimer: TcpTimer;
  readonly mailbox: Mailbox;
  readonly vfInterrupts: VfInterrupts;
  readonly vfResources: VfResources;
  readonly semaphores: Semaphores;
  readonly statistics: Statistics;
  readonly transmit: QueueEngine & Pick<TransmitEngine, 'rateSelected' | 'rateWritten'>;
  readonly receive: QueueEngine;
}

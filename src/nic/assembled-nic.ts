/** The parts of a NIC that is put together, as commands find them. Device thread only. */
import type { CaptureSet } from '../capture/capture-set.ts';
import type { IgbPhysicalFunction } from '../devices/igb/functions/physical-function.ts';
import type { IgbPort } from '../devices/igb/port.ts';
import type { IgbVirtualFunctions } from '../devices/igb/functions/virtual-functions.ts';
import type { VmdHierarchy } from '../devices/vmd/index.ts';
import type { Faults } from '../faults/index.ts';
import type { PfManager } from '../hosted-pf/index.ts';
import type { EventLoop } from '../linux/index.ts';
import type { Trace } from '../ports/index.ts';
import type { Attachments } from './attachments.ts';
import type { Breaks } from './breaks.ts';
import type { NicConfig } from './config.ts';
import type { Netdevs } from './netdevs.ts';
import type { NicLint } from './nic-lint.ts';
import type { PortParts } from './port-parts.ts';
import type { RunState } from './run-state.ts';

export interface AssembledNic {
  readonly config: NicConfig;
  readonly loop: EventLoop;
  readonly trace: Trace;
  readonly pf: IgbPhysicalFunction;
  readonly port: IgbPort;
  readonly vfs: IgbVirtualFunctions;
  /** Port 1, where there are two; the above are those of port 0. */
  readonly second: PortParts | undefined;
  /** Where the PF is behind a VMD. */
  readonly hierarchy: VmdHierarchy | undefined;
  /** The driver of our own that drives a port's PF while no machine does. Only where VFs of that port are attached. */
  manager(port: number): PfManager | undefined;
  /** Sees to it that there is one: a VF of the port has been attached. */
  host(port: number): void;
  readonly attachments: Attachments;
  readonly netdevs: Netdevs;
  readonly captures: CaptureSet;
  readonly runState: RunState;
  readonly faults: Faults;
  readonly lint: NicLint;
  readonly breaks: Breaks;
  close(): void;
}

/** Everything that a monitor can be asked, a module a subject. */
import type { MonitorModule } from '../context.ts';
import { attachments } from './attachments.ts';
import { breaks } from './breaks.ts';
import { faults } from './faults.ts';
import { general } from './general.ts';
import { interrupts } from './interrupts.ts';
import { lint } from './lint.ts';
import { mailbox } from './mailbox.ts';
import { memory } from './memory.ts';
import { metrics } from './metrics.ts';
import { network } from './network.ts';
import { objects } from './objects.ts';
import { packets } from './packets.ts';
import { pci } from './pci.ts';
import { registers } from './registers.ts';
import { rings } from './rings.ts';
import { runState } from './run-state.ts';
import { rxFilter } from './rx-filter.ts';
import { statistics } from './statistics.ts';
import { localSwitch } from './switch.ts';
import { trace } from './trace.ts';
import { vfs } from './vfs.ts';

export const modules: readonly MonitorModule[] = [
  ...[attachments, breaks, faults, general, interrupts, lint, localSwitch, mailbox, memory, metrics, network, objects],
  ...[packets, pci, registers, rings, runState, rxFilter, statistics, trace, vfs],
];

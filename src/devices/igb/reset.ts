/** Resets of a port (reference §1.5): what each kind takes with it, and in which order. */
import type { ResetKind } from '../../pci/reset.ts';
import type { PortContext } from './context.ts';
import type { FlowControl } from './link/flow-control.ts';
import type { Interrupts } from './interrupts/interrupts.ts';
import type { Link } from './link/link.ts';
import type { Nvm } from './nvm/nvm.ts';
import type { Semaphores } from './semaphores.ts';
import type { TcpTimer } from './interrupts/tcp-timer.ts';
import type { TimeAuxiliary } from './time/time-auxiliary.ts';
import type { PortTime } from './time/time.ts';

/** Those of PCI, and `software`: CTRL.RST, which leaves the sticky registers (RXPBS, TXPBS, EITR). */
export type PortResetKind = ResetKind | 'software';

export interface ResettableParts {
  readonly interrupts: Pick<Interrupts, 'reset'>;
  readonly link: Pick<Link, 'reset' | 'phy'>;
  readonly nvm: Pick<Nvm, 'reset'>;
  readonly flash: { reset(): void };
  readonly flow: Pick<FlowControl, 'reset'>;
  readonly semaphores: Pick<Semaphores, 'reset'>;
  readonly time: Pick<PortTime, 'reset'>;
  readonly auxiliary: Pick<TimeAuxiliary, 'reset'>;
  readonly tcpTimer: Pick<TcpTimer, 'reset'>;
  readonly transmit: { reset(): void };
  readonly receive: { reset(): void };
  readonly vfInterrupts: { reset(): void };
}

const registerResets = {
  fundamental: 'power-up',
  hot: 'device',
  flr: 'device',
  d3hot: 'device',
  software: 'software',
} as const satisfies Record<PortResetKind, 'power-up' | 'device' | 'software'>;

/**
 * Registers go first, so that nothing that a block does afterwards acts on what the guest had set up; interrupts come last and
 * find no cause. Only a fundamental or hot reset reaches the PHY: through all others the link stays (contradiction 17).
 */
export function resetPort(context: PortContext, parts: ResettableParts, kind: PortResetKind): void {
  context.registers.reset(registerResets[kind]);
  context.settings.version += 1;
  parts.semaphores.reset(kind);
  parts.nvm.reset();
  parts.flash.reset();
  parts.flow.reset();
  parts.transmit.reset();
  parts.receive.reset();
  parts.time.reset();
  parts.auxiliary.reset();
  parts.tcpTimer.reset();
  parts.vfInterrupts.reset();
  parts.link.phy.holdInReset(false);
  if (kind === 'fundamental' || kind === 'hot') parts.link.phy.reset();
  parts.link.reset();
  parts.interrupts.reset();
}

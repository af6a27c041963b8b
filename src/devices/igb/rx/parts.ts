import type { FlowControl } from '../link/flow-control.ts';
import type { Interrupts } from '../interrupts/interrupts.ts';
import type { Statistics } from '../statistics.ts';
import type { PortTime } from '../time/time.ts';

/** What reception needs of the port's other blocks. */
export interface ReceiveParts {
  readonly interrupts: Pick<Interrupts, 'raise' | 'receiveDone' | 'quietUntil'>;
  readonly statistics: Pick<
    Statistics,
    | 'count'
    | 'received'
    | 'receivedSize'
    | 'receivedSum'
    | 'filtered'
    | 'delivered'
    | 'deliveredSum'
    | 'deliveredGroup'
    | 'deliveredLocally'
    | 'queueDropped'
  >;
  /** The clock for time stamps (§4.9); without it none are taken. */
  readonly time?: PortTime;
  /** Pause frames; without it they are only dropped. */
  readonly flow?: Pick<FlowControl, 'received' | 'filled' | 'sends'>;
}

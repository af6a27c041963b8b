/** Accesses in a binary trace of `igb_reg_*` and `igb_vf_reg_*`, apart for PF and VFs. */
import { openTrace } from '../../src/trace/binary-reader.ts';
import { Touches } from './touches.ts';

export interface TraceTouches {
  readonly pf: Touches;
  readonly vf: Touches;
  /** Records that the trace could not keep. */
  lost: number;
}

/**
 * A VF's access to what is the port's as well shows as one of the port, too: right before a read of the VF, right behind a
 * write, with the same value. That echo is not the PF's driver. What comes later than `untilNs` does not count.
 */
export function touchesOfTrace(path: string, untilNs = Infinity): TraceTouches {
  const result: TraceTouches = { pf: new Touches(), vf: new Touches(), lost: 0 };
  /** A read of the port that may turn out to be an echo. */
  let pending: readonly [offset: number, value: number] | undefined;
  /** What a VF has just written. */
  let written: number | undefined;
  const settle = (): void => {
    if (pending !== undefined) result.pf.read('pf', pending[0]);
    pending = undefined;
  };
  for (const { name, args, timeNs } of openTrace(path).records) {
    if (timeNs > untilNs) break;
    const value = args.at(-1)!;
    if (name === 'igb_vf_reg_read') {
      if (pending?.[1] === value) pending = undefined;
      settle();
      result.vf.read('vf', args[1]!);
      written = undefined;
      continue;
    }
    settle();
    if (name === 'igb_vf_reg_write') result.vf.write('vf', args[1]!, value);
    else if (name === 'igb_reg_read') pending = [args[0]!, value];
    else if (name === 'igb_reg_write' && written !== value) result.pf.write('pf', args[0]!, value);
    else if (name === 'trace_lost') result.lost += value;
    written = name === 'igb_vf_reg_write' ? value : undefined;
  }
  settle();
  return result;
}

import { POOLS } from '../../devices/igb/context.ts';
import type { PfStatus, VfSettings } from '../../hosted-pf/index.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { NicError } from '../errors.ts';
import { partsOf } from '../functions.ts';

/** Who has each VF, and how the PF treats it where that is ours. */
export interface VfsStatus {
  /** VFs that the PF's guest has enabled. */
  readonly enabled: number;
  readonly vfs: readonly {
    /** A machine is attached to its own socket. */
    readonly attached: boolean;
    /** It has its queues and vectors. */
    readonly live: boolean;
    /** Accesses of the PF's guest while it was elsewhere. */
    readonly refused: number;
  }[];
  /** Undefined where a machine drives the PF. */
  readonly hosted: PfStatus | undefined;
}

export function vfsStatus(nic: AssembledNic, { port: number }: { readonly port: number }): VfsStatus {
  const { pf, port, vfs } = partsOf(nic, number);
  const hosted = nic.manager(number)?.status();
  return {
    enabled: pf.sriov.enabled ? pf.sriov.numVfs : 0,
    vfs: Array.from({ length: POOLS }, (_, vf) => ({
      attached: vfs.isAttached(vf),
      live: port.blocks.vfResources.live[vf] === 1,
      refused: vfs.hierarchy[vf]!.refused,
    })),
    hosted: hosted?.running === true ? hosted : undefined,
  };
}

/** Changes settings of a VF while the PF is ours. */
export function setVf(
  nic: AssembledNic,
  { port, vf, change }: { readonly port: number; readonly vf: number; readonly change: Partial<VfSettings> },
): void {
  const manager = nic.manager(port);
  if (manager?.status().running !== true) {
    throw new NicError('PF_NOT_HOSTED', `a machine has the PF: use ip link set DEV vf ${vf} … there`);
  }
  manager.setVf(vf, change);
}

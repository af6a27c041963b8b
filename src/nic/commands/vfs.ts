import { POOLS } from '../../devices/igb/context.ts';
import type { PfStatus, VfSettings } from '../../hosted-pf/index.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { NicError } from '../errors.ts';

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

export function vfsStatus({ pf, port, vfs, manager }: AssembledNic): VfsStatus {
  const hosted = manager?.status();
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
  { manager }: AssembledNic,
  { vf, change }: { readonly vf: number; readonly change: Partial<VfSettings> },
): void {
  if (manager?.status().running !== true) {
    throw new NicError('PF_NOT_HOSTED', `a machine has the PF: use ip link set DEV vf ${vf} … there`);
  }
  manager.setVf(vf, change);
}

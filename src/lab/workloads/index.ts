import type { Workload } from '../workload.ts';
import { breaking } from './break.ts';
import { hungQueue } from './cases/hung-queue.ts';
import { lostPacket } from './cases/lost-packet.ts';
import { reentrantDma } from './cases/reentrant-dma.ts';
import { ethtool } from './ethtool/ethtool.ts';
import { neighbours } from './sriov/neighbours.ts';
import { faults } from './faults.ts';
import { matrix } from './matrix/workload.ts';
import { dpdk } from './dpdk/workload.ts';
import { lint } from './lint.ts';
import { link } from './link.ts';
import { monitor } from './monitor.ts';
import { ping } from './ping.ts';
import { ports } from './ports.ts';
import { power } from './power.ts';
import { probe } from './probe.ts';
import { qos } from './qos.ts';
import { ptp } from './ptp/workload.ts';
import { pxe } from './pxe.ts';
import { reload } from './reload.ts';
import { reset } from './reset.ts';
import { sriov } from './sriov/sriov.ts';
import { vfSettings } from './sriov/vf-settings.ts';
import { tcp } from './tcp.ts';
import { udp } from './udp.ts';
import { vlan } from './vlan.ts';
import { wake } from './wake.ts';

/** In the order in which `lab run all` takes them. */
export const workloads: readonly Workload[] = [
  ...[
    probe,
    ping,
    tcp,
    udp,
    vlan,
    link,
    reload,
    reset,
    power,
    wake,
    ports,
    ptp,
    monitor,
    faults,
    ethtool,
    lint,
    pxe,
    qos,
  ],
  ...[sriov, vfSettings, neighbours, matrix],
  ...[dpdk, breaking],
  // They share a guest: the one that makes virtual functions comes last.
  ...[hungQueue, reentrantDma, lostPacket],
];

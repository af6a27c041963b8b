import type { ExternalHost } from './external-host.ts';
import type { Fleet, FleetGuest } from './fleet.ts';
import type { Lab } from './lab.ts';
import type { Reporter } from './reporter.ts';
import type { Scene, SceneOptions } from './scene.ts';

/** What a workload may use. Each promise that it awaits rejects when the run is cancelled. */
export interface WorkloadContext {
  readonly lab: Lab;
  readonly host: ExternalHost;
  readonly step: Reporter['step'];
  /** The run's folder. */
  readonly folder: string;
  /** Prints text below the steps, a table say. */
  print(text: string): void;
  /** Puts findings beside the steps into the run's JSON. */
  keep(findings: unknown): void;
  /** A guest with the NIC up: the one of the workload before where that fits and is not wanted fresh. */
  open(options: SceneOptions, fresh?: boolean): Promise<Scene>;
  /**
   * Our NIC for several guests; undefined where the NIC is QEMU's own, which lives in one guest. On a plain wire the NIC
   * finishes all frames by itself.
   */
  readonly openFleet?: (guests: readonly FleetGuest[], plainWire?: boolean) => Promise<Fleet>;
  /** Two guests, each with a NIC of ours, and a cable between the two; the external host is not on it. */
  readonly openPair?: () => Promise<readonly [Scene, Scene]>;
  /** Boots the same guest without the NIC and gives its kernel log, raw. */
  bareLog(options: SceneOptions): Promise<string>;
}

export interface Workload {
  readonly name: string;
  /** One line for `lab list`. */
  readonly summary: string;
  run(context: WorkloadContext): Promise<void>;
}

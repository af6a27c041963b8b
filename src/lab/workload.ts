import type { ExternalHost } from './external-host.ts';
import type { Reporter } from './reporter.ts';
import type { Scene, SceneOptions } from './scene.ts';

/** What a workload may use. Each promise that it awaits rejects when the run is cancelled. */
export interface WorkloadContext {
  readonly host: ExternalHost;
  readonly step: Reporter['step'];
  /** A guest with the NIC up: the one of the workload before where that fits and is not wanted fresh. */
  open(options: SceneOptions, fresh?: boolean): Promise<Scene>;
  /** Boots the same guest without the NIC and gives its kernel log, raw. */
  bareLog(options: SceneOptions): Promise<string>;
}

export interface Workload {
  readonly name: string;
  /** One line for `lab list`. */
  readonly summary: string;
  run(context: WorkloadContext): Promise<void>;
}

/** What the monitor answers, by its own types. */
import type { HistogramValue, Metric, SampledMetric } from '../../metrics/prometheus-text.ts';
import type { FaultRow } from '../../monitor/modules/faults.ts';
import type { NetworkStatus } from '../../monitor/modules/network.ts';
import type { TraceLine } from '../../monitor/modules/packets.ts';
import type { RegisterStatus } from '../../monitor/modules/registers.ts';
import type { Ring } from '../../monitor/modules/rings.ts';
import type { SwitchStatus } from '../../monitor/modules/switch.ts';
import type { VfRow } from '../../monitor/modules/vfs.ts';
import type { CaptureState } from '../../nic/captures.ts';

export type {
  CaptureState,
  FaultRow,
  HistogramValue,
  Metric,
  NetworkStatus,
  RegisterStatus,
  Ring,
  SampledMetric,
  SwitchStatus,
  TraceLine,
  VfRow,
};

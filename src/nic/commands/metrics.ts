import type { Metric } from '../../metrics/prometheus-text.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { deviceMetrics } from '../device-metrics.ts';

export function metrics(nic: AssembledNic): Metric[] {
  return deviceMetrics(nic);
}

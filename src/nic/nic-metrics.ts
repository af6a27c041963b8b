/** All metrics of a running NIC: those of its device thread, of its captures and traces, and of the process. */
import { processMetrics } from '../metrics/process-metrics.ts';
import type { Metric, Sample } from '../metrics/prometheus-text.ts';
import type { TraceControl } from '../trace/control.ts';
import type { Captures } from './captures.ts';

/** What of a NIC has metrics. */
export interface MetricSource {
  readonly captures: Captures;
  readonly trace: TraceControl;
  request(command: 'metrics'): Promise<Metric[]>;
}

function captureMetrics({ captures }: MetricSource): Metric[] {
  const list = captures.list();
  const samples = (figure: 'seen' | 'lost'): Sample[] =>
    list.flatMap(({ id, points }) =>
      points.map((point) => ({ labels: { capture: id, point: point.name }, value: point[figure] })),
    );
  return [
    {
      name: 'outboard_capture_packets_total',
      help: 'Frames that passed a captured point while its capture was on.',
      type: 'counter',
      samples: samples('seen'),
    },
    {
      name: 'outboard_capture_lost_packets_total',
      help: 'Those of them that came faster than they could be written.',
      type: 'counter',
      samples: samples('lost'),
    },
  ];
}

function traceMetrics({ trace }: MetricSource): Metric {
  return {
    name: 'outboard_trace_lost_records_total',
    help: 'Trace records that came faster than they could be written.',
    type: 'counter',
    samples: [{ labels: {}, value: trace.lost }],
  };
}

/** Rejects where the device thread has ended. */
export async function nicMetrics(nic: MetricSource): Promise<Metric[]> {
  return [...(await nic.request('metrics')), ...captureMetrics(nic), traceMetrics(nic), ...processMetrics()];
}

/** Prometheus' text exposition format, version 0.0.4. */

export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Durations or sizes by bucket: `counts[n]` values up to `bounds[n]` and above the bound before; the last bound is Infinity. */
export interface HistogramValue {
  readonly labels: Labels;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

interface Family {
  /** In base units; a counter's ends in `_total`. */
  readonly name: string;
  /** One line. */
  readonly help: string;
}

export type SampledMetric = Family & { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] };

/** A metric; samples appear in the order given, labels as their objects have them. */
export type Metric =
  SampledMetric | (Family & { readonly type: 'histogram'; readonly histograms: readonly HistogramValue[] });

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(String(text))}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`;
}

function histogramLines(name: string, { labels, bounds, counts, sum }: HistogramValue): string[] {
  let total = 0;
  const buckets = bounds.map((bound, index) => {
    total += counts[index]!;
    return line(`${name}_bucket`, { ...labels, le: number(bound) }, total);
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)];
}

/** All metrics as text. */
export function prometheusText(metrics: readonly Metric[]): string {
  const lines: string[] = [];
  for (const metric of metrics) {
    const { name, help, type } = metric;
    lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
    if (metric.type === 'histogram') lines.push(...metric.histograms.flatMap((value) => histogramLines(name, value)));
    else lines.push(...metric.samples.map(({ labels, value }) => line(name, labels, value)));
  }
  return `${lines.join('\n')}\n`;
}

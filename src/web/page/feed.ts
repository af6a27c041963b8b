/** What the page asks for every second, whatever is shown: the figures, and who is there. */
import type { Metric, NetworkStatus, SampledMetric, VfRow } from './answers.ts';
import { askAll } from './ask.ts';
import { Rates, sums } from './rates.ts';
import { Typical } from './typical.ts';

export interface Socket {
  readonly id: string;
  readonly kind: string;
  readonly path: string;
  readonly attached: boolean;
}

export interface VfStatus {
  /** The PF is ours. */
  readonly hosted: boolean;
  readonly vfs: readonly VfRow[];
}

export interface Moment {
  readonly running: boolean;
  readonly network: NetworkStatus;
  /** By port, of those that are known already. */
  readonly vfs: readonly VfStatus[];
  readonly sockets: readonly Socket[];
  readonly metrics: ReadonlyMap<string, Metric>;
}

const traffic = ['receive', 'transmit'] as const;
const units = ['packets', 'bytes'] as const;

export class Feed {
  readonly rates: Rates;
  readonly turnSeconds: Typical;
  moment: Moment | undefined;
  #atMs: number;

  constructor() {
    this.rates = new Rates();
    this.turnSeconds = new Typical();
    this.moment = undefined;
    this.#atMs = 0;
  }

  async update(): Promise<void> {
    const numbers = Array.from({ length: this.moment?.network.ports.length ?? 1 }, (_, port) => port);
    const answers = await askAll([
      ['query-status'],
      ['query-network'],
      ['query-qtree'],
      ['query-metrics'],
      ...numbers.map((port) => ['query-vf', { port }] as const),
    ]);
    const [status, network, tree, metrics, ...vfs] = answers as [
      { running: boolean },
      NetworkStatus,
      { sockets: Socket[] },
      Metric[],
      ...VfStatus[],
    ];
    const now = performance.now();
    const byName = new Map(metrics.map((metric) => [metric.name, metric]));
    this.#count(byName, (now - this.#atMs) / 1000);
    this.#atMs = now;
    this.moment = { ...status, network, vfs, sockets: tree.sockets, metrics: byName };
  }

  #count(metrics: ReadonlyMap<string, Metric>, seconds: number): void {
    const sampled = (name: string): SampledMetric | undefined => metrics.get(name) as SampledMetric | undefined;
    const put = (prefix: string, totals: ReadonlyMap<string, number>): void => {
      for (const [key, total] of totals) this.rates.get(`${prefix} ${key}`).update(total, seconds);
    };
    for (const way of traffic) {
      for (const unit of units) {
        const metric = sampled(`outboard_function_${way}_${unit}_total`);
        put(`${way} ${unit}`, sums(metric, ['port', 'function']));
        put(`${way} ${unit} port`, sums(metric, ['port']));
        put(`${way} ${unit} netdev`, sums(sampled(`outboard_netdev_${way}_${unit}_total`), ['netdev']));
      }
    }
    put('drops', sums(sampled('outboard_dropped_packets_total'), ['port', 'reason']));
    put('drops port', sums(sampled('outboard_dropped_packets_total'), ['port']));
    put('drops of', sums(sampled('outboard_function_dropped_packets_total'), ['port', 'function']));
    put('interrupts port', sums(sampled('outboard_interrupts_total'), ['port']));
    const turns = metrics.get('outboard_turn_duration_seconds');
    const [turn] = turns?.type === 'histogram' ? turns.histograms : [];
    if (turn !== undefined) this.turnSeconds.update(turn);
    put('processor', sums(sampled('process_cpu_seconds_total'), []));
  }
}

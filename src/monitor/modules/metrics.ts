/** The figures of docs/metrics.md, for who has a monitor and no Prometheus. */
import picomatch from 'picomatch';
import * as v from 'valibot';
import { prometheusText } from '../../metrics/prometheus-text.ts';
import { nicMetrics } from '../../nic/nic-metrics.ts';
import { MonitorError, type MonitorModule, query } from '../context.ts';

export const metrics: MonitorModule = {
  queries: [
    query({
      name: 'metrics',
      usage: '[NAME…]',
      doc: 'the metrics that Prometheus gets, or those that globs such as *_dropped_* name',
      schema: v.strictObject({
        names: v.optional(v.array(v.pipe(v.string(), v.maxLength(100, 'is too long'))), []),
      }),
      parse: (names) => ({ names }),
      fetch: async ({ nic }, { names }) => {
        const all = await nicMetrics(nic);
        if (names.length === 0) return all;
        const tests = names.map((glob) => picomatch(glob, { noextglob: true }));
        const found = all.filter(({ name }) => tests.some((matches) => matches(name)));
        if (found.length === 0) throw new MonitorError('UNKNOWN', `no metric is named ${names.join(' or ')}`);
        return found;
      },
      render: (found) => prometheusText(found).trimEnd(),
    }),
  ],
};

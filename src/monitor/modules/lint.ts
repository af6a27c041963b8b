/** What drivers do wrong. */
import * as v from 'valibot';
import { findingPlace } from '../../lint/index.ts';
import type { NicLintReport } from '../../nic/nic-lint.ts';
import { none } from '../arguments.ts';
import { MonitorError, type MonitorModule, qmp, query } from '../context.ts';
import type { Style } from '../style.ts';

function render({ on, findings, unlisted }: NicLintReport, style: Style): string {
  const state = on ? [] : ['lint is off: "lint on" begins, as does outboard nic --lint'];
  if (findings.length === 0) return [...state, ...(on ? ['no driver has done anything wrong'] : [])].join('\n');
  const table = style.table(
    ['count', 'rule', 'where', 'the driver', 'reference', 'first'],
    findings.map((finding) => [
      String(finding.count),
      [finding.rule, 'yellow'],
      findingPlace(finding),
      finding.wrong,
      `§${finding.section}`,
      finding.detail,
    ]),
  );
  const more = unlisted === 0 ? [] : [`and ${unlisted} at other places`];
  return [...state, table, ...more].join('\n');
}

export const lint: MonitorModule = {
  queries: [
    query({
      name: 'lint',
      doc: 'what drivers have done wrong',
      schema: none,
      fetch: ({ nic }) => nic.request('lint'),
      render,
    }),
  ],
  commands: [
    {
      name: 'lint',
      usage: 'on|off',
      doc: 'look at what drivers do, and tell of mistakes',
      run: async ({ nic }, words) => {
        const [word, ...more] = words;
        if (more.length > 0 || (word !== 'on' && word !== 'off'))
          throw new MonitorError('USAGE', 'lint takes on or off; "info lint" shows what was found');
        await nic.request('setLint', { on: word === 'on' });
        return '';
      },
      complete: () => ['on', 'off'],
    },
  ],
  qmp: {
    'set-lint': qmp(v.strictObject({ on: v.boolean() }), ({ nic }, { on }) => nic.request('setLint', { on })),
  },
};

/** What was lost and why, and all other figures, searchable. */
import type { Metric } from './answers.ts';
import { card, type Child, h, morph, table } from './dom.ts';
import type { Feed } from './feed.ts';
import { grouped, short } from './figures.ts';
import { spark } from './chart.ts';
import { POINTS } from './rates.ts';
import type { View } from './view.ts';

const MOST_ROWS = 300;

export class Figures implements View {
  readonly name = 'figures';
  readonly title = 'Figures';
  readonly icon = 'M4 20V10h4v10zM10 20V4h4v16zM16 20v-7h4v7z';
  readonly element: HTMLElement;
  readonly everyMs = 1000;
  readonly #feed: Feed;
  readonly #drops: HTMLElement;
  readonly #search: HTMLInputElement;
  readonly #list: HTMLElement;

  constructor(feed: Feed) {
    this.#feed = feed;
    this.#drops = h('div');
    this.#list = h('div');
    this.#search = h('input', {
      ...{ type: 'search', placeholder: 'queue 3, interrupts, turn …', 'aria-label': 'Names or labels of figures' },
      oninput: () => void this.update(),
    });
    const all = card('All figures', h('div', { class: 'bar' }, this.#search), this.#list);
    this.element = h('div', { class: 'view' }, this.#drops, all);
  }

  focusSearch(): void {
    this.#search.focus();
  }

  update(): Promise<void> {
    const { moment, rates } = this.#feed;
    if (moment === undefined) return Promise.resolve();
    const lost = rates.below('drops ').flatMap(([key, rate]) => {
      const [port = '', reason] = key.split(' ');
      return reason === undefined || !/^\d$/.test(port) || rate.total === 0 ? [] : [{ port, reason, rate }];
    });
    const rows = lost
      .sort((one, other) => other.rate.total - one.rate.total)
      .map(({ port, reason, rate }): Child[] => [
        ...[h('code', {}, reason), port, grouped(rate.total), short(rate.now, 'p/s')],
        spark({ name: reason, kind: 'bad', values: rate.history }, POINTS),
      ]);
    const columns = [
      { title: 'reason' },
      ...['port', 'frames', 'now'].map((title) => ({ title, numeric: true })),
      { title: 'last minute' },
    ];
    const none = h('p', { class: 'empty' }, 'No frame was dropped.');
    const shown = rows.length === 0 ? none : table('Frames dropped, by reason', columns, rows);
    morph(this.#drops, h('div', {}, card('Dropped, and why', shown)));
    this.#showAll([...moment.metrics.values()]);
    return Promise.resolve();
  }

  #showAll(metrics: readonly Metric[]): void {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = metrics.flatMap((metric) => {
      if (metric.type === 'histogram') return [];
      return metric.samples.flatMap(({ labels, value }): Child[][] => {
        const tags = Object.entries(labels).map(([name, label]) => `${name} ${label}`);
        const text = `${metric.name} ${tags.join(' ')}`.toLowerCase();
        const wanted = words.length === 0 ? value !== 0 : words.every((word) => text.includes(word));
        if (!wanted) return [];
        return [[h('span', { title: metric.help }, h('code', {}, metric.name)), tags.join(', '), grouped(value)]];
      });
    });
    const columns = [{ title: 'figure' }, { title: 'of' }, { title: 'value', numeric: true }];
    const more = rows.length - MOST_ROWS;
    morph(
      this.#list,
      h(
        'div',
        {},
        rows.length === 0
          ? h('p', { class: 'empty' }, 'No figure has such a name.')
          : table('All figures that are not 0', columns, rows.slice(0, MOST_ROWS)),
        more > 0 && h('p', { class: 'hint' }, `and ${more} more`),
      ),
    );
  }
}

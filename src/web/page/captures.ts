/** Captures: which there are, what they saw, and new ones. */
import type { CaptureState } from './answers.ts';
import { ask, attempt, say } from './ask.ts';
import { card, h, morph, table, toggle } from './dom.ts';
import { grouped } from './figures.ts';
import { field, valuesOf } from './form.ts';
import type { View } from './view.ts';

/** A point as `filter-dump` names it. */
type Point = Readonly<Record<string, string>>;

export class Captures implements View {
  readonly name = 'captures';
  readonly title = 'Captures';
  readonly icon = 'M4 6h3l2-2h6l2 2h3v13H4zm8 2.500a4.500 4.500 0 1 0 .01 0z';
  readonly element: HTMLElement;
  readonly everyMs = 1000;
  readonly #netdevs: () => readonly string[];
  readonly #list: HTMLElement;
  readonly #point: HTMLSelectElement;

  constructor(netdevs: () => readonly string[]) {
    this.#netdevs = netdevs;
    this.#list = h('div');
    this.#point = h('select', { name: 'point' });
    const form = h(
      'form',
      { class: 'form', onsubmit: (event: SubmitEvent) => this.#add(event) },
      field('Name', h('input', { name: 'id', required: true, value: 'f0', pattern: '[A-Za-z][A-Za-z0-9._\\-]*' })),
      field('What', this.#point),
      field('File on the host', h('input', { name: 'file', required: true, placeholder: '/tmp/x.pcapng' })),
      field(
        'Bytes of a frame',
        h('input', { name: 'maxlen', type: 'number', min: 1, max: 65536, placeholder: '65536' }),
      ),
      h('button', { class: 'primary' }, 'Capture'),
    );
    const hint = 'A relative file lies where the NIC was started. tshark and Wireshark read it while it grows.';
    this.element = h('div', { class: 'view' }, this.#list, card('New capture', form, h('p', { class: 'hint' }, hint)));
  }

  async update(): Promise<void> {
    const points = pointsOf(this.#netdevs());
    const chosen = this.#point.value;
    morph(
      this.#point,
      h('select', {}, ...points.map(([label, point]) => h('option', { value: JSON.stringify(point) }, label))),
    );
    if (chosen !== '') this.#point.value = chosen;
    const captures = await ask<CaptureState[]>('query-capture');
    const rows = captures.flatMap((capture) => this.#rows(capture));
    const columns = [
      ...['capture', 'on', 'point'].map((title) => ({ title })),
      ...['seen', 'lost'].map((title) => ({ title, numeric: true })),
      ...['file', ''].map((title) => ({ title })),
    ];
    const none = h('p', { class: 'empty' }, 'Nothing is captured.');
    morph(this.#list, h('div', {}, card('Captures', captures.length === 0 ? none : table('Captures', columns, rows))));
  }

  #rows({ id, file, status, failure, points }: CaptureState): Parameters<typeof table>[2][number][] {
    const press = (on: boolean): Promise<boolean> =>
      attempt(() => ask('qom-set', { path: `/objects/${id}`, property: 'status', value: on }));
    const end = (): Promise<boolean> => attempt(() => ask('object-del', { id }));
    return points.map(({ name, seen, lost }, index) => [
      index === 0 && h('b', {}, id),
      index === 0 && toggle(`Capture ${id}`, status === 'on', press),
      name,
      grouped(seen),
      grouped(lost),
      index === 0 && h('code', {}, failure === undefined ? file : `${file}: ${failure}`),
      index === 0 && h('button', { type: 'button', class: 'small', onclick: end, 'aria-label': `End ${id}` }, 'End'),
    ]);
  }

  async #add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { id, file, maxlen, point } = valuesOf(event.target as HTMLFormElement);
    const given = {
      ...{ 'qom-type': 'filter-dump', id, file, ...(JSON.parse(point!) as Point) },
      ...(maxlen === undefined ? {} : { maxlen }),
    };
    if (!(await attempt(() => ask('object-add', given)))) return;
    say(`${id} captures to ${file}`);
    await this.update();
  }
}

function pointsOf(netdevs: readonly string[]): [string, Point][] {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  return [
    ['every point', { points: 'all' }],
    ['drops, with reasons', { points: 'drops' }],
    ...netdevs.map((netdev): [string, Point] => [`the wire ${netdev}`, { netdev }]),
    ...['pf', ...numbers(8).map((vf) => `vf${vf}`)].map((name): [string, Point] => [
      `function ${name}`,
      { function: name },
    ]),
    ...numbers(8).map((pool): [string, Point] => [`pool ${pool}`, { pool: String(pool) }]),
    ...['rx', 'tx'].flatMap((way) =>
      numbers(16).map((n): [string, Point] => [`queue ${way}${n}`, { queue: `${way}${n}` }]),
    ),
  ];
}

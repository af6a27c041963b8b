/** Captures: which there are, what they saw, and new ones. */
import type { CaptureState } from './answers.ts';
import { ask, attempt, say } from './ask.ts';
import { card, h, morph, table, toggle } from './dom.ts';
import { grouped } from './figures.ts';
import { field, valuesOf } from './form.ts';
import type { View } from './view.ts';

/** Captures of so many points show those that saw something. */
const FEW = 5;

/** A point as `filter-dump` names it. */
type Point = Readonly<Record<string, string>>;

export class Captures implements View {
  readonly name = 'captures';
  readonly title = 'Captures';
  readonly icon = 'M4 6h3l2-2h6l2 2h3v13H4zm8 2.500a4.500 4.500 0 1 0 .01 0z';
  readonly element: HTMLElement;
  readonly everyMs = 1000;
  readonly #functions: () => readonly string[];
  readonly #netdevs: () => readonly string[];
  readonly #list: HTMLElement;
  readonly #point: HTMLSelectElement;
  readonly #id: HTMLInputElement;

  constructor(functions: () => readonly string[], netdevs: () => readonly string[]) {
    this.#functions = functions;
    this.#netdevs = netdevs;
    this.#list = h('div');
    this.#point = h('select', { name: 'point' });
    this.#id = h('input', { name: 'id', required: true, value: 'f0', pattern: '[A-Za-z][A-Za-z0-9._\\-]*' });
    const form = h(
      'form',
      { class: 'form', onsubmit: (event: SubmitEvent) => this.#add(event) },
      field('Name', this.#id),
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
    const points = pointsOf(this.#functions(), this.#netdevs());
    const chosen = this.#point.value;
    morph(
      this.#point,
      h('select', {}, ...points.map(([label, point]) => h('option', { value: JSON.stringify(point) }, label))),
    );
    if (chosen === '') this.#point.selectedIndex = 0;
    else this.#point.value = chosen;
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
    const busy = points.length < FEW ? points : points.filter(({ seen }) => seen > 0);
    const quiet = points.length - busy.length;
    const rest =
      quiet === 0 ? [] : [{ name: `${quiet} points that saw nothing yet`, seen: undefined, lost: undefined }];
    return [...busy, ...rest].map(({ name, seen, lost }, index) => [
      index === 0 && h('b', {}, id),
      index === 0 && toggle(`Capture ${id}`, status === 'on', press),
      name,
      seen === undefined ? '' : grouped(seen),
      lost === undefined ? '' : grouped(lost),
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
    this.#id.value = nextName(id!);
    say(`${id} captures to ${file}`);
    await this.update();
  }
}

/** `f1` behind `f0`. */
const nextName = (name: string): string => name.replace(/\d*$/, (digits) => String(Number(digits) + 1));

/** Those of port 1 have the name of its PF in front. */
function pointsOf(functions: readonly string[], netdevs: readonly string[]): [string, Point][] {
  const ports = ['', 'pf1'].filter((port) => port === '' || functions.includes(port));
  const of = (count: number, name: string): string[] =>
    ports.flatMap((port) => Array.from({ length: count }, (_, n) => `${port}${name}${n}`));
  const points = (names: readonly string[], kind: string): [string, Point][] =>
    names.map((name) => [`${kind} ${name}`, { [kind]: name }]);
  return [
    ['every point', { points: 'all' }],
    ['drops, with reasons', { points: 'drops' }],
    ...netdevs.map((netdev): [string, Point] => [`the wire ${netdev}`, { netdev }]),
    ...points(functions, 'function'),
    ...points(of(8, 'pool'), 'pool'),
    ...points([...of(16, 'rx'), ...of(16, 'tx')], 'queue'),
  ];
}

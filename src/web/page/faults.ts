/** Faults on demand: those that are set, how often they struck, and new ones. */
import type { FaultRow } from './answers.ts';
import { ask, attempt, say } from './ask.ts';
import { badge, card, h, morph, table } from './dom.ts';
import { grouped } from './figures.ts';
import { field, valuesOf } from './form.ts';
import type { View } from './view.ts';

/** Kinds, and which of the keys below they take. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  drop: ['direction'],
  duplicate: ['direction'],
  reorder: ['direction', 'delay'],
  delay: ['direction', 'delay'],
  'bad-fcs': ['direction'],
  'link-flap': ['down', 'period'],
  'lost-interrupt': ['function', 'vector'],
  'delayed-interrupt': ['function', 'vector', 'delay'],
  'corrupt-write-back': ['function', 'direction', 'queue'],
  'stuck-descriptor': ['function', 'direction', 'queue'],
  'dma-error': ['function', 'direction', 'queue'],
  'mailbox-loss': ['function', 'to'],
};

const options = (words: readonly string[]): HTMLElement[] =>
  words.map((word) => h('option', { value: word }, word === '' ? 'any' : word));

const functions = ['', 'pf', ...Array.from({ length: 8 }, (_, vf) => `vf${vf}`)];
const controls: readonly (readonly [key: string, label: string, control: HTMLElement])[] = [
  ['port', 'Port', h('select', { name: 'port' }, ...options(['0', '1']))],
  ['direction', 'Direction', h('select', { name: 'direction' }, ...options(['', 'rx', 'tx']))],
  ['function', 'Function', h('select', { name: 'function' }, ...options(functions))],
  ['queue', 'Queue', h('input', { name: 'queue', type: 'number', min: 0, max: 15, placeholder: 'any' })],
  ['vector', 'Vector', h('input', { name: 'vector', type: 'number', min: 0, max: 9, placeholder: 'any' })],
  ['to', 'To', h('select', { name: 'to' }, ...options(['', 'pf', 'vf']))],
  ['delay', 'Delay', h('input', { name: 'delay', placeholder: '10ms' })],
  ['down', 'Down for', h('input', { name: 'down', placeholder: '500ms' })],
  ['period', 'Each', h('input', { name: 'period', placeholder: '5s' })],
];

export class FaultsView implements View {
  readonly name = 'faults';
  readonly title = 'Faults';
  readonly icon = 'M13 2L4 14h6l-1 8 9-12h-6z';
  readonly element: HTMLElement;
  readonly everyMs = 1000;
  readonly #ports: () => number;
  readonly #list: HTMLElement;
  readonly #kind: HTMLSelectElement;
  readonly #fields: ReadonlyMap<string, HTMLElement>;

  constructor(ports: () => number) {
    this.#ports = ports;
    this.#list = h('div');
    this.#kind = h('select', { name: 'kind', onchange: () => this.#choose() }, ...options(Object.keys(kinds)));
    this.#fields = new Map(controls.map(([key, label, control]) => [key, field(label, control)]));
    const form = h(
      'form',
      { class: 'form', onsubmit: (event: SubmitEvent) => this.#add(event) },
      field('Kind', this.#kind),
      ...this.#fields.values(),
      field('Times', h('input', { name: 'count', type: 'number', min: 1, placeholder: 'once' })),
      field('Probability', h('input', { name: 'probability', type: 'number', min: 0, max: 1, step: 'any' })),
      field('Seed', h('input', { name: 'seed', type: 'number', min: 0, placeholder: '1' })),
      h('button', { class: 'primary' }, 'Set'),
    );
    const hint = 'Without times and probability it strikes once. The same seed strikes at the same occasions.';
    this.element = h('div', { class: 'view' }, this.#list, card('New fault', form, h('p', { class: 'hint' }, hint)));
    this.#choose();
  }

  async update(): Promise<void> {
    this.#choose();
    const faults = await ask<FaultRow[]>('query-faults');
    const end = (id: string): HTMLElement =>
      h(
        'button',
        { type: 'button', class: 'small', onclick: () => this.#clear({ id }), 'aria-label': `Clear ${id}` },
        'Clear',
      );
    const rows = faults.map(({ id, kind, target, count, probability, seed, occasions, struck, spent }) => [
      ...[h('b', {}, id), kind, target, spent ? badge('spent', 'plain') : badge('armed', 'bad')],
      ...[count ?? '∞', probability, seed, grouped(occasions), grouped(struck), end(id)],
    ]);
    const columns = [
      ...['fault', 'kind', 'of', 'state'].map((title) => ({ title })),
      ...['times', 'probability', 'seed', 'occasions', 'struck'].map((title) => ({ title, numeric: true })),
      { title: '' },
    ];
    const none = h('p', { class: 'empty' }, 'No fault is set.');
    morph(this.#list, h('div', {}, card('Faults', faults.length === 0 ? none : table('Faults', columns, rows))));
  }

  #clear(which: object): Promise<boolean> {
    return attempt(async () => {
      await ask('fault-clear', which);
      await this.update();
    });
  }

  /** Shows what the kind at hand takes; what is hidden is not sent. */
  #choose(): void {
    const taken = [...(kinds[this.#kind.value] ?? []), ...(this.#ports() > 1 ? ['port'] : [])];
    for (const [key, label] of this.#fields) {
      label.hidden = !taken.includes(key);
      label.querySelector<HTMLInputElement>('input, select')!.disabled = label.hidden;
    }
  }

  async #add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = valuesOf(event.target as HTMLFormElement);
    if (!(await attempt(async () => say(`${(await ask<{ id: string }>('fault-add', given)).id} is set`)))) return;
    await this.update();
  }
}

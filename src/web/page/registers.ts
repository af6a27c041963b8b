/** Registers by name, with their fields. They are peeked at: looking changes nothing. */
import type { RegisterStatus } from './answers.ts';
import { ask, Refused } from './ask.ts';
import { h, morph, table } from './dom.ts';
import { hex } from './figures.ts';
import type { View } from './view.ts';

const MOST_ROWS = 400;

export class Registers implements View {
  readonly name = 'registers';
  readonly title = 'Registers';
  readonly icon = 'M4 5h16v3H4zM4 10.5h16v3H4zM4 16h16v3H4z';
  readonly element: HTMLElement;
  readonly everyMs = 1000;
  readonly #functions: () => readonly string[];
  readonly #list: HTMLElement;
  readonly #search: HTMLInputElement;
  readonly #function: HTMLSelectElement;
  #chosen: string | undefined;
  /** By name, to see what has changed. */
  #before: ReadonlyMap<string, number>;

  constructor(functions: () => readonly string[]) {
    this.#functions = functions;
    this.#chosen = undefined;
    this.#before = new Map();
    this.#list = h('div');
    const again = (): void => void this.update();
    this.#search = h('input', {
      ...{
        type: 'search',
        placeholder: 'RDT[0], *CTL*, STATUS …',
        'aria-label': 'Names of registers',
        spellcheck: 'false',
      },
      oninput: again,
    });
    this.#function = h('select', { 'aria-label': 'Function', onchange: again });
    const hint = 'without a name: those that are not as after a reset';
    const bar = h('div', { class: 'bar' }, this.#function, this.#search, h('span', { class: 'hint' }, hint));
    this.element = h('div', { class: 'view' }, bar, this.#list);
  }

  focusSearch(): void {
    this.#search.focus();
  }

  async update(): Promise<void> {
    const functions = this.#functions();
    const chosen = this.#function.value || functions[0]!;
    morph(this.#function, h('select', {}, ...functions.map((name) => h('option', { value: name }, name))));
    this.#function.value = chosen;
    const words = this.#search.value
      .trim()
      .split(/[\s,]+/)
      .filter(Boolean);
    const names = words.map((word) => (/[*?[]/.test(word) ? word : `*${word}*`));
    let found: RegisterStatus[] = [];
    try {
      found = await ask<RegisterStatus[]>('query-registers', { function: chosen, names });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    this.#show(found);
    this.#before = new Map(found.map(({ name, value }) => [name, value]));
  }

  #show(found: readonly RegisterStatus[]): void {
    const rows = found.slice(0, MOST_ROWS).map((register) => {
      const { name, offset, value, decoded } = register;
      const changed = this.#before.has(name) && this.#before.get(name) !== value;
      const press = (): void => {
        this.#chosen = this.#chosen === name ? undefined : name;
        this.#show(found);
      };
      const open = name === this.#chosen;
      return [
        h('button', { type: 'button', class: 'link', 'aria-expanded': String(open), onclick: press }, name),
        h('code', {}, hex(offset, 5)),
        h('code', { class: changed ? 'changed' : '' }, hex(value)),
        open ? fieldsOf(register) : decoded,
      ];
    });
    const columns = ['register', 'offset', 'value', 'fields'].map((title) => ({ title }));
    const more = found.length - rows.length;
    const none = h('p', { class: 'empty' }, 'No register has such a name. “*” stands for anything.');
    const shown = found.length === 0 ? none : table('Registers', columns, rows);
    morph(
      this.#list,
      h('div', {}, h('section', { class: 'card' }, shown, more > 0 && h('p', { class: 'hint' }, `and ${more} more`))),
    );
  }
}

function fieldsOf({ doc, layout, value }: RegisterStatus): HTMLElement {
  const bits = value
    .toString(2)
    .padStart(32, '0')
    .replace(/(.{8})(?=.)/g, '$1 ');
  const rows = layout.map(({ name, high, low, value: content, word, doc: meaning }) => [
    high === low ? String(low) : `${high}:${low}`,
    h(content === 0 ? 'span' : 'b', {}, name),
    h('code', {}, content > 9 ? hex(content, 1) : String(content)),
    [word, meaning].filter((text) => text !== undefined && text !== '').join(': '),
  ]);
  return h(
    'div',
    { class: 'fields' },
    h('p', {}, doc),
    h('p', {}, h('code', {}, bits)),
    rows.length > 0 &&
      table(
        'Fields',
        ['bits', 'field', 'value', 'meaning'].map((title) => ({ title })),
        rows,
      ),
  );
}

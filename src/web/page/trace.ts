/** Trace events, on and off while the NIC runs, and what they tell, as it happens. */
import type { TraceLine } from './answers.ts';
import { ask, attempt } from './ask.ts';
import { h, morph, toggle } from './dom.ts';
import { grouped } from './figures.ts';
import { globTest } from './glob.ts';
import type { View } from './view.ts';

const KEPT = 2000;
const SHOWN = 400;

interface EventState {
  readonly name: string;
  readonly state: 'enabled' | 'disabled';
  readonly arguments: string;
  readonly doc: string;
}

export class Trace implements View {
  readonly name = 'trace';
  readonly title = 'Trace';
  readonly icon = 'M3 12h4l3-8 4 16 3-8h4v2h-2.500l-4.500 11-4-16-1.600 5H3z';
  readonly element: HTMLElement;
  readonly everyMs = 2000;
  readonly #story: (packet: number) => unknown;
  readonly #events: HTMLElement;
  readonly #glob: HTMLInputElement;
  readonly #find: HTMLInputElement;
  readonly #log: HTMLElement;
  readonly #count: HTMLElement;
  readonly #pause: HTMLButtonElement;
  readonly #only: HTMLButtonElement;
  #states: readonly EventState[];
  #lines: TraceLine[];
  #total: number;
  #skipped: number;
  #paused: boolean;
  #dirty: boolean;

  /** `story` shows that of a packet. */
  constructor(story: (packet: number) => unknown) {
    this.#story = story;
    this.#states = [];
    this.#lines = [];
    this.#total = 0;
    this.#skipped = 0;
    this.#paused = false;
    this.#dirty = false;
    this.#glob = h('input', {
      ...{ type: 'search', placeholder: 'igb_tx_*', 'aria-label': 'Which events, a glob', spellcheck: 'false' },
      oninput: () => this.#showEvents(),
      onkeydown: (event: KeyboardEvent) => event.key === 'Enter' && this.#set(this.#pattern, true),
    });
    this.#find = h('input', {
      ...{ type: 'search', placeholder: 'find in the log: #17, queue 0 …', 'aria-label': 'Find in the log' },
      oninput: () => this.#showLog(),
    });
    this.#events = h('ul', { class: 'events' });
    this.#log = h('ol', { class: 'log', tabindex: 0, role: 'log', 'aria-label': 'Trace records', 'aria-live': 'off' });
    this.#count = h('span', { class: 'hint' });
    this.#pause = h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => this.#hold() }, 'Pause');
    const all = (on: boolean): HTMLElement =>
      h('button', { type: 'button', onclick: () => this.#set(this.#pattern, on) }, on ? 'All on' : 'All off');
    this.#only = h(
      'button',
      { type: 'button', 'aria-pressed': 'false', onclick: () => this.#showOnly() },
      'Only those on',
    );
    const clear = h('button', { type: 'button', onclick: () => this.#clear() }, 'Clear');
    const choose = h('section', { class: 'card choose' }, h('h2', {}, 'Events'));
    choose.append(h('div', { class: 'bar' }, this.#glob, all(true), all(false), this.#only), this.#events);
    const tail = h('section', { class: 'card tail' }, h('h2', {}, 'Log'));
    tail.append(h('div', { class: 'bar' }, this.#find, this.#pause, clear, this.#count), this.#log);
    this.element = h('div', { class: 'view trace' }, choose, tail);
  }

  focusSearch(): void {
    this.#glob.focus();
  }

  async update(): Promise<void> {
    this.#states = await ask<EventState[]>('query-trace-events');
    this.#showEvents();
    this.#showLog();
  }

  /** Takes what the NIC tells. */
  heard({ skipped, lines }: { readonly skipped: number; readonly lines: readonly TraceLine[] }): void {
    this.#total += lines.length + skipped;
    this.#skipped += skipped;
    if (this.#paused) return;
    this.#lines.push(...lines);
    if (this.#lines.length > KEPT) this.#lines.splice(0, this.#lines.length - KEPT);
    if (this.#dirty) return;
    this.#dirty = true;
    requestAnimationFrame(() => {
      this.#dirty = false;
      if (this.element.isConnected) this.#showLog();
    });
  }

  get #pattern(): string {
    const text = this.#glob.value.trim();
    return text === '' ? '*' : /[*?[{]/.test(text) ? text : `*${text}*`;
  }

  #set(name: string, enable: boolean): Promise<boolean> {
    return attempt(async () => {
      await ask('trace-event-set-state', { name, enable });
      await this.update();
    });
  }

  #hold(): void {
    this.#paused = !this.#paused;
    this.#pause.setAttribute('aria-pressed', String(this.#paused));
    this.#pause.textContent = this.#paused ? 'Go on' : 'Pause';
  }

  #showOnly(): void {
    this.#only.setAttribute('aria-pressed', String(this.#only.getAttribute('aria-pressed') === 'false'));
    this.#showEvents();
  }

  #clear(): void {
    this.#lines = [];
    this.#total = 0;
    this.#skipped = 0;
    this.#showLog();
  }

  #showEvents(): void {
    const matches = globTest(this.#pattern);
    const only = this.#only.getAttribute('aria-pressed') === 'true';
    const found = this.#states.filter(({ name, state }) => matches(name) && (!only || state === 'enabled'));
    const rows = found.map(({ name, state, arguments: what, doc }) =>
      h(
        'li',
        {},
        toggle(name, state === 'enabled', (on) => this.#set(name, on)),
        h('span', { title: `${doc} ${what}` }, h('code', {}, name), h('small', {}, doc)),
      ),
    );
    const none = h('li', { class: 'empty' }, only ? 'No such event is on.' : 'No event has such a name.');
    morph(this.#events, h('ul', {}, ...(rows.length === 0 ? [none] : rows)));
  }

  #showLog(): void {
    const words = this.#find.value.trim().toLowerCase();
    const fits = ({ event, packet, text }: TraceLine): boolean =>
      words === '' || `${event} #${packet} ${text}`.toLowerCase().includes(words);
    const lines = this.#lines.filter(fits).slice(-SHOWN);
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 40;
    morph(this.#log, h('ol', {}, ...lines.map((line) => this.#row(line))));
    if (lines.length === 0)
      morph(
        this.#log,
        h('ol', {}, h('li', { class: 'empty' }, 'Nothing yet. Turn events on; “All on” for everything.')),
      );
    if (atEnd) this.#log.scrollTop = this.#log.scrollHeight;
    const left = this.#skipped === 0 ? '' : `, ${grouped(this.#skipped)} too fast to be shown`;
    this.#count.textContent = `${grouped(this.#total)} records${left}`;
  }

  #row({ time, event, port, packet, text }: TraceLine): HTMLElement {
    const link = h(
      'button',
      { type: 'button', class: 'link', 'aria-label': `Story of packet ${packet}`, onclick: () => this.#story(packet) },
      `#${packet}`,
    );
    const kind =
      event.includes('drop') || event.includes('guest_error') ? 'bad' : event.split('_').slice(0, 2).join('-');
    return h(
      'li',
      { class: kind },
      h('time', {}, time.toFixed(6)),
      h('code', {}, port === 0 ? event : `${event} port ${port}`),
      h('span', { class: 'packet' }, packet > 0 && link),
      h('span', {}, text),
    );
  }
}

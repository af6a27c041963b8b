/** Descriptor rings, drawn; one that is chosen shows what lies in it. */
import type { Ring } from './answers.ts';
import { ask } from './ask.ts';
import { badge, h, morph, svg, table } from './dom.ts';
import { grouped, hex } from './figures.ts';
import { arcOf, placeOn } from './ring-shape.ts';
import type { View } from './view.ts';

const RADIUS = 42;
const WINDOWS = [16, 64, 256];

const nameOf = ({ direction, queue }: Ring): string => `${direction}${queue}`;
/** What the stretch from head to tail is. */
const owned = ({ direction }: Ring): string => (direction === 'rx' ? 'free buffers' : 'to be sent');

export function drawRing(ring: Ring): SVGElement {
  const { size, head, tail, pending, direction, enabled } = ring;
  const share = size === 0 ? 0 : pending / size;
  const mark = (at: number, kind: string, inside: boolean): SVGElement => {
    const [x, y] = placeOn(at / size, inside ? RADIUS - 13 : RADIUS + 8);
    return svg('circle', { class: `mark ${kind}`, cx: x, cy: y, r: 3.5 });
  };
  return svg(
    'svg',
    { class: `ring ${enabled ? '' : 'off'}`, viewBox: '-56 -56 112 112', 'aria-hidden': 'true' },
    svg('circle', { class: 'track', r: RADIUS }),
    svg('path', { class: `arc ${direction}`, d: arcOf(head / size, share, RADIUS) }),
    mark(head, 'head', true),
    mark(tail, 'tail', false),
    svg('text', { class: 'count', y: 1 }, grouped(pending)),
    svg('text', { class: 'of', y: 14 }, `of ${grouped(size)}`),
  );
}

export class Rings implements View {
  readonly name = 'rings';
  readonly title = 'Rings';
  readonly icon = 'M12 3a9 9 0 1 0 .01 0zm0 4a5 5 0 1 1-.01 0z';
  readonly element = h('div', { class: 'view' });
  readonly everyMs = 500;
  #port: number;
  /** `rx0`; undefined where none is chosen. */
  #chosen: string | undefined;
  #window: number;
  readonly #ports: () => number;

  constructor(ports: () => number) {
    this.#ports = ports;
    this.#port = 0;
    this.#chosen = undefined;
    this.#window = WINDOWS[0]!;
  }

  async update(): Promise<void> {
    const port = this.#port === 0 ? {} : { port: this.#port };
    const rings = await ask<Ring[]>('query-rings', { window: 0, ...port });
    const chosen = rings.find((ring) => nameOf(ring) === this.#chosen);
    const details =
      chosen === undefined
        ? []
        : await ask<Ring[]>('query-rings', { queue: chosen.queue, window: this.#window, ...port });
    const detail = details.find((ring) => nameOf(ring) === this.#chosen);
    const none = h('p', { class: 'empty' }, 'No ring has a length: no driver has set one up.');
    morph(
      this.element,
      h(
        'div',
        {},
        h(
          'div',
          { class: 'bar' },
          ...this.#portButtons(),
          h('span', { class: 'key head' }, 'head'),
          h('span', { class: 'key tail' }, 'tail'),
          h('span', { class: 'key rx' }, 'free receive buffers'),
          h('span', { class: 'key tx' }, 'waits to be sent'),
        ),
        rings.length === 0 ? none : h('div', { class: 'rings' }, ...rings.map((ring) => this.#button(ring))),
        detail !== undefined && this.#detail(detail),
      ),
    );
  }

  #portButtons(): HTMLElement[] {
    const count = this.#ports();
    if (count < 2) return [];
    return Array.from({ length: count }, (_, port) =>
      h(
        'button',
        { type: 'button', 'aria-pressed': String(port === this.#port), onclick: () => this.#show(port) },
        `Port ${port}`,
      ),
    );
  }

  #show(port: number): Promise<void> {
    this.#port = port;
    this.#chosen = undefined;
    return this.update();
  }

  #button(ring: Ring): HTMLElement {
    const name = nameOf(ring);
    const { head, tail, pending, size, enabled } = ring;
    const said = `${name} of ${ring.function}, ${enabled ? 'enabled' : 'disabled'}: head ${head}, tail ${tail}, ${pending} of ${size} ${owned(ring)}`;
    const press = (): Promise<void> => {
      this.#chosen = this.#chosen === name ? undefined : name;
      return this.update();
    };
    return h(
      'button',
      {
        ...{ type: 'button', class: 'ring-button', 'aria-label': said, 'aria-pressed': String(name === this.#chosen) },
        onclick: press,
      },
      drawRing(ring),
      h('span', { class: 'ring-name' }, h('b', {}, name), ` ${ring.function}`),
      h('span', { class: 'hint' }, enabled ? `head ${head}, tail ${tail}` : 'disabled'),
    );
  }

  #detail(ring: Ring): HTMLElement {
    const { base, size, head, tail, pending, descriptors } = ring;
    const columns = ['', 'index', 'dwords', 'meaning'].map((title) => ({ title, numeric: title === 'index' }));
    const rows = (descriptors ?? []).map(({ index, marks, words, meaning }) => [
      ...[marks === '' ? '' : badge(marks, 'calm'), index],
      h('code', {}, words.map((word) => hex(word).slice(2)).join(' ')),
      meaning,
    ]);
    return h(
      'section',
      { class: 'card' },
      h('h2', {}, `${nameOf(ring)} of ${ring.function}`),
      h(
        'p',
        { class: 'facts' },
        h('span', {}, `${size} descriptors at `, h('code', {}, hex(base, 1))),
        h('span', {}, `head ${head}, tail ${tail}, ${pending} ${owned(ring)}`),
        h('span', { class: 'group' }, 'around the head: ', ...WINDOWS.map((window) => this.#windowButton(window))),
      ),
      descriptors === undefined
        ? h('p', { class: 'empty' }, 'It lies in no memory that the machine shares.')
        : table(`Descriptors of ${nameOf(ring)}`, columns, rows),
    );
  }

  #windowButton(window: number): HTMLElement {
    const press = (): Promise<void> => {
      this.#window = window;
      return this.update();
    };
    return h(
      'button',
      { type: 'button', class: 'small', 'aria-pressed': String(window === this.#window), onclick: press },
      String(window),
    );
  }
}

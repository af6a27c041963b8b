/** Elements from code, and what is shown brought up to what is wanted without losing focus, selection or scrolling. */

export type Child = Node | string | number | false | undefined | readonly Child[];
type Handler = (event: never) => unknown;
export type Attributes = Readonly<Record<string, string | number | boolean | undefined | Handler>>;

const SVG = 'http://www.w3.org/2000/svg' as const;
/** What a user has done to an element stays. */
const theirs: Readonly<Record<string, readonly string[]>> = { DETAILS: ['open'], DIALOG: ['open'] };

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') Object.assign(element, { [name]: value });
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(3) as (Node | string | number | false | undefined)[]) {
    if (child !== undefined && child !== false) element.append(child instanceof Node ? child : String(child));
  }
}

/** `h('button', {onclick, 'aria-label': …}, 'text')`; handlers are properties, so that `morph` can hand them on. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

const handlers = ['onclick', 'oninput', 'onchange', 'onsubmit', 'onkeydown'] as const;

function sameAttributes(shown: Element, wanted: Element): void {
  const kept = theirs[shown.tagName] ?? [];
  for (const { name } of [...shown.attributes])
    if (!wanted.hasAttribute(name) && !kept.includes(name)) shown.removeAttribute(name);
  for (const { name, value } of wanted.attributes)
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  for (const name of handlers)
    if (name in shown) Object.assign(shown, { [name]: (wanted as unknown as Record<string, unknown>)[name] });
}

/** Makes the children of `shown` be those of `wanted`. */
export function morph(shown: Node, wanted: Node): void {
  const fresh = [...wanted.childNodes];
  for (const [index, child] of fresh.entries()) {
    const old = shown.childNodes[index];
    if (old === undefined) shown.appendChild(child);
    else if (old.nodeName !== child.nodeName) shown.replaceChild(child, old);
    else if (old instanceof Element && child instanceof Element) {
      sameAttributes(old, child);
      // Typed text and a chosen option are the user's.
      if (!(old instanceof HTMLInputElement)) morph(old, child);
    } else if (old.nodeValue !== child.nodeValue) old.nodeValue = child.nodeValue;
  }
  while (shown.childNodes.length > fresh.length) shown.lastChild!.remove();
}

export interface Column {
  readonly title: string;
  /** Aligned to the right, with figures of one width. */
  readonly numeric?: boolean;
}

/** A table with a caption for who cannot see where it stands. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Child[])[]): HTMLElement {
  const kind = ({ numeric }: Column): Attributes => (numeric === true ? { class: 'number' } : {});
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, caption),
      h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { scope: 'col', ...kind(column) }, column.title)))),
      h(
        'tbody',
        {},
        ...rows.map((row) => h('tr', {}, ...row.map((cell, index) => h('td', kind(columns[index]!), cell)))),
      ),
    ),
  );
}

/** A switch that can be seen, heard and pressed; `press` gets what is wanted. */
export function toggle(label: string, on: boolean, press: (on: boolean) => unknown): HTMLElement {
  return h('button', {
    ...{ type: 'button', class: 'switch', role: 'switch', 'aria-checked': String(on), 'aria-label': label },
    onclick: () => press(!on),
  });
}

export const badge = (text: string, kind: 'good' | 'bad' | 'calm' | 'plain'): HTMLElement =>
  h('span', { class: `badge ${kind}` }, text);

export function card(title: string, ...children: Child[]): HTMLElement {
  return h('section', { class: 'card' }, h('h2', {}, title), ...children);
}

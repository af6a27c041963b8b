/** The page: which view is shown, what is brought up to date when, and what the NIC tells. */
import type { TraceLine } from './answers.ts';
import { ask, attempt, type NicEvent, say } from './ask.ts';
import { Captures } from './captures.ts';
import { Console } from './console.ts';
import { badge, h, morph, svg } from './dom.ts';
import { FaultsView } from './faults.ts';
import { Feed } from './feed.ts';
import { Figures } from './figures-view.ts';
import { Overview } from './overview.ts';
import { Registers } from './registers.ts';
import { Rings } from './rings.ts';
import { showStory } from './story.ts';
import { Switch } from './switch.ts';
import { Trace } from './trace.ts';
import type { View } from './view.ts';

const FEED_EVERY_MS = 1000;
const TICK_MS = 250;

const feed = new Feed();
const ports = (): number => feed.moment?.network.ports.length ?? 1;
const functions = (): string[] =>
  (feed.moment?.network.ports ?? [{ port: 0, name: 'pf' }]).flatMap(({ port, name }) => [
    name,
    ...Array.from({ length: 8 }, (_, vf) => `${port === 0 ? '' : name}vf${vf}`),
  ]);
const netdevs = (): string[] =>
  (feed.moment?.network.ports ?? []).flatMap(({ netdev }) => (netdev === undefined ? [] : [netdev]));

const trace = new Trace(showStory);
const views: readonly View[] = [
  new Overview(feed),
  new Switch(ports),
  new Rings(ports),
  new Registers(functions),
  trace,
  new Captures(functions, netdevs),
  new FaultsView(ports),
  new Figures(feed),
  new Console(),
];

const top = document.querySelector('#top')!;
const nav = document.querySelector('#views')!;
const main = document.querySelector<HTMLElement>('#main')!;
let shown: View = views[0]!;
let connected = false;
let updatedMs = 0;

function drawTop(): void {
  const running = feed.moment?.running ?? true;
  const press = (): Promise<boolean> => attempt(() => ask(running ? 'stop' : 'cont'));
  const state = !connected
    ? badge('no connection', 'bad')
    : running
      ? badge('running', 'good')
      : badge('stopped', 'bad');
  morph(
    top,
    h(
      'header',
      {},
      h(
        'a',
        { class: 'brand', href: '#overview' },
        // No <img>: each one that is made fetches its picture, shown or not.
        svg(
          'svg',
          { class: 'mark', viewBox: '0 0 32 32', 'aria-hidden': 'true' },
          svg('path', {
            class: 'board',
            d: 'M5 6h22a3 3 0 0 1 3 3v11a3 3 0 0 1-3 3h-13v4h-3v-4h-2v4h-3v-4h-1a3 3 0 0 1-3-3V9a3 3 0 0 1 3-3z',
          }),
          svg('path', { class: 'parts', d: 'M19 11h7v7h-7zM7 11h7v2H7zM7 15h7v2H7z' }),
        ),
        'Outboard',
      ),
      h('span', { class: 'hint wide' }, 'Intel 82576, outside the virtual machine'),
      h('span', { class: 'space' }),
      state,
      h(
        'button',
        {
          type: 'button',
          onclick: press,
          disabled: !connected,
          title: "Queues, timers and the device's time stand still",
        },
        running ? 'Stop' : 'Go on',
      ),
      h('button', { type: 'button', onclick: turnTheme, 'aria-label': 'Light or dark', title: 'Light or dark' }, '◐'),
    ),
  );
}

function drawNav(): void {
  const link = ({ name, title, icon }: View, index: number): HTMLElement =>
    h(
      'a',
      {
        href: `#${name}`,
        title: `${title} (${index + 1})`,
        ...(shown.name === name ? { 'aria-current': 'page' } : {}),
      },
      svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: icon, 'fill-rule': 'evenodd' })),
      h('span', {}, title),
    );
  morph(nav, h('nav', {}, ...views.map(link)));
}

function turnTheme(): void {
  const { style } = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  style.colorScheme = (style.colorScheme || system) === 'dark' ? 'light' : 'dark';
  localStorage.setItem('theme', style.colorScheme);
}

/** What goes wrong is told by the header; it is tried again. */
async function update(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    connected = true;
  } catch (error) {
    if (!(error instanceof TypeError)) say((error as Error).message, true);
    connected = !(error instanceof TypeError);
  }
}

function show(): void {
  const name = location.hash.slice(1);
  if (name === 'main') return;
  shown = views.find((view) => view.name === name) ?? views[0]!;
  document.title = `${shown.title} – Outboard`;
  main.replaceChildren(h('h1', { class: 'unseen' }, shown.title), shown.element);
  drawNav();
  nav.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  updatedMs = performance.now();
  void update(() => shown.update());
}

/** Calls `work` again and again, never twice at once, while the page can be seen. */
async function repeat(everyMs: number, work: () => Promise<void>): Promise<never> {
  for (;;) {
    if (!document.hidden) await update(work);
    drawTop();
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** The view that is shown, as often as it wants to. */
async function updateShown(): Promise<void> {
  if (performance.now() - updatedMs < shown.everyMs - TICK_MS / 2) return;
  updatedMs = performance.now();
  await shown.update();
}

function listen(): void {
  const events = new EventSource('/events');
  const data = (event: MessageEvent): unknown => JSON.parse(event.data as string);
  events.addEventListener('trace', (event) => trace.heard(data(event) as { skipped: number; lines: TraceLine[] }));
  events.addEventListener('qmp', (event) => heard(data(event) as NicEvent));
}

const told: Readonly<Record<string, (data: Readonly<Record<string, unknown>>) => string>> = {
  STOP: () => 'The device stands.',
  RESUME: () => 'The device goes on.',
  NIC_LINK_CHANGED: ({ name, up, speed }) =>
    `The link of ${String(name)} is ${up === true ? `up, ${String(speed)} Mb/s` : 'down'}.`,
  VFIO_USER_CLIENT_ATTACHED: ({ device }) => `A machine has attached to ${String(device)}.`,
  VFIO_USER_CLIENT_DETACHED: ({ device }) => `The machine of ${String(device)} is gone.`,
  DEVICE_DELETED: ({ device }) => `The socket of ${String(device)} is gone.`,
  NIC_BREAK: ({ event, what }) => `Breakpoint: ${String(event)} ${String(what)}`,
  SHUTDOWN: () => 'The NIC has ended.',
};

function heard({ event, data = {} }: NicEvent): void {
  const text = told[event]?.(data);
  if (text !== undefined) say(text);
  void update(() => feed.update()).then(drawTop);
}

function key(event: KeyboardEvent): void {
  const typing = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
  if (event.ctrlKey || event.altKey || event.metaKey || typing) return;
  const chosen = views[Number(event.key) - 1];
  if (chosen !== undefined) location.hash = `#${chosen.name}`;
  else if (event.key === '/' && shown.focusSearch !== undefined) {
    event.preventDefault();
    shown.focusSearch();
  }
}

document.documentElement.style.colorScheme = localStorage.getItem('theme') ?? '';
// The token is in a cookie now, and nobody needs to read it over a shoulder.
if (location.search !== '') history.replaceState(undefined, '', `/${location.hash}`);
addEventListener('hashchange', show);
addEventListener('keydown', key);
drawTop();
await update(() => feed.update());
show();
listen();
void repeat(FEED_EVERY_MS, () => feed.update());
void repeat(TICK_MS, updateShown);

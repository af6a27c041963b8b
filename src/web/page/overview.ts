/** The card at a glance: ports with their traffic, functions and who has them, sockets. */
import type { VfRow } from './answers.ts';
import { badge, card, type Child, h, morph, table } from './dom.ts';
import { chart, spark } from './chart.ts';
import type { Feed, Moment } from './feed.ts';
import { grouped, short } from './figures.ts';
import { POINTS } from './rates.ts';
import type { View } from './view.ts';

const owners: Readonly<Record<VfRow['owner'], () => Child>> = {
  machine: () => badge('own machine', 'good'),
  'pf-guest': () => badge("PF's guest", 'calm'),
  nobody: () => badge('nobody', 'plain'),
};

export class Overview implements View {
  readonly name = 'overview';
  readonly title = 'Overview';
  readonly icon = 'M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z';
  readonly element = h('div', { class: 'view' });
  readonly everyMs = 1000;
  readonly #feed: Feed;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  update(): Promise<void> {
    const { moment } = this.#feed;
    if (moment === undefined) return Promise.resolve();
    const ports = moment.network.ports.map((port) => this.#port(moment, port.port));
    morph(this.element, h('div', {}, ...ports, this.#tiles(moment), this.#functions(moment), sockets(moment)));
    return Promise.resolve();
  }

  #port({ network }: Moment, number: number): HTMLElement {
    const { rates } = this.#feed;
    const { name, mac, link, netdev } = network.ports.find(({ port }) => port === number)!;
    const wire = network.netdevs.find(({ options }) => options.id === netdev);
    const get = (way: string, unit: string): number[] => rates.get(`${way} ${unit} port ${number}`).history;
    const figures = (unit: string, factor: number): Parameters<typeof chart>[0] => [
      { name: 'received', kind: 'rx', values: get('receive', unit).map((value) => value * factor) },
      { name: 'sent', kind: 'tx', values: get('transmit', unit).map((value) => value * factor) },
    ];
    const legend = (unit: string, factor: number, of: string): HTMLElement =>
      h(
        'p',
        { class: 'legend' },
        ...figures(unit, factor).map(({ name: what, kind, values }) =>
          h('span', { class: `key ${kind}` }, `${what} `, h('b', {}, short(values.at(-1) ?? 0, of))),
        ),
      );
    const plugged = wire === undefined ? 'no netdev' : `${wire.options.type} ${wire.options.id}`;
    return card(
      `Port ${number}`,
      h(
        'p',
        { class: 'facts' },
        link.up ? badge(`link up, ${link.speedMbps} Mb/s`, 'good') : badge('link down', 'bad'),
        h('span', {}, `${name} `, h('code', {}, mac ?? 'no address')),
        h('span', {}, 'plugged into ', h('code', {}, plugged)),
      ),
      h(
        'div',
        { class: 'charts' },
        h(
          'figure',
          {},
          legend('bytes', 8, 'b/s'),
          chart(figures('bytes', 8), { label: 'Bits a second', unit: 'b/s', points: POINTS, least: 10_000 }),
        ),
        h(
          'figure',
          {},
          legend('packets', 1, 'p/s'),
          chart(figures('packets', 1), { label: 'Packets a second', unit: 'p/s', points: POINTS, least: 10 }),
        ),
      ),
    );
  }

  #tiles({ network }: Moment): HTMLElement {
    const { rates, turnSeconds } = this.#feed;
    const sum = (prefix: string): number =>
      network.ports.reduce((total, { port }) => total + rates.get(`${prefix} ${port}`).now, 0);
    const dropped = network.ports.reduce((total, { port }) => total + rates.get(`drops port ${port}`).total, 0);
    const turn = turnSeconds.now;
    const tile = (value: string, label: string, bad = false): HTMLElement =>
      h('div', { class: bad ? 'tile bad' : 'tile' }, h('b', {}, value), h('span', {}, label));
    return h(
      'section',
      { class: 'tiles', 'aria-label': 'Figures' },
      tile(short(sum('interrupts port')), 'interrupts a second'),
      tile(short(sum('drops port')), 'drops a second', sum('drops port') > 0),
      tile(short(dropped), 'drops in all'),
      tile(turn === undefined ? '–' : `${Number((turn * 1e6).toPrecision(2))} µs`, 'median device turn'),
      tile(`${(rates.get('processor ').now * 100).toFixed(0)} %`, 'of a processor'),
    );
  }

  #functions(moment: Moment): HTMLElement {
    const used = ({ owner, live }: VfRow): boolean => live || owner !== 'nobody';
    const rows = moment.network.ports.flatMap(({ port, name }) => [
      this.#function(port, name, 'pf', this.#pfState(moment, port, name), undefined),
      ...(moment.vfs[port]?.vfs ?? []).filter(used).map((vf) => {
        const label = `vf${vf.index}`;
        return this.#function(port, (port === 0 ? '' : name) + label, label, owners[vf.owner](), vf);
      }),
    ]);
    const idle = moment.vfs.flatMap(({ vfs }) => vfs).filter((vf) => !used(vf)).length;
    const columns = ['function', 'with', 'live', 'MAC', 'VLAN'].map((title) => ({ title }));
    const figures = ['received', '', 'sent', '', 'dropped'].map((title) => ({ title, numeric: true }));
    return card(
      'Functions',
      table('Functions and their traffic', [...columns, ...figures, { title: 'last minute' }], rows),
      idle > 0 && h('p', { class: 'hint' }, `${idle} VFs are not enabled.`),
    );
  }

  #pfState({ vfs, sockets }: Moment, port: number, name: string): Child {
    if (vfs[port]?.hosted === true) return badge('hosted by Outboard', 'calm');
    const socket = sockets.find(({ id, kind }) => id === name || (kind === 'hierarchy' && id === 'pf'));
    return socket?.attached === true ? badge('a machine', 'good') : badge('nobody', 'plain');
  }

  #function(port: number, shown: string, label: string, state: Child, vf: VfRow | undefined): Child[] {
    const { rates, moment } = this.#feed;
    const rate = (way: string, unit: string): number => rates.get(`${way} ${unit} ${port} ${label}`).now;
    const history = rates.get(`receive bytes ${port} ${label}`).history;
    const sent = rates.get(`transmit bytes ${port} ${label}`).history;
    const both = history.map((value, index) => value + (sent[index] ?? 0));
    const mac = vf === undefined ? moment!.network.ports.find((one) => one.port === port)!.mac : vf.mac;
    const drops = rates.get(`drops of ${port} ${label}`).total;
    return [
      h('b', {}, shown),
      state,
      vf === undefined || vf.live ? badge('live', 'good') : badge('idle', 'plain'),
      h('code', {}, mac ?? ''),
      vf?.vlan === undefined || vf.vlan === 0 ? '' : vf.vlan,
      ...traffic.flatMap((way) => [short(rate(way, 'bytes') * 8, 'b/s'), short(rate(way, 'packets'), 'p/s')]),
      grouped(drops),
      spark({ name: shown, kind: 'rx', values: both }, POINTS),
    ];
  }
}

const traffic = ['receive', 'transmit'] as const;

function sockets({ sockets: list }: Moment): HTMLElement {
  const rows = list.map(({ id, kind, path, attached }) => [
    h('b', {}, id),
    kind,
    attached ? badge('a machine is attached', 'good') : badge('waits', 'plain'),
    h('code', {}, path),
  ]);
  const columns = ['id', 'kind', 'state', 'path'].map((title) => ({ title }));
  return card('Sockets', table('Sockets that machines attach to', columns, rows));
}

/** The switch between the pools: which address leads where, drawn, and what each pool takes and may send. */
import type { SwitchStatus } from './answers.ts';
import { ask } from './ask.ts';
import { badge, card, type Child, h, morph, svg, table } from './dom.ts';
import type { View } from './view.ts';

type Pool = SwitchStatus['pools'][number];

const ROW = 30;
const POOL_X = 520;
const WIDTH = 760;

/** A way into pools. */
interface Way {
  readonly label: string;
  readonly pools: readonly number[];
  /** It is not an address that somebody has set. */
  readonly general: boolean;
}

export function waysOf({ pools, ...status }: SwitchStatus): Way[] {
  const used = pools.filter(isUsed);
  const addresses = [...new Set(used.flatMap((pool) => pool.addresses))];
  const having = (flag: string): number[] =>
    used.filter(({ accepts }) => accepts.includes(flag)).map(({ pool }) => pool);
  const rest = status['default-pool'];
  return [
    ...addresses.map((mac) => ({
      label: mac,
      pools: used.filter((pool) => pool.addresses.includes(mac)).map(({ pool }) => pool),
      general: false,
    })),
    { label: 'broadcast', pools: having('BAM'), general: true },
    { label: 'multicast, by hash', pools: having('ROMPE'), general: true },
    { label: 'all multicast', pools: having('MPME'), general: true },
    { label: 'all unicast', pools: having('UPE'), general: true },
    { label: 'any other', pools: rest === undefined ? [] : [rest], general: true },
  ].filter(({ pools: to }) => to.length > 0);
}

/** Something goes there, or may come from there. */
export const isUsed = (pool: Pool): boolean => pool.receives || pool.transmits || pool.addresses.length > 0;

/** Which tags frames to it may have. */
function tagsOf({ vlans, 'port-vlan': portVlan }: Pool): string {
  if (portVlan !== undefined) return `port VLAN ${portVlan}`;
  const tagged = vlans.filter((vlan) => vlan !== 0);
  return tagged.length === 0 ? 'untagged' : `VLAN ${tagged.join(' ')}`;
}

function drawing(status: SwitchStatus): SVGElement {
  const ways = waysOf(status);
  const shown = new Set(ways.flatMap(({ pools }) => pools));
  const pools = status.pools.filter((pool) => isUsed(pool) || shown.has(pool.pool));
  const height = Math.max(ways.length, pools.length) * ROW + 20;
  const wayY = (index: number): number => 10 + (height - 20) * ((index + 0.5) / ways.length);
  const poolY = (index: number): number => 10 + (height - 20) * ((index + 0.5) / pools.length);
  const lines = ways.flatMap(({ pools: to, general }, index) =>
    to.map((pool) => {
      const [y, end] = [wayY(index), poolY(pools.findIndex((one) => one.pool === pool))];
      const path = `M230 ${y}C380 ${y} 380 ${end} ${POOL_X} ${end}`;
      return svg('path', { class: `way p${pool} ${general ? 'general' : ''}`, d: path });
    }),
  );
  const labels = ways.map(({ label, general }, index) =>
    svg('text', { class: general ? 'from general' : 'from', x: 222, y: wayY(index) + 4 }, label),
  );
  const boxes = pools.map((pool, index) => {
    const words = tagsOf(pool);
    return svg(
      'g',
      {},
      svg('rect', { class: `pool p${pool.pool}`, x: POOL_X, y: poolY(index) - 12, width: 76, height: 24, rx: 5 }),
      svg('text', { class: 'pool-name', x: POOL_X + 38, y: poolY(index) + 4 }, `pool ${pool.pool}`),
      svg(
        'text',
        { class: 'tags', x: POOL_X + 86, y: poolY(index) + 4 },
        words.length > 26 ? `${words.slice(0, 25)}…` : words,
      ),
    );
  });
  const said = ways.map(({ label, pools: to }) => `${label} to pool ${to.join(', ')}`).join('; ');
  const attributes = { class: 'switch-map', role: 'img', 'aria-label': said, viewBox: `0 0 ${WIDTH} ${height}` };
  return svg('svg', attributes, ...lines, ...labels, ...boxes);
}

function poolRow(pool: Pool): Child[] {
  const state = (on: boolean): Child => badge(on ? 'on' : 'off', on ? 'good' : 'plain');
  return [
    ...[h('b', {}, String(pool.pool)), state(pool.receives), state(pool.transmits)],
    ...[h('code', {}, pool.addresses.join(' ')), pool.vlans.join(' '), pool['port-vlan'] ?? ''],
    ...[pool['longest-frame'], pool.checks.join(', '), pool.accepts.join(' ')],
  ];
}

export class Switch implements View {
  readonly name = 'switch';
  readonly title = 'Switch';
  readonly icon = 'M4 7h12l-3-3 1.5-1.5L20 8l-5.5 5.5L13 12l3-3H4zM20 17H8l3 3-1.5 1.5L4 16l5.5-5.5L11 12l-3 3h12z';
  readonly element = h('div', { class: 'view' });
  readonly everyMs = 1000;
  readonly #ports: () => number;

  constructor(ports: () => number) {
    this.#ports = ports;
  }

  async update(): Promise<void> {
    const numbers = Array.from({ length: this.#ports() }, (_, port) => port);
    const all = await Promise.all(numbers.map((port) => ask<SwitchStatus>('query-switch', port === 0 ? {} : { port })));
    morph(
      this.element,
      h('div', {}, ...all.flatMap((status, port) => show(status, all.length > 1 ? ` of port ${port}` : ''))),
    );
  }
}

function show(status: SwitchStatus, where: string): HTMLElement[] {
  const on = (name: string, value: boolean): Child =>
    badge(`${name} ${value ? 'on' : 'off'}`, value ? 'good' : 'plain');
  const facts = h(
    'p',
    { class: 'facts' },
    h('span', {}, 'mode ', h('b', {}, status.mode)),
    on('loopback', status.loopback),
    on('replication', status.replication),
    on('VLAN filter', status['vlan-filter']),
    h('span', {}, `default pool ${status['default-pool'] ?? 'none'}`),
    ...status.mirrors.map(({ rule, control }) => badge(`mirror ${rule}: ${control}`, 'calm')),
    status['storm-control'] !== '' && badge(`storm control ${status['storm-control']}`, 'calm'),
  );
  const columns = ['pool', 'receives', 'sends', 'addresses', 'VLANs', 'port VLAN', 'longest', 'checked', 'accepts'];
  const drawn = waysOf(status).length > 0;
  const nothing = h('p', { class: 'empty' }, 'No address leads anywhere yet.');
  return [
    card(`Where frames go${where}`, facts, drawn ? h('div', { class: 'scroll' }, drawing(status)) : nothing),
    card(
      `Pools${where}`,
      table(
        `Pools${where}`,
        columns.map((title) => ({ title })),
        status.pools.map(poolRow),
      ),
    ),
  ];
}

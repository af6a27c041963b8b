/** Small charts of what went by. */
import { pathOf } from './chart-path.ts';
import { svg } from './dom.ts';
import { roundUp, short } from './figures.ts';

export interface Line {
  readonly name: string;
  /** Class that gives its colour: `rx`, `tx`. */
  readonly kind: string;
  /** The latest last. */
  readonly values: readonly number[];
}

export interface ChartOptions {
  readonly label: string;
  readonly unit: string;
  /** Points from left to right. */
  readonly points: number;
  /** The scale reaches this at least. */
  readonly least: number;
}

const WIDTH = 320;
const HEIGHT = 96;

export function chart(lines: readonly Line[], { label, unit, points, least }: ChartOptions): SVGElement {
  const highest = roundUp(Math.max(0, ...lines.flatMap(({ values }) => values)), least);
  const said = lines.map(({ name, values }) => `${name} ${short(values.at(-1) ?? 0, unit)}`).join(', ');
  const grid = [0, 0.5, 1].map((share) =>
    svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: HEIGHT * share, y2: HEIGHT * share }),
  );
  const drawn = lines.flatMap(({ kind, values }) => {
    const path = pathOf(values, points, highest, WIDTH, HEIGHT);
    if (path === '') return [];
    const left = (((points - values.length) / (points - 1)) * WIDTH).toFixed(1);
    return [
      svg('path', { class: `area ${kind}`, d: `${path}L${WIDTH} ${HEIGHT}L${left} ${HEIGHT}Z` }),
      svg('path', { class: `line ${kind}`, d: path }),
    ];
  });
  return svg(
    'svg',
    { class: 'chart', role: 'img', 'aria-label': `${label}: ${said}`, viewBox: `-1 -12 ${WIDTH + 2} ${HEIGHT + 14}` },
    ...grid,
    svg('text', { class: 'scale', x: 0, y: -3 }, short(highest, unit)),
    svg('text', { class: 'scale end', x: WIDTH, y: -3 }, `${points - 1} s`),
    ...drawn,
  );
}

/** A line no larger than a word. */
export function spark(line: Line, points: number): SVGElement {
  const highest = Math.max(1, ...line.values);
  return svg(
    'svg',
    { class: 'spark', viewBox: '0 -1 80 20', 'aria-hidden': 'true' },
    svg('path', { class: `line ${line.kind}`, d: pathOf(line.values, points, highest, 80, 18) }),
  );
}

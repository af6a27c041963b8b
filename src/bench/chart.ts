/** Ratios as bars: how many times as fast ours is, with the spread of the rounds and the goal. SVG for light and dark pages. */
import type { Result } from './result.ts';
import type { Ratio } from './sample.ts';

const WIDTH = 820;
const LABELS = 300;
const RIGHT = 70;
const ROW = 26;
const BAR = 14;
const TOP = 60;
const BOTTOM = 34;
const GAP = 8;
/** Width of a figure. */
const FIGURE = 36;
/** Room behind the longest bar for its figure. */
const HEADROOM = 1.1;

const style = `
  text { font: 13px system-ui, 'Segoe UI', sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 } .heading { font-weight: 600 }
  .faint { fill: #656d76; font-size: 11px }
  .faster { fill: #2da44e } .slower { fill: #bf8700 }
  .grid { stroke: #d0d7de } .even { stroke: #57606a; stroke-dasharray: 4 3 }
  .goal { stroke: #0969da; stroke-width: 2.5 } .spread { stroke: #24292f; stroke-width: 1.2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .faint { fill: #8d96a0 } .grid { stroke: #30363d } .even { stroke: #8d96a0 }
    .spread { stroke: #e6edf3 } .faster { fill: #3fb950 } .slower { fill: #d29922 } .goal { stroke: #58a6ff }
  }`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** What counts of a result: of a guest, how fast it is, and of all else processor time where that is known. */
const shownRatio = ({ group, ratio, processorRatio }: Result): Ratio | undefined =>
  group === 'guest' ? ratio : (processorRatio ?? ratio);

const groups = { device: 'Device: processor time for a packet', guest: 'Guest: how fast it is' } as const;

interface Row extends Result {
  readonly shown: Ratio;
}

/** Places of the chart, from ratios and rows. */
interface Scale {
  readonly x: (ratio: number) => number;
  readonly most: number;
}

function bar({ title, shown, goal }: Row, y: number, { x, most }: Scale): string {
  const middle = y + BAR / 2;
  const line = (kind: string, from: number, to: number, y1: number, y2: number): string =>
    `<line class="${kind}" x1="${x(from)}" x2="${x(to)}" y1="${y1}" y2="${y2}"/>`;
  const end = Math.max(x(shown.high), x(shown.ratio)) + GAP;
  const mark = x(goal ?? 0);
  const figure = mark > end - GAP && mark < end + FIGURE ? mark + GAP : end;
  return [
    `<text x="${LABELS - 10}" y="${middle + 4}" text-anchor="end">${escaped(title)}</text>`,
    `<rect class="${shown.ratio >= 1 ? 'faster' : 'slower'}" x="${LABELS}" y="${y}" width="${x(shown.ratio) - LABELS}" height="${BAR}" rx="2"/>`,
    line('spread', shown.low, Math.min(shown.high, most), middle, middle),
    goal === undefined ? '' : line('goal', goal, goal, y - 2, y + BAR + 2),
    `<text class="faint" x="${figure}" y="${middle + 4}">${shown.ratio.toFixed(2)}x</text>`,
  ].join('');
}

/** One bar for each result beside QEMU's igb, and a heading for each group of them. */
export function chart(results: readonly Result[], subtitle: string): string {
  const rows = results.flatMap((result): Row[] => {
    const shown = result.group in groups ? shownRatio(result) : undefined;
    return shown === undefined ? [] : [{ ...result, shown }];
  });
  const most = Math.ceil(Math.max(2, ...rows.map(({ shown, goal }) => Math.max(shown.ratio, goal ?? 0) * HEADROOM)));
  // Where the work is less than the noise, a cost may be measured as negative.
  const x = (ratio: number): number =>
    Math.round(LABELS + (Math.min(Math.max(ratio, 0), most) / most) * (WIDTH - LABELS - RIGHT));
  const parts: string[] = [];
  let y = TOP;
  for (const [group, heading] of Object.entries(groups)) {
    const members = rows.filter((row) => row.group === group);
    if (members.length === 0) continue;
    parts.push(`<text class="heading" x="16" y="${y + BAR - 2}">${heading}</text>`);
    y += ROW;
    for (const row of members) {
      parts.push(bar(row, y, { x, most }));
      y += ROW;
    }
  }
  const scale = Array.from({ length: most + 1 }, (_, value) => [
    `<line class="${value === 1 ? 'even' : 'grid'}" x1="${x(value)}" x2="${x(value)}" y1="${TOP - 6}" y2="${y}"/>`,
    `<text class="faint" x="${x(value)}" y="${y + 16}" text-anchor="middle">${value}x</text>`,
  ]).flat();
  const height = y + BOTTOM;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>How many times as fast as QEMU's igb</title>
<style>${style}
</style>
<text class="title" x="16" y="24">How many times as fast as QEMU's igb</text>
<text class="faint" x="16" y="42">${escaped(subtitle)}</text>
<text class="faint" x="${WIDTH - 16}" y="24" text-anchor="end">bar: ratio of medians; line: middle half of the rounds; blue: goal</text>
${scale.join('\n')}
${parts.join('\n')}
</svg>
`;
}

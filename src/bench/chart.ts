/** Ratios as bars: how many times as fast ours is, with the spread of the rounds and the goal. SVG for light and dark pages. */
import type { Result } from './result.ts';

const WIDTH = 820;
const LABELS = 300;
const RIGHT = 70;
const ROW = 26;
const BAR = 14;
const TOP = 56;
const BOTTOM = 34;

const style = `
  text { font: 13px system-ui, 'Segoe UI', sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .faint { fill: #656d76; font-size: 11px }
  .faster { fill: #2da44e } .slower { fill: #bf8700 }
  .grid { stroke: #d0d7de } .even { stroke: #57606a; stroke-dasharray: 4 3 }
  .goal { stroke: #0969da; stroke-width: 2.5 } .spread { stroke: #24292f; stroke-width: 1.2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .faint { fill: #8d96a0 } .grid { stroke: #30363d } .even { stroke: #8d96a0 }
    .spread { stroke: #e6edf3 } .faster { fill: #3fb950 } .slower { fill: #d29922 } .goal { stroke: #58a6ff }
  }`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** One bar for each result that has a ratio. */
export function chart(results: readonly Result[], subtitle: string): string {
  const shown = results.flatMap((result) => {
    const ratio = result.processorRatio ?? result.ratio;
    return ratio === undefined || result.group !== 'device' ? [] : [{ ...result, ratio }];
  });
  const most = Math.ceil(Math.max(2, ...shown.map(({ ratio, goal }) => Math.max(ratio.high, goal ?? 0))));
  const height = TOP + shown.length * ROW + BOTTOM;
  const x = (value: number): number => Math.round(LABELS + (value / most) * (WIDTH - LABELS - RIGHT));
  const bottom = TOP + shown.length * ROW;
  const line = (kind: string, value: number, from: number, to: number): string =>
    `<line class="${kind}" x1="${x(value)}" x2="${x(value)}" y1="${from}" y2="${to}"/>`;
  const scale = Array.from({ length: most + 1 }, (_, value) => [
    line(value === 1 ? 'even' : 'grid', value, TOP - 6, bottom),
    `<text class="faint" x="${x(value)}" y="${bottom + 16}" text-anchor="middle">${value}x</text>`,
  ]).flat();
  const bars = shown.map(({ title, ratio, goal }, n) => {
    const y = TOP + n * ROW;
    const middle = y + BAR / 2;
    return [
      `<text x="${LABELS - 10}" y="${middle + 4}" text-anchor="end">${escaped(title)}</text>`,
      `<rect class="${ratio.ratio >= 1 ? 'faster' : 'slower'}" x="${LABELS}" y="${y}" width="${x(ratio.ratio) - LABELS}" height="${BAR}" rx="2"/>`,
      `<line class="spread" x1="${x(ratio.low)}" x2="${x(ratio.high)}" y1="${middle}" y2="${middle}"/>`,
      goal === undefined ? '' : line('goal', goal, y - 2, y + BAR + 2),
      `<text class="faint" x="${Math.max(x(ratio.high), x(goal ?? 0)) + 8}" y="${middle + 4}">${ratio.ratio.toFixed(2)}x</text>`,
    ].join('');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<style>${style}
</style>
<text class="title" x="16" y="24">How many times as fast as QEMU's igb</text>
<text class="faint" x="16" y="42">${escaped(subtitle)}</text>
${scale.join('\n')}
${bars.join('\n')}
</svg>
`;
}

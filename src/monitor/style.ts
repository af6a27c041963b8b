/** How text for people looks: tables that line up, colours where a terminal shows them. */
import { createColors } from 'picocolors';

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';
/** Text, or text in a colour. */
export type Cell = string | readonly [text: string, colour: Colour];

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell[0]);

export class Style {
  readonly #colours: ReturnType<typeof createColors>;

  constructor(coloured: boolean) {
    this.#colours = createColors(coloured);
  }

  paint(cell: Cell): string {
    return typeof cell === 'string' ? cell : this.#colours[cell[1]](cell[0]);
  }

  /** Columns two spaces apart; one of numbers alone is aligned to the right. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
    const columns = head.map((title, column) => {
      const texts = rows.map((row) => textOf(row[column] ?? ''));
      return {
        width: Math.max(title.length, ...texts.map((text) => text.length)),
        right: texts.length > 0 && texts.every((text) => /^[\d.]*$|^-$/.test(text)),
      };
    });
    const line = (cells: readonly Cell[]): string =>
      columns
        .map(({ width, right }, column) => {
          const cell = cells[column] ?? '';
          const padding = ' '.repeat(width - textOf(cell).length);
          return right ? padding + this.paint(cell) : this.paint(cell) + padding;
        })
        .join('  ')
        .trimEnd();
    return [line(head.map((title) => [title, 'bold'] as const)), ...rows.map(line)].join('\n');
  }
}

export const onOff = (on: boolean): Cell => (on ? ['on', 'green'] : 'off');
export const upDown = (up: boolean): Cell => (up ? ['up', 'green'] : ['down', 'red']);

/** Who touches registers: the columns of docs/coverage.md, and where their data lies. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Touch, Touches } from './touches.ts';

export const columns = ['igb', 'igbvf', 'dpdk', 'ipxe', 'conformance'] as const;
export type Column = (typeof columns)[number];

export const titles: Readonly<Record<Column, string>> = {
  igb: 'Linux igb',
  igbvf: 'igbvf',
  dpdk: 'DPDK',
  ipxe: 'iPXE',
  conformance: 'conformance',
};

interface ColumnFile {
  /** Runs that the data is of. */
  readonly runs: readonly string[];
  readonly touches: Readonly<Record<string, Touch>>;
}

export interface ColumnData {
  readonly runs: string[];
  readonly touches: Touches;
}

// From build/test/coverage.
const pathOf = (column: Column): string =>
  fileURLToPath(new URL(`../../../test/coverage/data/${column}.json`, import.meta.url));

export function readColumn(column: Column): ColumnData {
  const { runs, touches } = JSON.parse(readFileSync(pathOf(column), 'utf8')) as ColumnFile;
  return { runs: [...runs], touches: new Touches(touches) };
}

export function writeColumn(column: Column, data: ColumnData): void {
  writeFileSync(pathOf(column), `${JSON.stringify(data, undefined, 2)}\n`);
}

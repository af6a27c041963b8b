/** `-object filter-dump,id=…,netdev=…,file=…[,maxlen=…]`, as QEMU takes it. */
import { nearest } from '../wires/index.ts';
import { NicError } from './errors.ts';

export interface FilterDumpOptions {
  readonly id: string;
  readonly netdev: string;
  readonly file: string;
  /** Bytes kept of each frame; 65,536 where not given. */
  readonly maxLength: number;
}

const keys = ['id', 'netdev', 'file', 'maxlen'] as const;

const didYouMean = (word: string, words: readonly string[]): string => {
  const right = nearest(word, words);
  return right === undefined ? '' : `; did you mean "${right}"?`;
};

/** Checks that a capture is of the NIC's netdev; throws NicError `CONFIG`. */
export function checkFilterDump({ netdev }: FilterDumpOptions, own: string | undefined): void {
  if (netdev === own) return;
  const why = own === undefined ? 'the NIC has no netdev to capture' : `a capture is of the NIC's own netdev, "${own}"`;
  throw new NicError('CONFIG', `filter-dump netdev=${netdev}: ${why}`);
}

/** Parses QEMU's syntax; throws NicError `CONFIG`. */
export function parseFilterDump(text: string): FilterDumpOptions {
  const [kind, ...options] = text.split(',');
  if (kind !== 'filter-dump')
    throw new NicError('CONFIG', `object "${kind}" is not known; the only one is filter-dump`);
  const found: Partial<Record<(typeof keys)[number], string>> = {};
  for (const option of options) {
    const [key = '', ...value] = option.split('=');
    if (!keys.includes(key as (typeof keys)[number])) {
      throw new NicError('CONFIG', `filter-dump has no "${key}"${didYouMean(key, keys)}`);
    }
    found[key as (typeof keys)[number]] = value.join('=');
  }
  for (const key of ['id', 'netdev', 'file'] as const) {
    if (found[key] === undefined) throw new NicError('CONFIG', `filter-dump needs "${key}"`);
  }
  const maxLength = Number(found.maxlen ?? 65_536);
  if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > 65_536) {
    throw new NicError('CONFIG', `filter-dump maxlen=${found.maxlen} must be from 1 to 65536`);
  }
  return { id: found.id!, netdev: found.netdev!, file: found.file!, maxLength };
}

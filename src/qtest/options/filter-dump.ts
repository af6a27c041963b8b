/** `-object filter-dump,id=…,netdev=…,file=…[,maxlen=…]`. */
import { checkedKeys, fault } from './words.ts';

export interface FilterDumpOptions {
  readonly netdev: string;
  readonly file: string;
  /** Bytes kept of each frame. */
  readonly maxLength: number;
}

export function parseObject(text: string): FilterDumpOptions {
  if (text.split(',')[0] !== 'filter-dump') throw fault(`-object ${text}: filter-dump is the one object there is`);
  const { values } = checkedKeys('-object', text, ['id', 'netdev', 'file', 'maxlen']);
  const { netdev, file, maxlen = '65536' } = values;
  for (const key of ['id', 'netdev', 'file']) {
    if (values[key] === undefined) throw fault(`-object ${text}: ${key}= is missing`);
  }
  const maxLength = Number(maxlen);
  if (!/^\d+$/.test(maxlen) || maxLength < 1 || maxLength > 65_536) {
    throw fault(`-object ${text}: maxlen is a number from 1 to 65536`);
  }
  return { netdev: netdev!, file: file!, maxLength };
}

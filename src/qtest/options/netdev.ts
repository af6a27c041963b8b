/** `-netdev`: what the wires of this project read, and `user`, which here is a cable whose other end nobody reads. */
import { type NetdevOptions, parseNetdev } from '../../wires/index.ts';
import { checkedKeys } from './words.ts';

export type QTestNetdev = NetdevOptions | { readonly type: 'user'; readonly id: string };

export function parseQTestNetdev(text: string): QTestNetdev {
  const type = text.replace(/^type=/, '').split(',')[0];
  if (type !== 'user') return parseNetdev(text);
  const { values } = checkedKeys('-netdev', text, ['id', 'restrict']);
  return { type, id: values['id'] ?? '' };
}

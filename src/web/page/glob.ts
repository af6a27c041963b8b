/** `igb_tx_*`, `{igb,net}_*`: the globs that trace events are named by, as far as a list needs them. */
export function globTest(glob: string): (name: string) => boolean {
  let source = '';
  let depth = 0;
  for (const character of glob) {
    if (character === '*') source += '.*';
    else if (character === '?') source += '.';
    else if (character === '{') {
      source += '(?:';
      depth += 1;
    } else if (character === '}' && depth > 0) {
      source += ')';
      depth -= 1;
    } else if (character === ',' && depth > 0) source += '|';
    else source += character.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
  }
  const test = new RegExp(`^${source}${')'.repeat(depth)}$`);
  return (name) => test.test(name);
}

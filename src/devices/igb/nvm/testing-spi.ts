/** A master of a serial bus that clocks bytes as mode 0 has it: highest bit first, sampled where the clock rises. */
import type { SerialChip } from './spi-slave.ts';

/** Selects the part, sends bytes, reads `count` of them, sends zeros for `extraBits` and lets the part go; gives what was read. */
export function spiCommand(part: SerialChip, sent: readonly number[], count = 0, extraBits = 0): number[] {
  const bit = (level: number): number => {
    part.pins(true, false, level === 1);
    const output = part.pins(true, true, level === 1) ? 1 : 0;
    part.pins(true, false, level === 1);
    return output;
  };
  const byte = (value: number): number => {
    let answer = 0;
    for (let at = 7; at >= 0; at -= 1) answer = (answer << 1) | bit((value >> at) & 1);
    return answer;
  };
  part.pins(true, false, false);
  for (const value of sent) byte(value);
  const answer = Array.from({ length: count }, () => byte(0));
  for (let at = 0; at < extraBits; at += 1) bit(0);
  part.pins(false, false, false);
  return answer;
}

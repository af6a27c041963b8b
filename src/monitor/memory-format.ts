/** `/FMT` of `x` and `xp`: a count, a format letter, a size letter, as in QEMU. */
import { MonitorError } from './context.ts';

export interface MemoryFormat {
  readonly count: number;
  /** Hexadecimal, signed, unsigned, octal, character. */
  readonly letter: 'x' | 'd' | 'u' | 'o' | 'c';
  readonly sizeBytes: number;
}

const sizes: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8 };
const LINE_BYTES = 16;

/** The text behind the slash; `1xw` where it is empty. Throws MonitorError. */
export function parseFormat(text: string): MemoryFormat {
  const found = /^(\d*)([xduoc]?)([bhwg]?)$/.exec(text) ?? /^(\d*)([bhwg])([xduoc])$/.exec(text);
  if (found === null) {
    throw new MonitorError(
      'USAGE',
      `/${text}: a format is a count, one of x d u o c, and one of b h w g, such as /16xw`,
    );
  }
  const letters = [found[2]!, found[3]!];
  const letter = (letters.find((one) => one !== '' && 'xduoc'.includes(one)) ?? 'x') as MemoryFormat['letter'];
  const size = letters.find((one) => one !== '' && 'bhwg'.includes(one));
  const sizeBytes = sizes[size ?? (letter === 'c' ? 'b' : 'w')]!;
  const count = found[1] === '' ? 1 : Number(found[1]);
  if (count < 1) throw new MonitorError('USAGE', `/${text}: the count is at least 1`);
  return { count, letter, sizeBytes };
}

function valueAt(bytes: Uint8Array, at: number, sizeBytes: number): bigint {
  let value = 0n;
  for (let n = sizeBytes - 1; n >= 0; n -= 1) value = (value << 8n) | BigInt(bytes[at + n]!);
  return value;
}

/** C's escapes for what is no printable character. */
function character(value: number): string {
  if (value === 0x27 || value === 0x5c) return `'\\${String.fromCharCode(value)}'`;
  if (value >= 0x20 && value < 0x7f) return `'${String.fromCharCode(value)}'`;
  const names: Readonly<Record<number, string>> = { 9: 't', 10: 'n', 13: 'r' };
  return `'\\${names[value] ?? `x${value.toString(16).padStart(2, '0')}`}'`;
}

function textOf(value: bigint, { letter, sizeBytes }: MemoryFormat): string {
  switch (letter) {
    case 'x':
      return `0x${value.toString(16).padStart(sizeBytes * 2, '0')}`;
    case 'd':
      return BigInt.asIntN(sizeBytes * 8, value).toString();
    case 'o':
      return value === 0n ? '0' : `0${value.toString(8)}`;
    case 'c':
      return character(Number(value & 0xffn));
    case 'u':
      return value.toString();
  }
}

/** Lines of 16 bytes, little-endian, each behind its address. */
export function formatMemory(bytes: Uint8Array, address: number, format: MemoryFormat): string {
  const lines: string[] = [];
  const { sizeBytes } = format;
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const values: string[] = [];
    const end = Math.min(at + LINE_BYTES, bytes.length);
    for (let one = at; one < end; one += sizeBytes) values.push(textOf(valueAt(bytes, one, sizeBytes), format));
    lines.push(`${(address + at).toString(16).padStart(16, '0')}: ${values.join(' ')}`);
  }
  return lines.join('\n');
}

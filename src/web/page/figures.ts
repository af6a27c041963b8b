/** Figures as people read them. */

const prefixes = ['', 'k', 'M', 'G', 'T'];

/** `1.23 M`: three digits and a prefix, in powers of 1,000. */
export function short(value: number, unit = ''): string {
  let step = 0;
  let rest = Math.abs(value);
  while (rest >= 999.5 && step < prefixes.length - 1) {
    rest /= 1000;
    step += 1;
  }
  const digits =
    step === 0 ? (Number.isInteger(rest) || rest >= 10 ? 0 : 1) : rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  const gap = unit === '' && prefixes[step] === '' ? '' : ' ';
  return `${value < 0 ? '-' : ''}${rest.toFixed(digits)}${gap}${prefixes[step]}${unit}`;
}

export const grouped = (value: number): string => value.toLocaleString('en');
export const hex = (value: number, digits = 8): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** The least of 1, 2 and 5 times a power of ten that is not below the value; at least `least`. */
export function roundUp(value: number, least: number): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].map((digit) => digit * power).find((candidate) => candidate >= wanted * (1 - 1e-9))!;
}

import { h } from './dom.ts';

/** A control with its label. */
export const field = (label: string, control: HTMLElement): HTMLElement =>
  h('label', {}, h('span', {}, label), control);

/** What a form holds, without what was left empty. */
export function valuesOf(form: HTMLFormElement): Readonly<Record<string, string>> {
  const pairs = [...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value.trim() : '']);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''));
}

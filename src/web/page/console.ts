/** The monitor's own prompt: HMP, with history and completion. */
import { ask } from './ask.ts';
import { h } from './dom.ts';
import type { View } from './view.ts';

const KEPT = 200;

export class Console implements View {
  readonly name = 'console';
  readonly title = 'Console';
  readonly icon = 'M3 4h18v16H3zm3 4v2l3 2-3 2v2l6-4zm6 7v2h6v-2z';
  readonly element: HTMLElement;
  readonly everyMs = 60_000;
  readonly #output: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #lines: string[];
  #at: number;

  constructor() {
    this.#lines = [];
    this.#at = 0;
    this.#output = h('div', { class: 'terminal', tabindex: 0, role: 'log', 'aria-label': 'Answers' });
    this.#input = h('input', {
      ...{
        class: 'prompt',
        'aria-label': 'Command',
        spellcheck: 'false',
        autocomplete: 'off',
        placeholder: 'info rings',
      },
      onkeydown: (event: KeyboardEvent) => void this.#key(event),
    });
    const hint = 'Enter runs, Tab completes, ↑ and ↓ go through what was typed. “help” and “info” list what there is.';
    this.element = h(
      'div',
      { class: 'view' },
      h('section', { class: 'card' }, this.#output, this.#input, h('p', { class: 'hint' }, hint)),
    );
  }

  update(): Promise<void> {
    return Promise.resolve();
  }

  focusSearch(): void {
    this.#input.focus();
  }

  async #key(event: KeyboardEvent): Promise<void> {
    if (event.key === 'Enter') await this.#run(this.#input.value);
    else if (event.key === 'Tab' && !event.shiftKey && this.#input.value !== '') {
      event.preventDefault();
      await this.#complete();
    } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      this.#at = Math.min(this.#lines.length, Math.max(0, this.#at + (event.key === 'ArrowUp' ? -1 : 1)));
      this.#input.value = this.#lines[this.#at] ?? '';
    }
  }

  async #run(line: string): Promise<void> {
    this.#input.value = '';
    if (line.trim() === '') return;
    this.#lines.push(line);
    this.#at = this.#lines.length;
    this.#print('asked', `(outboard) ${line}`);
    const text = await answerTo(line);
    if (text !== '') this.#print(text.startsWith('Error:') ? 'bad' : '', text);
  }

  async #complete(): Promise<void> {
    const line = this.#input.value;
    const words = (await answerTo(`complete "${line.replace(/["\\]/g, '\\$&')}"`)).split('\n').filter(Boolean);
    const begin = line.replace(/\S*$/, '');
    const [first] = words;
    if (first === undefined) return;
    let shared = first;
    for (const word of words) while (!word.startsWith(shared)) shared = shared.slice(0, -1);
    const gap = words.length === 1 && !first.endsWith('=') ? ' ' : '';
    if (shared.length > line.length - begin.length || gap !== '') this.#input.value = `${begin}${shared}${gap}`;
    else this.#print('hint', words.slice(0, 60).join('  '));
  }

  #print(kind: string, text: string): void {
    this.#output.append(h('pre', { class: kind }, text));
    while (this.#output.childNodes.length > KEPT) this.#output.firstChild!.remove();
    this.#output.scrollTop = this.#output.scrollHeight;
  }
}

async function answerTo(line: string): Promise<string> {
  try {
    const text = await ask<string>('human-monitor-command', { 'command-line': line });
    return text.replaceAll('\r\n', '\n').trimEnd();
  } catch (error) {
    return `Error: ${(error as Error).message}`;
  }
}

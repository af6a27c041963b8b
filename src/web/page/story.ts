/** The story of one packet, in a dialog. */
import { ask, attempt } from './ask.ts';
import type { TraceLine } from './answers.ts';
import { h, morph } from './dom.ts';

interface Story {
  readonly packet: number;
  readonly steps: readonly (TraceLine & { readonly says: string })[];
  readonly open: readonly string[];
}

const dialog = document.querySelector<HTMLDialogElement>('#story')!;

export async function showStory(packet: number): Promise<void> {
  await attempt(async () => {
    const { steps, open } = await ask<Story>('trace-follow', { packet });
    const begin = steps[0]!.time;
    const rows = steps.map(({ time, event, text, says }) =>
      h(
        'li',
        { title: `${event} ${text}` },
        h('time', {}, `${((time - begin) * 1e6).toFixed(1)} µs`),
        h('span', {}, says),
      ),
    );
    const left = open.map((text) => h('li', { class: 'bad' }, h('time', {}, 'open'), h('span', {}, text)));
    morph(
      dialog,
      h(
        'dialog',
        {},
        h(
          'header',
          {},
          h('h2', { id: 'story-title' }, `Packet ${packet}`),
          h('button', { type: 'button', 'aria-label': 'Close', onclick: () => dialog.close() }, '✕'),
        ),
        h('p', { class: 'hint' }, `from ${begin.toFixed(9)} s on`),
        h('ol', { class: 'steps' }, ...rows, ...left),
      ),
    );
    if (!dialog.open) dialog.showModal();
  });
}

/** Traces in the JSON of Chrome and Perfetto open in a viewer that is not ours. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findChromium } from '../../src/lab/chromium.ts';
import { LabError } from '../../src/lab/errors.ts';
import { startNic } from '../../src/nic/nic.ts';
import { Machine } from '../protocol/machine.ts';
import { Browser } from './browser.ts';
import { findTraceViewer, openTrace, serveTrace, viewerIsThere } from './trace-viewer.ts';

/** Where a picture of the viewer goes, for who wants to look. */
const picture = process.env['OUTBOARD_TRACE_PICTURE'];

/** What a NIC with two machines traces while they talk. */
async function traceOfARun(folder: string): Promise<string> {
  const attach = [0, 1].map((index) => ({ kind: 'vf' as const, index, path: join(folder, `vf${index}.sock`) }));
  const traceFile = join(folder, 'trace.json');
  const nic = await startNic(
    { attach, netdev: ['hubport,id=n0,hubid=0'], trace: ['*', '-loop_*'], traceFile },
    { log: () => undefined },
  );
  const [a, b] = [new Machine(attach[0]!.path), new Machine(attach[1]!.path)] as const;
  for (let n = 0; n < 5; n += 1) {
    a.sendTo(b, n);
    assert.equal(b.taken(1), 1);
    await sleep(2);
  }
  a.crash();
  b.crash();
  await nic.close();
  return readFileSync(traceFile, 'utf8');
}

test('a run of the NIC: a process for each function, a track for each queue and vector, packets with their arrows', async (context) => {
  let browser: Browser;
  let viewer: string;
  try {
    viewer = await findTraceViewer(() => undefined);
    browser = await Browser.start(await findChromium(() => undefined));
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    context.skip(`NOT CHECKED: no browser or no viewer can be had: ${error.message}`);
    return;
  }
  context.after(() => browser.close());
  const folder = mkdtempSync(join(tmpdir(), 'outboard-viewer-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const site = await serveTrace(viewer, await traceOfARun(folder));
  context.after(() => site.close());
  const page = await browser.open(site.url);
  await page.show({ width: 1400, height: 900 }, 'light');
  await page.until(viewerIsThere, 30_000);
  await page.evaluate(openTrace);
  const tracks = await page.evaluate<Record<string, string[]>>(`Object.fromEntries(
    Object.values(model.processes).map(({ name, threads }) => [name, Object.values(threads).map((thread) => thread.name)])
  )`);
  assert.deepEqual(Object.keys(tracks).sort(), ['82576', 'PF', 'VF 0', 'VF 1']);
  assert.ok(tracks['VF 0']!.includes('transmit queue 0'), tracks['VF 0']!.join());
  assert.ok(tracks['VF 1']!.includes('receive queue 1'), tracks['VF 1']!.join());
  assert.ok(tracks['VF 0']!.includes('mailboxes') && tracks['82576']!.includes('vfio-user'), JSON.stringify(tracks));
  const packets = await page.evaluate<number>(
    `[...model.getDescendantEvents()].filter(({ title, duration }) => /^packet \\d+$/.test(title) && duration > 0).length`,
  );
  assert.ok(packets >= 10, `${packets} slices of packets, each sent and received`);
  assert.ok((await page.evaluate<number>('model.flowEvents.length')) >= 5);
  assert.deepEqual(await page.evaluate('model.importWarnings.map(({ message }) => message)'), []);
  // What is drawn has the names too.
  const headings = `(function textOf(node) {
    return [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].map((child) => child.nodeValue ?? textOf(child)).join(' ');
  })(document.body)`;
  await page.until(`/transmit queue 0/.test(${headings})`);
  if (picture !== undefined) writeFileSync(picture, await page.picture());
  assert.deepEqual(page.errors, []);
});

/** The web view as a user has it: in a real browser, on a NIC that works. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { findChromium } from '../../src/lab/chromium.ts';
import { LabError } from '../../src/lab/errors.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import { connectPeer } from '../../src/monitor/peer.ts';
import { startNic, type Nic } from '../../src/nic/nic.ts';
import { serveWeb } from '../../src/web/serve-web.ts';
import { Machine } from '../protocol/machine.ts';
import { Browser, type Page } from './browser.ts';

let folder: string;
let nic: Nic;
let machines: [Machine, Machine];
let browser: Browser | undefined;
let page: Page;
let why = '';
const logged: string[] = [];
const log = (line: string): void => void logged.push(line);

before(async () => {
  try {
    browser = await Browser.start(await findChromium(() => undefined));
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    why = error.message;
    return;
  }
  folder = mkdtempSync(join(tmpdir(), 'outboard-page-'));
  const attach = [0, 1].map((index) => ({ kind: 'vf' as const, index, path: join(folder, `vf${index}.sock`) }));
  nic = await startNic(
    { attach, netdev: ['hubport,id=n0,hubid=0'], trace: ['igb_reset_*'], traceFile: join(folder, 'trace.obt') },
    { log },
  );
  const qmp = `unix:${join(folder, 'qmp.sock')},server=on,wait=off`;
  const monitor = new Monitor({ nic, qmp: [qmp], hmp: [], log, quit: () => void nic.close() });
  await serveWeb(monitor, '127.0.0.1:0', log);
  machines = [new Machine(attach[0]!.path), new Machine(attach[1]!.path)];
  page = await browser.open(/^web: (.*)$/m.exec(logged.join('\n'))![1]!);
  await page.show({ width: 1280, height: 860 }, 'light');
});

after(async () => {
  browser?.close();
  if (folder === undefined) return;
  for (const machine of machines) machine.crash();
  await nic.close();
  rmSync(folder, { recursive: true });
});

/** False where there is no browser: the test is skipped then. */
function hasBrowser(context: TestContext): boolean {
  if (browser === undefined) context.skip(`NOT CHECKED: chromium is not installed and cannot be fetched: ${why}`);
  return browser !== undefined;
}

const text = (selector: string): string => `document.querySelector(${JSON.stringify(selector)})?.textContent`;
const go = (name: string): Promise<unknown> => page.evaluate(`location.hash = '#${name}'`);

test('the overview shows who is there and what goes by, and the token has left the address', async (context) => {
  if (!hasBrowser(context)) return;
  await page.until(`[...document.querySelectorAll('tbody tr')].some((row) => row.textContent.startsWith('vf1'))`);
  assert.equal(await page.evaluate('location.search'), '');
  await page.until(`${text('.facts')}.includes('link up, 1000 Mb/s')`);
  const sent = `Number(/sent ([\\d.]+)/.exec(${text('figure:nth-of-type(2) .legend')})?.[1]) > 0`;
  for (const until = Date.now() + 10_000; !(await page.evaluate<boolean>(sent));) {
    machines[0].sendTo(machines[1], 1);
    machines[1].receive.take();
    assert.ok(Date.now() < until, 'the rate is seen');
  }
});

test('it is light or dark as the system is, until ◐ turns it; that is kept', async (context) => {
  if (!hasBrowser(context)) return;
  const size = { width: 1280, height: 860 };
  const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
  const turn = (): Promise<unknown> => page.evaluate(`document.querySelector('[aria-label="Light or dark"]').click()`);
  // The page of before has facts to show as well, until it is gone.
  const reload = async (): Promise<void> => {
    await page.evaluate('globalThis.before = true; location.reload()');
    await page.until(`globalThis.before === undefined && ${text('.facts')}?.includes('link up')`);
  };
  const [light, dark] = ['rgb(244, 246, 248)', 'rgb(14, 18, 23)'];
  assert.equal(await ground(), light);
  await page.show(size, 'dark');
  assert.equal(await ground(), dark);
  await turn();
  assert.equal(await ground(), light);
  await reload();
  assert.equal(await ground(), light, 'in a dark system, after a reload');
  await page.show(size, 'light');
  await turn();
  assert.equal(await ground(), dark, 'in a light system');
  await page.evaluate(`localStorage.removeItem('theme')`);
  await reload();
  assert.equal(await ground(), light);
});

test('a trace event that is switched on by the keyboard is on for the monitor, and its records arrive', async (context) => {
  if (!hasBrowser(context)) return;
  const peer = await connectPeer(join(folder, 'qmp.sock'));
  const state = (): Promise<string> => peer.run('info trace-events igb_rx_packet');
  assert.equal(await state(), 'igb_rx_packet : state 0');
  await go('trace');
  await page.until(`document.querySelector('.events [aria-label=igb_rx_packet]')`);
  await page.press('/');
  await page.type('igb_rx_packet');
  await page.until(`document.querySelectorAll('.events .switch').length < 5`);
  await page.evaluate(`document.querySelector('.events [aria-label=igb_rx_packet]').focus()`);
  await page.press(' ');
  await page.until(
    `document.querySelector('.events [aria-label=igb_rx_packet]').getAttribute('aria-checked') === 'true'`,
  );
  assert.equal(await state(), 'igb_rx_packet : state 1');
  machines[0].sendTo(machines[1], 1);
  assert.match(
    await page.until<string>(text('.log li:not(.empty)')),
    /igb_rx_packet#\d+queue 1 function VF1 length 154 B/,
  );
  assert.ok(machines[1].taken(1) >= 1);
  peer.close();
});

test('a packet is clicked on, and its story is told', async (context) => {
  if (!hasBrowser(context)) return;
  await page.evaluate(`document.querySelector('.log .packet button').click()`);
  const story = await page.until<string>(`document.querySelector('#story').open && ${text('#story')}`);
  assert.match(story, /Packet \d+.*in the memory of receive queue 1, VF1: 154 B/);
  await page.press('Escape');
  await page.until(`!document.querySelector('#story').open`);
});

test('a ring shows its descriptors, a register its fields', async (context) => {
  if (!hasBrowser(context)) return;
  // It stays in its ring until the machine takes it.
  machines[0].sendTo(machines[1], 2);
  await go('rings');
  await page.until(`document.querySelectorAll('.ring-button').length === 4`);
  await page.evaluate(`document.querySelector('[aria-label^="rx1 of vf1"]').click()`);
  await page.until(`/DD EOP .*length 1\\d\\d/.test(${text('.card table')})`);
  await go('registers');
  await page.until(`[...document.querySelectorAll('td button')].find((one) => one.textContent === 'STATUS')`);
  await page.evaluate(
    `[...document.querySelectorAll('td button')].find((one) => one.textContent === 'STATUS').click()`,
  );
  assert.match(await page.until<string>(text('.fields')), /Link up/);
});

test('a capture and a fault are begun and ended in the page', async (context) => {
  if (!hasBrowser(context)) return;
  await go('captures');
  await page.until(`document.querySelector('[name=point] option')`);
  await page.evaluate(`document.querySelector('[name=file]').value = ${JSON.stringify(join(folder, 'x.pcapng'))}`);
  await page.evaluate(`document.querySelector('form button').click()`);
  await page.until(`[...document.querySelectorAll('td')].some((cell) => cell.textContent === 'f0')`);
  assert.deepEqual(
    nic.captures.list().map(({ id, status }) => [id, status]),
    [['f0', 'on']],
  );
  await page.evaluate(`document.querySelector('[aria-label="End f0"]').click()`);
  await page.until(`document.querySelector('.empty')?.textContent === 'Nothing is captured.'`);
  assert.deepEqual(nic.captures.list(), []);
  await go('faults');
  await page.until(`document.querySelector('[name=kind]')`);
  await page.evaluate(`document.querySelector('form button').click()`);
  await page.until(`[...document.querySelectorAll('td')].some((cell) => cell.textContent === 'drop')`);
  assert.equal((await nic.request('listFaults')).length, 1);
  await page.evaluate(`document.querySelector('[aria-label^=Clear]').click()`);
  await page.until(`document.querySelector('.empty')?.textContent === 'No fault is set.'`);
});

test('every view can be opened, with a name for each control, and none says an error', async (context) => {
  if (!hasBrowser(context)) return;
  const names = await page.evaluate<string[]>(`[...document.querySelectorAll('#views a')].map((a) => a.hash.slice(1))`);
  assert.equal(names.length, 9);
  const unnamed = `[...document.querySelectorAll('button, input, select')].filter((control) =>
    !control.hidden && control.textContent.trim() === '' && !control.getAttribute('aria-label') && !control.labels?.length
  ).map((control) => control.outerHTML)`;
  for (const name of names) {
    await go(name);
    await page.until(
      `document.querySelector('#views [aria-current]').hash === '#${name}' && document.querySelector('main .view')`,
    );
    assert.deepEqual(await page.evaluate(unnamed), [], name);
  }
  assert.deepEqual(page.errors, []);
});

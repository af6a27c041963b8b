/** The viewer behind chrome://tracing, as Debian's Go sources carry it for `go tool trace`, served to a browser. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache, type Report } from '../../src/lab/cache.ts';

const PACKAGE = 'golang-1.19-src';
const FOLDER = 'usr/share/go-1.19/src/cmd/trace/static';
const SUITE = 'bookworm';

/** Folder with the viewer's files; fetches their package where the machine has none. Throws LabError where that fails. */
export async function findTraceViewer(report: Report): Promise<string> {
  const cache = new Cache();
  const root = await cache.step('trace-viewer', `${SUITE} ${PACKAGE} 1`, report, (folder) =>
    new PrivateApt(cache, report).unpack(SUITE, [PACKAGE], folder),
  );
  return join(root, FOLDER);
}

const page = `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<style>html, body { height: 100%; margin: 0 } tr-ui-timeline-view { position: absolute; width: 100%; height: 100% }</style>
<script src="/webcomponents.min.js"></script>
<link rel="import" href="/trace_viewer_full.html" />`;

/** Shows the trace; resolves when it is drawn. To be run in the page. */
export const openTrace = `(async () => {
  const text = await (await fetch('/trace.json')).text();
  const viewer = document.createElement('tr-ui-timeline-view');
  viewer.track_view_container = document.createElement('track-view-container');
  viewer.track_view_container.id = 'track_view_container';
  viewer.globalMode = true;
  Polymer.dom(viewer).appendChild(viewer.track_view_container);
  Polymer.dom(document.body).appendChild(viewer);
  const model = new tr.Model();
  await new tr.importer.Import(model).importTracesWithProgressDialog([text]);
  viewer.model = model;
  window.model = model;
})()`;

/** True in the page once it can open traces. */
export const viewerIsThere = 'window.tr?.importer?.Import !== undefined && window.Polymer !== undefined';

export interface ServedTrace {
  readonly url: string;
  close(): void;
}

/** A site with the viewer and one trace, on loopback. */
export async function serveTrace(viewer: string, trace: string): Promise<ServedTrace> {
  const files = new Map<string, readonly [type: string, text: string]>([
    ['/', ['text/html', page]],
    ['/trace.json', ['application/json', trace]],
    ['/webcomponents.min.js', ['text/javascript', readFileSync(join(viewer, 'webcomponents.min.js'), 'utf8')]],
    ['/trace_viewer_full.html', ['text/html', readFileSync(join(viewer, 'trace_viewer_full.html'), 'utf8')]],
  ]);
  const server = createServer(({ url = '' }, response) => {
    const [type, text] = files.get(url) ?? ['text/plain', ''];
    response.writeHead(files.has(url) ? 200 : 404, { 'content-type': `${type}; charset=utf-8` });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

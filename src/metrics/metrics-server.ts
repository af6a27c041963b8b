/** Answers `GET /metrics` on a loopback address, for Prometheus. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import type { LoopbackAddress } from './loopback-address.ts';
import { contentType, prometheusText, type Metric } from './prometheus-text.ts';

/** Clients at a time; a scraper needs one. */
const MOST_CONNECTIONS = 16;
/** How long a client may take to ask, and to read what it asked for. */
const PATIENCE_MS = 10_000;

function answer(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
  response.end(text);
}

export class MetricsServer {
  readonly #server: Server;

  private constructor(collect: () => Promise<Metric[]>) {
    this.#server = createServer((request, response) => {
      const path = request.url?.split('?')[0];
      if (path !== '/metrics') answer(response, 404, 'Only /metrics is here.\n');
      else if (request.method !== 'GET' && request.method !== 'HEAD')
        answer(response, 405, 'Only GET is answered.\n', { allow: 'GET, HEAD' });
      else
        collect().then(
          (metrics) => answer(response, 200, prometheusText(metrics), { 'content-type': contentType }),
          (error: Error) => answer(response, 503, `${error.message}\n`),
        );
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.headersTimeout = PATIENCE_MS;
    this.#server.requestTimeout = PATIENCE_MS;
    // Who does not read is cut off, whatever waits for it.
    this.#server.setTimeout(PATIENCE_MS, (socket) => socket.destroy());
  }

  /** Listens; rejects with the system's error. */
  static async listen({ host, port }: LoopbackAddress, collect: () => Promise<Metric[]>): Promise<MetricsServer> {
    const made = new MetricsServer(collect);
    await new Promise<void>((resolve, reject) => {
      made.#server.once('error', reject);
      made.#server.listen(port, host, resolve);
    });
    // It alone does not keep the process.
    made.#server.unref();
    return made;
  }

  /** Where to fetch it. */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${isIPv6(address) ? `[${address}]` : address}:${port}/metrics`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { repeatableBytes, sha256 } from './random-bytes.ts';

/** Longest file that is made on demand: a request cannot have more allocated. */
const longestFile = 256 * 1024 * 1024;

export interface Upload {
  readonly bytes: number;
  readonly sha256: string;
}

/** GET /file/LENGTH/SEED gives known bytes; PUT /upload/NAME hashes what arrives. */
export class HttpFiles {
  readonly #server: Server;
  readonly #files: Map<string, Buffer>;
  readonly #uploads: Map<string, Upload>;

  constructor() {
    this.#files = new Map();
    this.#uploads = new Map();
    this.#server = createServer((request, response) => this.#answer(request, response));
    // A transfer through a guest under emulation may be slow.
    this.#server.requestTimeout = 0;
  }

  listen(port: number, address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, resolve);
    });
  }

  /** Makes a file ready and gives its hash. */
  file(length: number, seed: number): string {
    return sha256(this.#bytes(length, seed));
  }

  uploaded(name: string): Upload | undefined {
    return this.#uploads.get(name);
  }

  #bytes(length: number, seed: number): Buffer {
    const key = `${length}/${seed}`;
    let bytes = this.#files.get(key);
    if (bytes === undefined) {
      bytes = repeatableBytes(length, seed);
      this.#files.set(key, bytes);
    }
    return bytes;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const file = /^\/file\/(\d{1,9})\/(\d{1,9})$/.exec(request.url ?? '');
    const upload = /^\/upload\/([\w-]+)$/.exec(request.url ?? '');
    if (request.method === 'GET' && file !== null && Number(file[1]) <= longestFile) {
      const bytes = this.#bytes(Number(file[1]), Number(file[2]));
      response.writeHead(200, { 'content-length': bytes.length });
      response.end(bytes);
    } else if (request.method === 'PUT' && upload !== null) {
      const hash = createHash('sha256');
      let count = 0;
      request.on('data', (bytes: Buffer) => {
        hash.update(bytes);
        count += bytes.length;
      });
      request.on('end', () => {
        this.#uploads.set(upload[1]!, { bytes: count, sha256: hash.digest('hex') });
        response.end('stored\n');
      });
    } else {
      response.writeHead(404);
      response.end();
    }
  }
}

/** A server with a toy device, in the thread of the test, and what it holds of the system. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EventLoop, close, createMemfd, mapShared, retiredMappings } from '../../src/linux/index.ts';
import type { Mapping } from '../../src/linux/index.ts';
import { makeTask } from '../../src/ports/index.ts';
import { VfioUserServer } from '../../src/vfio-user/index.ts';
import type { VfioUserClient, VfioUserDevice } from '../../src/vfio-user/index.ts';
import { Client } from './client.ts';

export const BAR0_BYTES = 0x20000;
export const CONFIG_REGION = 7;
export const MSIX_VECTORS = 10;

/** Regions that are plain memory, and a list of what happened. */
export class ToyDevice implements VfioUserDevice {
  readonly regionSizes: readonly number[];
  readonly irqCounts: readonly number[];
  readonly bytes: readonly Uint8Array[];
  readonly events: string[];
  client: VfioUserClient | undefined;
  /** Called within each write, after it. */
  written: (region: number, offset: number) => void;

  constructor() {
    this.regionSizes = [BAR0_BYTES, 0, 0, 0x4000, 0, 0, 0x10000, 4096, 0];
    this.irqCounts = [1, 1, MSIX_VECTORS, 0, 0];
    this.bytes = this.regionSizes.map((size) => new Uint8Array(size));
    this.events = [];
    this.client = undefined;
    this.written = () => undefined;
  }

  regionRead(region: number, offset: number, bytes: Uint8Array, at: number, count: number): void {
    bytes.set(this.bytes[region]!.subarray(offset, offset + count), at);
  }

  regionWrite(region: number, offset: number, bytes: Uint8Array, at: number, count: number): void {
    this.bytes[region]!.set(bytes.subarray(at, at + count), offset);
    this.written(region, offset);
  }

  attached(client: VfioUserClient): void {
    this.client = client;
    this.events.push('attached');
  }

  detached(): void {
    this.client = undefined;
    this.events.push('detached');
  }

  reset(): void {
    this.events.push('reset');
  }

  irqsChanged(index: number): void {
    this.events.push(`irqs ${index}`);
  }
}

export interface Harness {
  readonly loop: EventLoop;
  readonly device: ToyDevice;
  readonly server: VfioUserServer;
  readonly path: string;
  readonly log: readonly string[];
  /** A client; `connect().version()` is one that has agreed on the version. */
  readonly connect: () => Client;
  /** A memfd as QEMU makes it; closed after the test. */
  readonly memfd: (size: number, options?: { seal?: boolean }) => number;
  /** The guest's own view of a memfd. */
  readonly guestBytes: (fd: number, size: number) => Uint8Array;
  /** Runs the server's loop until nothing happens any more. */
  readonly settle: () => void;
  /** Ends a turn in which the device did something by itself. */
  readonly endTurn: () => void;
}

/** Runs `body` with a server; afterwards nothing of it may be left: descriptors, mappings, the socket file. */
export async function withServer(body: (harness: Harness) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-user-'));
  const fdsBefore = openFds();
  const path = join(folder, 'nic.sock');
  const loop = new EventLoop();
  const device = new ToyDevice();
  const log: string[] = [];
  const server = new VfioUserServer({ loop, path, device, log: (line) => log.push(line) });
  const clients: Client[] = [];
  const memfds: number[] = [];
  const guestMappings: Mapping[] = [];
  // What a client in this thread has sent or closed is there at once.
  const settle = (): void => {
    while (loop.runOnce(0));
  };
  try {
    await body({
      loop,
      device,
      server,
      path,
      log,
      settle,
      endTurn: () => {
        loop.mark(makeTask(() => false));
        loop.runOnce(0);
      },
      connect: () => {
        const client = new Client(path, (timeoutMs) => loop.runOnce(timeoutMs));
        clients.push(client);
        return client;
      },
      memfd: (size, options) => {
        const fd = createMemfd('toy', size, options ?? {});
        memfds.push(fd);
        return fd;
      },
      guestBytes: (fd, size) => {
        const mapping = mapShared(fd, 0, size, true);
        guestMappings.push(mapping);
        return new Uint8Array(mapping.buffer);
      },
    });
  } finally {
    for (const client of clients) client.close();
    settle();
    assert.equal(device.client, undefined, 'every client that attached was detached');
    server.close();
    loop.close();
    for (const mapping of guestMappings) mapping.unmap();
    for (const fd of memfds) close(fd);
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true });
    assert.deepEqual(left, [], 'the socket file is gone');
  }
  assert.equal(sharedMaps(), 0, 'no guest memory is mapped any more');
  assert.equal(openFds(), fdsBefore, 'no file descriptor is left');
}

export function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Mappings of this process that reach a memfd of these tests. */
export function sharedMaps(): number {
  return processMaps().filter((line) => line.includes('/memfd:toy')).length;
}

export function processMaps(): string[] {
  return readFileSync('/proc/self/maps', 'utf8').trimEnd().split('\n');
}

/** Lets the collector find the views of unmapped memory, so that their addresses are given back. */
export async function collectViews(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let i = 0; i < 50 && retiredMappings().count > 0; i++) {
    collect();
    await new Promise((resume) => setImmediate(resume));
  }
}

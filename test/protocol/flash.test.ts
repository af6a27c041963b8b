/** A flash in a file, written through a vfio-user socket: the next NIC has what the machine of the one before programmed. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNic } from '../../src/nic/nic.ts';
import { Client, pack, u16, u32 } from './client.ts';

const REGISTERS = 0;
const FLASH = 1;
const CONFIG = 7;
const EECD = 0x10;
const WRITES_ENABLED = 0x20;

const waiter = new Int32Array(new SharedArrayBuffer(4));

test('what is programmed through BAR1 is in the file, and in the next NIC', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-flash-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [path, flash] = [join(folder, 'nic.sock'), join(folder, 'flash.bin')];
  const begin = async (): Promise<{ client: Client; end: () => Promise<void> }> => {
    const nic = await startNic({ attach: [{ kind: 'function', path }], flash }, { log: () => undefined });
    const client = new Client(path, (timeoutMs) => {
      Atomics.wait(waiter, 0, 0, Math.min(timeoutMs, 1));
      return false;
    }).version();
    client.write(CONFIG, 4, pack(u16(6)));
    const end = async (): Promise<void> => {
      client.close();
      await nic.close();
    };
    return { client, end };
  };
  const first = await begin();
  first.client.write(FLASH, 0x1000, pack(u32(0x11223344)));
  first.client.write(REGISTERS, EECD, pack(u32(WRITES_ENABLED)));
  first.client.write(FLASH, 0x1004, pack(u32(0x55667788)));
  await first.end();
  const kept = readFileSync(flash);
  assert.deepEqual(
    [kept.length, kept.readUInt32LE(0x1000), kept.readUInt32LE(0x1004)],
    [131_072, 0xffffffff, 0x55667788],
  );
  const second = await begin();
  const bytes = second.client.read(FLASH, 0x1004, 4);
  assert.equal(new DataView(bytes.slice().buffer).getUint32(0, true), 0x55667788);
  await second.end();
});

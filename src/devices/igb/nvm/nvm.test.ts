import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IgbChip } from '../chip.ts';
import { makeNvmImage, NVM_WORDS, nvmChecksumValid } from './nvm-image.ts';
import { Nvm } from './nvm.ts';
import type { SerialChip } from './spi-slave.ts';
import { pf } from '../tables/index.ts';
import { makeTestContext } from '../testing.ts';
import { eerdRead, makeTestPort, TEST_MAC } from '../testing-port.ts';

test('words 00 to 3F sum to BABA by EERD, as Linux checks at probe', () => {
  const { port } = makeTestPort();
  let sum = 0;
  for (let word = 0; word < 0x40; word += 1) sum = (sum + eerdRead(port, word)) & 0xffff;
  assert.equal(sum, 0xbaba);
});

test('the checksum holds for every address, and one changed word breaks it', () => {
  for (let last = 0; last < 256; last += 1) {
    const words = makeNvmImage({ mac: Uint8Array.of(0x02, 0xff, 0xff, 0xff, 0xff, last) });
    assert.ok(nvmChecksumValid(words));
    words[0x24]! ^= 0x0400;
    assert.ok(!nvmChecksumValid(words));
  }
});

test('the word map: address low byte first, ids, no alternate address, Wake-on-LAN off (§8.3)', () => {
  const words = makeNvmImage({ mac: TEST_MAC });
  assert.equal(words.length, NVM_WORDS);
  assert.deepEqual([...words.subarray(0, 3)], [0x5452, 0x1200, 0x5634]);
  assert.deepEqual([words[0x0d], words[0x11], words[0x26], words[0x0c]], [0x10c9, 0x10c9, 0x10ca, 0x8086]);
  assert.equal(words[0x37], 0xffff);
  assert.equal((words[0x24]! | words[0x14]!) & 0x0400, 0);
});

test('EERD answers at once, also beyond the part', () => {
  const { port } = makeTestPort();
  port.write(pf.EERD.at, (0x0d << 2) | 1);
  assert.equal(port.read(pf.EERD.at), ((0x10c9 << 16) | (0x0d << 2) | pf.EERD.DONE.mask) >>> 0);
  assert.equal(eerdRead(port, NVM_WORDS), 0xffff);
  assert.equal(eerdRead(port, 0x3fff), 0xffff);
  port.write(pf.EERD.at, 0x0d << 2);
  assert.equal(port.read(pf.EERD.at) & pf.EERD.DONE.mask, 0, 'not started');
});

test('EECD: present, loaded, 16-bit addresses, 1024 words (contradictions 18 and 20); GNT follows REQ', () => {
  const { port } = makeTestPort();
  const eecd = port.read(pf.EECD.at);
  assert.equal(eecd, pf.EECD.reset);
  assert.equal(1 << (((eecd & pf.EECD.SIZE_EX.mask) >>> pf.EECD.SIZE_EX.shift) + 6), NVM_WORDS);
  port.write(pf.EECD.at, eecd | pf.EECD.REQ.mask);
  assert.equal(port.read(pf.EECD.at), eecd | pf.EECD.REQ.mask | pf.EECD.GNT.mask);
  port.write(pf.EECD.at, eecd);
  assert.equal(port.read(pf.EECD.at), eecd);
  port.write(pf.EECD.at, 0);
  const fixed = pf.EECD.PRES.mask | pf.EECD.AUTO_RD.mask | pf.EECD.ADDR_BITS.mask | pf.EECD.SIZE_EX.mask;
  assert.equal(port.read(pf.EECD.at), eecd & fixed);
});

test('serial pins reach the chip while the bus is granted, CS inverted, and DO comes back', () => {
  const context = makeTestContext();
  const seen: unknown[] = [];
  const chip: SerialChip = {
    pins(...levels) {
      seen.push(levels);
      return levels[1];
    },
  };
  const nvm = new Nvm(context, makeNvmImage({ mac: TEST_MAC }), { part: chip, chip: new IgbChip() });
  const REQ = pf.EECD.REQ.mask;
  nvm.writeEecd(REQ | pf.EECD.CS.mask);
  assert.equal(context.registers.values[pf.EECD.index]! & pf.EECD.DO.mask, 0);
  nvm.writeEecd(REQ | pf.EECD.SK.mask | pf.EECD.DI.mask);
  assert.equal(context.registers.values[pf.EECD.index]! & pf.EECD.DO.mask, pf.EECD.DO.mask);
  nvm.writeEecd(pf.EECD.SK.mask);
  assert.deepEqual(seen, [
    [false, false, false],
    [true, true, true],
    [false, true, false],
  ]);
});

test('RAL0 and RAH0 hold the address with AV after a reset; port 1 reads the NVM with the last bit inverted (§8.3)', () => {
  for (const portNumber of [0, 1] as const) {
    const { port } = makeTestPort({ port: { portNumber } });
    port.write(pf.RAL.at, 0);
    port.reset('software');
    assert.equal(port.read(pf.RAL.at), 0x12005452);
    assert.equal(port.read(pf.RAH.at), 0x80005634);
    assert.equal(eerdRead(port, 2), portNumber === 0 ? 0x5634 : 0x5734);
  }
});

test('SMBI: who reads 0 has it until it is written 0; SWESMBI sticks (get_hw_semaphore)', () => {
  const { port } = makeTestPort();
  assert.equal(port.read(pf.SWSM.at) & 1, 0);
  assert.equal(port.read(pf.SWSM.at) & 1, 1);
  port.write(pf.SWSM.at, port.read(pf.SWSM.at) | 2);
  assert.equal(port.read(pf.SWSM.at) & 2, 2);
  port.write(pf.SWSM.at, port.read(pf.SWSM.at) & ~3);
  assert.equal(port.read(pf.SWSM.at) & 3, 0);
});

test('a resource claimed without the semaphore stands, and is traced', () => {
  const { port, context } = makeTestPort();
  port.write(pf.SW_FW_SYNC.at, 1);
  assert.equal(port.read(pf.SW_FW_SYNC.at), 1);
  assert.equal(context.trace.of('igb_guest_error_semaphore').length, 1);
  port.write(pf.SWSM.at, 2);
  port.write(pf.SW_FW_SYNC.at, 3);
  assert.equal(context.trace.of('igb_guest_error_semaphore').length, 1);
});

test('no firmware, and its configuration is done on both ports (FWSM, EEMNGCTL)', () => {
  const { port } = makeTestPort();
  assert.equal(port.read(pf.FWSM.at) & pf.FWSM.MODE.mask, 0);
  assert.equal(port.read(pf.EEMNGCTL.at) & 0x000c0000, 0x000c0000);
});

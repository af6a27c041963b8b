/** VFs that do not behave as igbvf: the PF goes on, for the others and in bounded work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf, vf } from '../devices/igb/tables/index.ts';
import { ACCEPTED, CLEAR_TO_SEND, Message, read, REFUSED, write } from '../driver/index.ts';
import { Hosted } from './testing.ts';
import { randomFrom } from '../packet/testing-random.ts';

const { V2PMAILBOX } = vf;

/** Register accesses that the PF makes while `act` and what follows from it run. */
function accesses(hosted: Hosted, act: () => void): number {
  const { port } = hosted;
  const counted = { read: port.read.bind(port), write: port.write.bind(port) };
  let count = 0;
  port.read = (offset) => {
    count += 1;
    return counted.read(offset);
  };
  port.write = (offset, value) => {
    count += 1;
    counted.write(offset, value);
  };
  act();
  hosted.context.tasks.runAll();
  port.read = counted.read;
  port.write = counted.write;
  return count;
}

test('a message that the PF does not know is refused', () => {
  const hosted = new Hosted();
  const driver = hosted.vf(0);
  driver.reset();
  for (const type of [0x07, 0x1234, 0xffff, Message.control]) {
    assert.equal(driver.request([type]), (type | REFUSED | CLEAR_TO_SEND) >>> 0);
  }
  const [status] = hosted.manager.status().vfs;
  assert.deepEqual([status!.requests, status!.refusals], [4, 4]);
});

test('what carries an answer’s bits is no request (igb: an echo of its own message)', () => {
  const hosted = new Hosted();
  const driver = hosted.vf(0);
  driver.reset();
  for (const bits of [ACCEPTED, REFUSED]) {
    assert.equal(driver.post([(Message.setVlan | bits | (1 << 16)) >>> 0, 5]), true);
    hosted.wait(1e6);
    assert.equal(driver.mailbox.takeMessage(), false);
  }
  assert.deepEqual(hosted.vlansOf(0), [0]);
});

test('before RESET nothing is done, and a refusal comes once in two seconds at most', () => {
  const hosted = new Hosted();
  hosted.wait(5e9);
  const driver = hosted.vf(0);
  let refused = 0;
  for (let n = 0; n < 100; n += 1) {
    assert.equal(driver.post([Message.setVlan | (1 << 16), 5]), true);
    if (driver.mailbox.takeMessage()) refused += 1;
    hosted.wait(50e6);
  }
  assert.deepEqual(hosted.vlansOf(0), [0]);
  assert(refused >= 2 && refused <= 3, `${refused} refusals in 5 s`);
  write(hosted.bus(0), vf.VTCTRL, vf.VTCTRL.RST.mask);
  hosted.wait(1e9);
  driver.post([Message.setVlan | (1 << 16), 5]);
  assert.equal(driver.mailbox.takeMessage(), false, 'patience begins anew with a reset');
});

test('counts beyond the mailbox read no further than the mailbox', () => {
  const hosted = new Hosted();
  const driver = hosted.vf(0);
  driver.reset();
  for (const count of [31, 64, 0x7f, 0xff]) driver.setMulticast([0x001], count);
  assert.equal(hosted.peek('VMOLR', 0) & pf.VMOLR.MPME.mask, 0);
  assert.equal(hosted.manager.status().vfs[0]!.refusals, 4);
});

test('a flood of requests between two runs of the PF is one message, of bounded work', () => {
  const hosted = new Hosted();
  const drivers = Array.from({ length: 8 }, (_, n) => hosted.vf(n));
  for (const driver of drivers) driver.reset();
  const handled = () => hosted.context.trace.of('pf_manager_request').length;
  const before = handled();
  const flood = 1000;
  const count = accesses(hosted, () => {
    for (let n = 0; n < flood; n += 1) {
      for (let index = 0; index < 8; index += 1) {
        const bus = hosted.bus(index);
        write(bus, vf.VMBMEM, Message.setMulticast | (30 << 16));
        write(bus, V2PMAILBOX, V2PMAILBOX.REQ.mask);
      }
    }
  });
  assert.equal(handled() - before, 8);
  // Each of the VFs' writes is two accesses of the port's window, of which the PF makes none.
  assert(count - flood * 8 * 2 < 8 * 600, `${count - flood * 8 * 2} accesses`);
});

test('a flood of resets is one reset, and its work is bounded', () => {
  const hosted = new Hosted();
  hosted.vf(1).reset();
  const resets = () => hosted.context.trace.of('pf_manager_vf_reset').length;
  const before = resets();
  const count = accesses(hosted, () => {
    for (let n = 0; n < 1000; n += 1) write(hosted.bus(0), vf.VTCTRL, vf.VTCTRL.RST.mask);
  });
  assert.equal(resets() - before, 1);
  assert(count < 700, `${count} accesses`);
  assert.equal(hosted.peek('VFRE'), 2);
});

test('a VF that keeps the buffer hears nothing until it lets go; after a second the PF gives up', () => {
  const hosted = new Hosted();
  hosted.wait(5e9);
  const [a, b] = [hosted.vf(0), hosted.vf(1)];
  for (const driver of [a, b]) {
    driver.reset();
    driver.setMulticast([]);
    driver.mailbox.takeMessage();
  }
  const bus = hosted.bus(0);
  write(bus, V2PMAILBOX, V2PMAILBOX.VFU.mask);
  assert.notEqual(read(bus, V2PMAILBOX) & V2PMAILBOX.VFU.mask, 0);
  hosted.port.setLink(false);
  hosted.wait(20e6);
  assert.equal(b.mailbox.takeMessage(), true);
  assert.equal(a.mailbox.takeMessage(), false);
  write(bus, V2PMAILBOX, 0);
  hosted.wait(20e6);
  assert.equal(a.mailbox.takeMessage(), true);
  write(bus, V2PMAILBOX, V2PMAILBOX.VFU.mask);
  write(bus, V2PMAILBOX, V2PMAILBOX.REQ.mask | V2PMAILBOX.VFU.mask);
  for (let ms = 0; ms < 1001; ms += 1) hosted.wait(1e6);
  assert.equal(hosted.context.clock.armed.size, 0, 'no timer is left');
  write(bus, V2PMAILBOX, 0);
  hosted.wait(20e6);
  assert.equal(a.mailbox.takeAcknowledgement(), false);
  assert.equal(a.reset(), true, 'a reset is heard');
});

test('a change of the link does not overwrite the answer to RESET that the VF has yet to read', () => {
  const hosted = new Hosted();
  hosted.wait(5e9);
  const driver = hosted.vf(0);
  assert.equal(driver.post([Message.reset]), true);
  hosted.port.setLink(false);
  hosted.wait(10e6);
  assert.equal(driver.answer(3)?.[0], (Message.reset | ACCEPTED) >>> 0);
  hosted.wait(1e6);
  assert.equal(driver.answer(1)?.[0], Message.control | CLEAR_TO_SEND, 'it follows when that was read');
});

test('random writes to its window by one VF leave the others’ settings alone', () => {
  const hosted = new Hosted();
  hosted.context.trace.on.fill(0);
  const good = hosted.vf(1);
  good.reset();
  good.setVlan(42, true);
  good.setMulticast([0x321]);
  const before = [hosted.addressesOf(1), hosted.vlansOf(1), hosted.peek('VMOLR', 1), hosted.peek('VFRE') & 2];
  const random = randomFrom(0x82576);
  const bus = hosted.bus(0);
  for (let n = 0; n < 20_000; n += 1) {
    // Half of the writes go to the mailbox: messages that begin well.
    if ((n & 1) === 0) bus.write32(random() & 0x3ffc, random());
    else {
      write(bus, vf.VMBMEM, (random() % 9) | ((random() & 0xff) << 16));
      write(bus, V2PMAILBOX, random() & 7);
    }
    if (n % 8 === 0) hosted.wait(1000);
  }
  hosted.wait(5e9);
  assert.deepEqual(
    [hosted.addressesOf(1), hosted.vlansOf(1), hosted.peek('VMOLR', 1), hosted.peek('VFRE') & 2],
    before,
  );
  assert.notEqual(hosted.peek('MTA', 0x321 >>> 5) & (1 << (0x321 & 31)), 0);
  assert.equal(hosted.vf(0).reset(), true, 'and it can begin anew');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../devices/igb/tables/index.ts';
import { ACCEPTED, CLEAR_TO_SEND, MacFilter, Message, Promiscuous, REFUSED } from '../driver/index.ts';
import { buildFrame } from '../packet/testing.ts';
import { Hosted, type HostedOptions } from './testing.ts';

const { VMOLR } = pf;

/** A hosted PF whose link is up, with drivers that have greeted on the first VFs. */
function ready(count: number, settings: HostedOptions['settings'] = []) {
  const hosted = new Hosted({ settings });
  hosted.wait(5e9);
  const drivers = Array.from({ length: count }, (_, n) => hosted.vf(n));
  for (const driver of drivers) assert.equal(driver.reset(), true);
  return { hosted, drivers };
}

/** The answer without CTS, in words. */
function answer(word: number): string {
  assert.notEqual(word & CLEAR_TO_SEND, 0, 'an answer to a VF that has greeted carries CTS');
  if ((word & ACCEPTED) !== 0) return 'accepted';
  return (word & REFUSED) !== 0 ? 'refused' : `0x${word.toString(16)}`;
}

const address = (last: number) => Uint8Array.of(2, 0, 0, 0, 0, last);
const broadcast = new Uint8Array(6).fill(255);
const outside = Uint8Array.of(2, 9, 9, 9, 9, 9);
const payload = Uint8Array.from({ length: 100 }, (_, n) => n);

/** A UDP frame with the addresses and tags given. */
function frame(to: Uint8Array, from: Uint8Array, tags: readonly number[] = [], bytes = payload): Uint8Array {
  const built = buildFrame({ tags: [...tags], payload: bytes });
  built.set(to, 0);
  built.set(from, 6);
  return built;
}

/** A frame from the wire. */
function arrive(hosted: Hosted, bytes: Uint8Array): void {
  hosted.port.receive(bytes, 0, bytes.length, undefined);
  hosted.wait(1);
}

test('two VFs: what one sends to the other stays inside, the rest goes out, and back in', () => {
  const { hosted, drivers } = ready(2);
  const [a, b] = drivers.map((driver) => driver.open());
  const [macA, macB] = drivers.map(({ mac }) => mac);
  const inside = frame(macB!, macA!);
  a!.transmit.send(inside);
  hosted.wait(1e6);
  assert.equal(a!.transmit.waiting, 0);
  assert.deepEqual(b!.receive.take(), [{ bytes: inside, tag: undefined }]);
  assert.equal(hosted.context.wire.sent.length, 0);
  b!.transmit.send(frame(outside, macB!));
  hosted.wait(1e6);
  assert.deepEqual(
    hosted.context.wire.sent.map(({ bytes }) => bytes),
    [frame(outside, macB!)],
  );
  arrive(hosted, frame(broadcast, outside));
  assert.equal(a!.receive.take().length, 1);
  assert.equal(b!.receive.take().length, 1);
  arrive(hosted, frame(outside, broadcast));
  assert.equal(a!.receive.take().length + b!.receive.take().length, 0, 'there is no default pool');
});

test('SET_MAC: a VF without a given address may choose, and frames follow', () => {
  const { hosted, drivers } = ready(1);
  const [driver] = drivers;
  assert.equal(answer(driver!.setMac(address(5))), 'accepted');
  assert.deepEqual(hosted.addressesOf(0), ['02:00:00:00:00:05']);
  const { receive, transmit } = driver!.open();
  arrive(hosted, frame(address(5), outside));
  assert.equal(receive.take().length, 1);
  arrive(hosted, frame(driver!.mac, outside));
  assert.equal(receive.take().length, 0);
  transmit.send(frame(outside, address(5)));
  transmit.send(frame(outside, driver!.mac));
  hosted.wait(1e6);
  assert.equal(hosted.context.wire.sent.length, 1, 'the old address would be spoofed');
});

test('SET_MAC: refused where one was given, unless trusted; nonsense and addresses of others always', () => {
  const { hosted, drivers } = ready(3, [{ mac: address(1) }, { mac: address(2), trust: true }]);
  const [given, trusted, free] = drivers;
  assert.equal(answer(given!.setMac(address(9))), 'refused');
  assert.equal(answer(given!.setMac(address(1))), 'accepted', 'igbvf sets what it has at each reset');
  assert.equal(answer(trusted!.setMac(address(9))), 'accepted');
  assert.deepEqual(hosted.addressesOf(1), ['02:00:00:00:00:09']);
  assert.equal(answer(free!.setMac(address(1))), 'refused');
  assert.equal(answer(free!.setMac(new Uint8Array(6))), 'refused');
  assert.equal(answer(free!.setMac(broadcast)), 'refused');
  assert.equal(answer(trusted!.setMac(address(1))), 'accepted', 'a bond of two VFs');
});

test('SET_MAC with filters: three more addresses for each VF, until they are cleared', () => {
  const { hosted, drivers } = ready(7);
  const [driver] = drivers;
  for (const last of [1, 2, 3]) assert.equal(answer(driver!.setMac(address(last), MacFilter.add)), 'accepted');
  assert.equal(answer(driver!.setMac(address(3), MacFilter.add)), 'accepted', 'again');
  assert.equal(answer(driver!.setMac(address(4), MacFilter.add)), 'refused');
  assert.equal(hosted.addressesOf(0).length, 4);
  assert.equal(answer(drivers[1]!.setMac(address(3), MacFilter.add)), 'refused', 'another VF has it');
  const others = drivers.slice(1).flatMap((other, n) => [10, 20, 30].map((last) => other.setMac(address(last + n), 2)));
  assert.equal(others.filter((word) => answer(word) === 'accepted').length, 12, 'entries 1 to 15 hold them');
  assert.equal(answer(driver!.setMac(address(0), MacFilter.clear)), 'accepted');
  assert.equal(hosted.addressesOf(0).length, 1);
  assert.equal(answer(driver!.setMac(address(4), 3)), 'refused');
});

test('SET_MULTICAST: groups arrive by hash, for the VF that wants them', () => {
  const { hosted, drivers } = ready(2);
  const [a, b] = drivers.map((driver) => driver.open());
  // 01:00:5e:00:00:fb hashes to (fb << 4 | 00 >> 4) & fff with RCTL.MO = 0.
  const group = Uint8Array.of(1, 0, 0x5e, 0, 0, 0xfb);
  const other = Uint8Array.of(1, 0, 0x5e, 0, 0, 0x11);
  assert.equal(drivers[0]!.setMulticast([0xfb0]), true);
  for (const to of [group, other]) arrive(hosted, frame(to, outside));
  assert.deepEqual(
    a!.receive.take().map(({ bytes }) => bytes[5]),
    [0xfb],
  );
  assert.equal(b!.receive.take().length, 0);
  drivers[0]!.setMulticast([]);
  arrive(hosted, frame(group, outside));
  assert.equal(a!.receive.take().length, 0);
  assert.equal(hosted.peek('VMOLR', 0) & VMOLR.ROMPE.mask, 0);
});

test('more groups than fit are all groups, for a VF that is trusted', () => {
  const { hosted, drivers } = ready(2, [{ trust: true }]);
  const [trusted, other] = drivers.map((driver) => driver.open());
  // DPDK: the thirty that fit, and the mark that there are more.
  for (const driver of drivers) assert.equal(driver.setMulticast([0x001], 0x80 | 30), true);
  arrive(hosted, frame(Uint8Array.of(1, 0, 0x5e, 0, 0, 0x77), outside));
  assert.equal(trusted!.receive.take().length, 1);
  assert.equal(other!.receive.take().length, 0);
  hosted.manager.setVf(0, { trust: false });
  assert.equal(hosted.peek('VMOLR', 0) & VMOLR.MPME.mask, 0, 'with the trust goes what it gave');
});

test('SET_PROMISC: for the trusted; unicast for others and every group then arrive', () => {
  const { hosted, drivers } = ready(2, [{ trust: true }]);
  const { receive } = drivers[0]!.open();
  const both = Message.setPromiscuous | ((Promiscuous.unicast | Promiscuous.multicast) << 16);
  assert.equal(answer(drivers[1]!.request([both])), 'refused');
  assert.equal(answer(drivers[0]!.request([both])), 'accepted');
  arrive(hosted, frame(outside, broadcast));
  arrive(hosted, frame(Uint8Array.of(1, 0, 0x5e, 0, 0, 0x77), outside));
  assert.equal(receive.take().length, 2);
  assert.equal(answer(drivers[0]!.request([Message.setPromiscuous])), 'accepted');
  arrive(hosted, frame(outside, broadcast));
  assert.equal(receive.take().length, 0);
  assert.equal(answer(drivers[1]!.request([Message.setPromiscuous])), 'accepted', 'off needs no trust');
  assert.equal(answer(drivers[0]!.request([Message.setPromiscuous | (4 << 16)])), 'refused');
  drivers[0]!.request([both]);
  drivers[0]!.reset();
  assert.equal(hosted.peek('VMOLR', 0) & (VMOLR.ROPE.mask | VMOLR.MPME.mask), 0, 'a reset ends it');
  assert.equal(hosted.peek('UTA', 0), 0);
  drivers[0]!.request([both]);
  assert.equal(hosted.peek('UTA', 127), 0xffffffff);
  hosted.manager.setVf(0, { trust: false });
  assert.equal(hosted.peek('VMOLR', 0) & (VMOLR.ROPE.mask | VMOLR.MPME.mask), 0, 'with the trust goes what it gave');
  assert.equal(hosted.peek('UTA', 127), 0);
});

test('SET_VLAN: tagged frames of the VLANs asked for, stripped', () => {
  const { hosted, drivers } = ready(2);
  const [a, b] = drivers.map((driver) => driver.open());
  assert.equal(answer(drivers[0]!.setVlan(77, true)), 'accepted');
  arrive(hosted, frame(broadcast, outside, [77]));
  const [got] = a!.receive.take();
  assert.equal(got!.tag, 77);
  assert.deepEqual(got!.bytes, frame(broadcast, outside));
  assert.equal(b!.receive.take().length, 0);
  a!.transmit.send(frame(broadcast, drivers[0]!.mac, [77]));
  a!.transmit.send(frame(broadcast, drivers[0]!.mac, [78]));
  hosted.wait(1e6);
  assert.equal(hosted.context.wire.sent.length, 1, 'a VLAN that is not its own is spoofed');
  assert.equal(answer(drivers[0]!.setVlan(77, false)), 'accepted');
  assert.deepEqual(hosted.vlansOf(0), [0]);
  assert.equal(hosted.peek('VFTA', 2), 0);
  assert.equal(answer(drivers[0]!.setVlan(0, false)), 'accepted');
  assert.deepEqual(hosted.vlansOf(0), [0], 'VID 0 stays (igb)');
  assert.equal(answer(drivers[0]!.setVlan(0xfff, true)), 'refused');
});

test('VLANs of a greedy VF leave room for port VLANs and for VLANs that others have', () => {
  const { hosted, drivers } = ready(2);
  drivers[1]!.setVlan(500, true);
  const answers = Array.from({ length: 40 }, (_, n) => answer(drivers[0]!.setVlan(100 + n, true)));
  assert.equal(answers.filter((word) => word === 'accepted').length, 22, '31 entries, 8 kept, one taken');
  assert.equal(answer(drivers[0]!.setVlan(500, true)), 'accepted', 'an entry that exists is shared');
  for (let vf = 0; vf < 8; vf += 1) hosted.manager.setVf(vf, { vlan: 1000 + vf });
  for (let vf = 0; vf < 8; vf += 1) assert.deepEqual(hosted.vlansOf(vf), [1000 + vf]);
});

test('a port VLAN: frames get its tag and priority, only its frames arrive, without it', () => {
  const { hosted, drivers } = ready(1, [{ vlan: 5, qos: 3 }]);
  const [driver] = drivers;
  const { transmit, receive } = driver!.open();
  transmit.send(frame(outside, driver!.mac));
  hosted.wait(1e6);
  assert.deepEqual(hosted.context.wire.sent[0]!.bytes, frame(outside, driver!.mac, [(3 << 13) | 5]));
  arrive(hosted, frame(driver!.mac, outside));
  arrive(hosted, frame(driver!.mac, outside, [6]));
  assert.equal(receive.take().length, 0);
  arrive(hosted, frame(driver!.mac, outside, [5]));
  assert.deepEqual(
    receive.take().map(({ bytes }) => bytes),
    [frame(driver!.mac, outside)],
  );
  assert.equal(answer(driver!.setVlan(6, true)), 'refused');
  assert.equal(answer(driver!.setVlan(0, true)), 'accepted', 'igbvf asks for VID 0 and would warn');
  assert.deepEqual(hosted.vlansOf(0), [5]);
  hosted.manager.setVf(0, { vlan: 0, qos: 0 });
  arrive(hosted, frame(driver!.mac, outside));
  assert.equal(receive.take().length, 1);
  assert.equal(answer(driver!.setVlan(6, true)), 'accepted');
});

test('SET_LPE: long frames from then on, within what the chip can', () => {
  const { hosted, drivers } = ready(1);
  const [driver] = drivers;
  const { receive } = driver!.open(10 * 1024);
  const long = frame(driver!.mac, outside, [], new Uint8Array(4000));
  arrive(hosted, long);
  assert.equal(receive.take().length, 0);
  driver!.setLongestFrame(9018);
  arrive(hosted, long);
  assert.deepEqual(
    receive.take().map(({ bytes }) => bytes.length),
    [long.length],
  );
  driver!.setVlan(9, true);
  driver!.setLongestFrame(long.length + 4);
  arrive(hosted, frame(driver!.mac, outside, [9], new Uint8Array(4000)));
  assert.equal(receive.take().length, 1, 'there is room for a tag');
  const before = hosted.peek('VMOLR', 0);
  for (const length of [0, 63, 0x2601, 0xffffffff]) {
    assert.equal(answer(driver!.request([Message.setLongPackets, length])), 'refused');
  }
  assert.equal(hosted.peek('VMOLR', 0), before);
});

test('spoofchk off lets other addresses and VLANs pass', () => {
  const { hosted, drivers } = ready(1, [{ spoofCheck: false }]);
  const { transmit } = drivers[0]!.open();
  transmit.send(frame(outside, address(99), [123]));
  hosted.wait(1e6);
  assert.equal(hosted.context.wire.sent.length, 1);
  hosted.manager.setVf(0, { spoofCheck: true });
  transmit.send(frame(outside, address(99), [123]));
  hosted.wait(1e6);
  assert.equal(hosted.context.wire.sent.length, 1);
  assert.deepEqual(hosted.context.trace.of('pf_manager_spoof').length, 1);
});

test('max_tx_rate: 10 Mb/s are 10 Mb of frames with FCS and gap in a second', () => {
  const { hosted, drivers } = ready(1, [{ maxTxRateMbps: 10 }]);
  hosted.context.trace.on.fill(0);
  const { transmit } = drivers[0]!.open();
  const bytes = frame(outside, drivers[0]!.mac, [], new Uint8Array(1400));
  for (let ms = 0; ms < 500; ms += 1) {
    while (transmit.waiting < 16) transmit.send(bytes);
    hosted.wait(1e6);
  }
  const bits = hosted.context.wire.sent.length * (bytes.length + 24) * 8;
  assert(Math.abs(bits - 5e6) < 0.05 * 5e6, `${bits} bits in half a second`);
  for (const queue of [0, 8]) {
    hosted.port.write(pf.RTTDQSEL.at, queue);
    assert.equal(hosted.port.read(pf.RTTBCNRC.at), (pf.RTTBCNRC.RS_ENA.mask | (100 << 14)) >>> 0, 'both of its queues');
  }
  hosted.manager.setVf(0, { maxTxRateMbps: 0 });
  const before = hosted.context.wire.sent.length;
  for (let n = 0; n < 10; n += 1) transmit.send(bytes);
  hosted.wait(1e6);
  assert.equal(hosted.context.wire.sent.length - before > 20, true, 'what waited goes at once');
});

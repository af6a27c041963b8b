/** Limits and exceptions that only a case of their own shows: found by mutations (test/mutation), then by programs (test/differential). */
import assert from 'node:assert/strict';
import { BROADCAST, ethernet, internetChecksum, numbers, packet, poolAddress, STATION, STRANGER } from '../frames.ts';
import { DESCRIPTOR, L4, OPTION, RX, TX } from '../rings.ts';
import type { Station } from '../station.ts';
import { conformance } from '../suite.ts';

const LSC = 4;
const CNT_INGR = 0x8000_0000;

conformance(
  'RXDCTL.WTHRESH is 1 after a reset, in queue 0 as well',
  { area: 'reset values', evidence: '02, linux' },
  (station) => {
    assert.deepEqual([station.get('RXDCTL', 0), station.get('RXDCTL', 1)], [0x0201_0000, 0x0001_0000]);
  },
);

conformance('a read clears a counter', { area: 'statistics', evidence: '08 §8.10' }, (station) => {
  station.open();
  station.wire.send(ethernet(STATION));
  const names = ['GPRC', 'TPR'] as const;
  assert.deepEqual(
    names.map((name) => station.get(name)),
    [1, 1],
  );
  assert.deepEqual(
    names.map((name) => station.get(name)),
    [0, 0],
  );
});

conformance(
  'ICR is at 01500 as well, and a read there clears it',
  { area: 'legacy causes', evidence: '02', expect: { qemu: 'q-new-addresses' } },
  (station) => {
    station.set('ICS', LSC);
    assert.equal(station.pf.read32(0x1500) & LSC, LSC);
    assert.equal(station.get('ICR') & LSC, 0);
  },
);

conformance(
  'with MSI-X a read of ICR clears it while IMS is 0',
  { area: 'legacy causes', evidence: '06 §6.5' },
  (station) => {
    station.openMsix();
    station.set('ICS', LSC);
    station.get('ICR');
    assert.equal(station.get('ICR') & LSC, 0);
  },
);

conformance(
  'EITR written with CNT_INGR lets the running interval go on',
  { area: 'throttles', evidence: '06 §6.7, linux' },
  (station) => {
    station.openMsix();
    station.set('EIAC', 2);
    station.set('EIMS', 2);
    station.set('EITR', 8000 << 2, 1);
    station.set('EICS', 2);
    assert.deepEqual(station.pf.takeVectors(), [1]);
    station.set('EITR', CNT_INGR | (4000 << 2), 1);
    station.set('EICS', 2);
    assert.deepEqual(station.pf.takeVectors(), []);
    station.wait(40e6);
    assert.deepEqual(station.pf.takeVectors(), [1]);
  },
);

conformance(
  'a VF that names a fourth vector interrupts nobody',
  { area: 'VF interrupts', evidence: '06 §6.9', expect: { qemu: 'q-vf-mailbox-vector' } },
  (station) => {
    station.machine.enableVfs(3);
    station.change('CTRL_EXT', 0, 1 << 14);
    station.openMsix();
    const [victim, vf] = [station.machine.vf(0), station.machine.vf(1)];
    for (const each of [victim, vf]) {
      each.enableMsix();
      each.write32(0x1524, 7);
    }
    vf.write32(0x1740, 0x83);
    station.set('P2VMAILBOX', 1, 1);
    assert.deepEqual([victim.takeVectors(), vf.takeVectors()], [[], []]);
  },
);

/** UDP as the stack leaves it, for legacy descriptors: the IPv4 header complete, the pseudo header's sum in the field. */
function unfinishedUdp(whole: Uint8Array): Uint8Array {
  const bytes = whole.slice();
  const length = bytes.length - 34;
  const sum = ~internetChecksum([...bytes.subarray(26, 34), 0, 17, length >>> 8, length & 0xff]) & 0xffff;
  bytes.set([sum >>> 8, sum & 0xff], 40);
  return bytes;
}

conformance(
  'a legacy descriptor’s CSS and CSO do not count the tag that it inserts',
  { area: 'legacy transmit', evidence: '03 §3.2', expect: { qemu: 'q-legacy-tx' } },
  (station) => {
    const { tx } = station.open();
    const whole = packet({ protocol: 'udp', payload: numbers(30) });
    tx.legacy(unfinishedUdp(whole), TX.IC | TX.VLE, { css: 34, cso: 40, tag: 7 });
    tx.go();
    const [sent] = station.wire.take();
    assert.deepEqual([...sent!.subarray(12, 16)], [0x81, 0, 0, 7]);
    assert.deepEqual(sent!.subarray(16), whole.subarray(12));
  },
);

conformance(
  'a legacy descriptor keeps its tag and checksum start when it is done',
  { area: 'legacy transmit', evidence: '03 §3.2' },
  (station) => {
    const { tx } = station.open();
    const index = tx.legacy(ethernet(STRANGER), 0, { css: 0x22, tag: 0x123 });
    tx.go();
    assert.equal(tx.dwords(index)[3], 0x0123_2201);
  },
);

conformance(
  'a UDP checksum that comes to 0 is sent as ffff',
  { area: 'transmit offloads', evidence: '05 §5.4' },
  (station) => {
    const { tx } = station.open();
    // Its own checksum in the payload makes a packet's sum ffff.
    const blank = numbers(22).map(() => 0);
    const [high, low] = packet({ protocol: 'udp', payload: blank }).subarray(40, 42);
    const wanted = packet({ protocol: 'udp', payload: [high!, low!, ...blank.slice(2)] });
    assert.deepEqual([wanted[40], wanted[41]], [0xff, 0xff]);
    tx.context({ l4: L4.udp, l4Length: 8 });
    tx.send(unfinishedUdp(wanted), 0, OPTION.TXSM);
    assert.deepEqual(station.wire.take()[0], wanted);
  },
);

conformance(
  'MACLEN has seven bits',
  { area: 'transmit offloads', evidence: '03 §3.3', expect: { qemu: 'q-context-lengths' } },
  (station) => {
    const { tx } = station.open();
    const whole = packet({ protocol: 'udp', payload: numbers(40) });
    const shim = numbers(60);
    const shimmed = (bytes: Uint8Array): Uint8Array =>
      Uint8Array.from([...bytes.subarray(0, 12), 0x88, 0xb5, ...shim, ...bytes.subarray(14)]);
    tx.context({ macLength: 14 + shim.length, l4: L4.udp, l4Length: 8 });
    tx.send(shimmed(unfinishedUdp(whole)), 0, OPTION.TXSM);
    assert.deepEqual(station.wire.take(), [shimmed(whole)]);
  },
);

conformance(
  'TXDCTL.WTHRESH descriptors are written back at once while the interval runs',
  { area: 'write-back', evidence: '03 §3.4' },
  (station) => {
    station.openMsix();
    const { tx } = station.open();
    station.set('IVAR', 0x8100);
    station.set('EITR', 8000 << 2, 1);
    station.set('EIAC', 2);
    station.set('EIMS', 2);
    station.set('TXDCTL', (1 << 25) | (4 << 16));
    for (let n = 0; n < 4; n += 1) tx.data(ethernet(STRANGER));
    tx.go();
    assert.deepEqual(station.pf.takeVectors(), [1]);
    for (let n = 4; n < 8; n += 1) tx.data(ethernet(STRANGER));
    tx.go();
    assert.deepEqual(
      [4, 5, 6, 7].map((index) => tx.isDone(index)),
      [true, true, true, true],
    );
  },
);

conformance(
  'the SYN filter leaves the answer to a SYN alone',
  { area: 'queue filters', evidence: '04 §4.6, dpdk' },
  (station) => {
    const { rx } = station.open();
    const filtered = station.rx(3);
    station.set('SYNQF', 1 | (3 << 1));
    station.wire.send(packet({ flags: 0x12 }));
    assert.deepEqual([rx.take().length, filtered.take().length], [1, 0]);
  },
);

conformance(
  'header split: HDR_LEN leaves out a tag that is taken out',
  { area: 'header split', evidence: '03 §3.7' },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.split | (2 << 8) | 2 } });
    station.change('CTRL', 0, 1 << 30);
    station.wire.send(packet({ tags: [5], payload: numbers(100) }));
    const [got] = rx.take();
    assert.equal(got!.status & RX.VP, RX.VP);
    assert.deepEqual([(got!.dwords[0]! >>> 21) & 0x3ff, got!.length], [54, 100]);
  },
);

/** Broadcasts of 64 bytes, one after the other, into a ring that has room for them. */
function storm(station: Station, count: number): void {
  for (let n = 0; n < count; n += 1) station.wire.send(ethernet(BROADCAST));
}

conformance(
  'a storm begins beyond its threshold, not at it',
  { area: 'rates and storms', evidence: '02 ds-mem', expect: { qemu: 'q-storm' } },
  (station) => {
    const SCE = 1 << 25;
    station.open({ rx: { size: 32 } });
    station.set('BSCTRH', 10);
    station.set('SCCRL', 8 | (1000 << 8));
    storm(station, 10);
    assert.equal(station.get('ICR') & SCE, 0);
    storm(station, 1);
    assert.equal(station.get('ICR') & SCE, SCE);
  },
);

conformance(
  'RSS chooses queues whether or not descriptors tell of the hash',
  { area: 'RSS', evidence: '04 §4.6', expect: { qemu: 'q-rss-pcsd' } },
  (station) => {
    const { rx } = station.open();
    const second = station.rx(1);
    for (let n = 0; n < 32; n += 1) station.set('RETA', 0x0101_0101, n);
    station.set('RXCSUM', 0);
    station.set('MRQC', 2 | (1 << 17));
    station.wire.send(packet());
    assert.deepEqual([rx.take().length, second.take().length], [0, 1]);
  },
);

conformance(
  'octets count with the tag that is taken out',
  { area: 'statistics', evidence: '08 §8.10, 11.1', expect: { qemu: 'q-octets-stripped' } },
  (station) => {
    station.open();
    station.change('CTRL', 0, 1 << 30);
    station.wire.send(ethernet(STATION, { tags: [5], length: 100 }));
    assert.equal(station.get('GORCL'), 104);
  },
);

conformance(
  'RCTL.MPE takes broadcast too',
  { area: 'receive filters', evidence: '04 §4.4', expect: { qemu: 'q-mpe-broadcast' } },
  (station) => {
    const { rx } = station.open();
    station.change('RCTL', 1 << 15, 1 << 4);
    station.wire.send(ethernet(BROADCAST));
    assert.equal(rx.take().length, 1);
  },
);

conformance(
  'header split: nothing is said of a header buffer that holds nothing',
  { area: 'header split', evidence: '03 §3.7', expect: { qemu: 'q-header-length' } },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.split | (4 << 8) | 2 } });
    station.wire.send(ethernet(STATION));
    assert.equal(rx.take()[0]!.dwords[0], 0);
  },
);

conformance(
  'a unicast to a pool’s address that is too long to receive stays off the wire',
  { area: 'switch', evidence: '05 §5.8', expect: { qemu: 'q-too-long-local' } },
  (station) => {
    const { tx, rx } = station.openPools({ pools: [1, 2] });
    station.set('RLPML', 600);
    tx[1]!.send(ethernet(poolAddress(2), { from: poolAddress(1), length: 1000 }));
    assert.deepEqual([station.wire.take(), rx[2]!.take()], [[], []]);
  },
);

conformance(
  'headers behind a second tag are found',
  { area: 'receive offloads', evidence: '04 §4.8', expect: { qemu: 'q-double-tag' } },
  (station) => {
    const { rx } = station.open();
    station.wire.send(packet({ tags: [5, 6], payload: numbers(40) }));
    // IPv4 and TCP.
    assert.equal(rx.take()[0]!.dwords[0]! & 0xfff0, 0x110);
  },
);

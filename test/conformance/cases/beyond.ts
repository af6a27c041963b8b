/** What QEMU's igb leaves out as a whole: flow control, immediate interrupts, timers, replicated headers, wake-up, pins. */
import assert from 'node:assert/strict';
import { BROADCAST, bytesOf, ethernet, packet, STATION, STRANGER } from '../frames.ts';
import { DESCRIPTOR, RX, TX } from '../rings.ts';
import { conformance } from '../suite.ts';
import { asleep } from '../wake.ts';
import type { Station } from '../station.ts';

const FLOW = 'flow control';
const flow = { expect: { qemu: 'q-flow-control' } } as const;
const PAUSE_ADDRESS = '01:80:c2:00:00:01';
const RFCE = 1 << 27;
const TFCE = 1 << 28;

const pause = (quanta: number): Uint8Array =>
  ethernet(PAUSE_ADDRESS, {
    type: 0x8808,
    payload: [0, 1, quanta >>> 8, quanta & 0xff, ...Array.from({ length: 42 }, () => 0)],
  });

/** Pause frames as Linux sets them up. */
function openFlow(station: Station, ctrl: number, rx = {}): ReturnType<Station['open']> {
  station.set('FCAL', 0x00c2_8001);
  station.set('FCAH', 0x0100);
  station.set('FCT', 0x8808);
  station.set('FCTTV', 0xffff);
  const rings = station.open({ rx });
  station.change('CTRL', 0, ctrl);
  return rings;
}

conformance('XOFF holds transmission, XON releases it', { area: FLOW, evidence: '04 §4.2', ...flow }, (station) => {
  const { tx } = openFlow(station, RFCE);
  station.wire.send(pause(0xffff));
  tx.send(ethernet(STRANGER));
  assert.equal(station.wire.take().length, 0);
  assert.equal(station.get('STATUS') & 0x10, 0x10);
  station.wire.send(pause(0));
  assert.equal(station.wire.take().length, 1);
  assert.equal(station.get('STATUS') & 0x10, 0);
  assert.deepEqual([station.get('XOFFRXC'), station.get('XONRXC')], [1, 1]);
});

conformance(
  'a pause ends with its time',
  { area: FLOW, evidence: '04 §4.2', ...flow, without: { 'vfio-user': 'exact only in virtual time' } },
  (station) => {
    const { tx } = openFlow(station, RFCE);
    // 512 bit times a quantum: 512 ns at 1000 Mb/s.
    station.wire.send(pause(1000));
    tx.send(ethernet(STRANGER));
    station.wait(500e3);
    assert.equal(station.wire.take().length, 0);
    station.wait(20e3);
    assert.equal(station.wire.take().length, 1);
  },
);

conformance(
  'without RFCE a pause does not hold, and FCRUC counts it',
  { area: FLOW, evidence: '04 §4.2', ...flow },
  (station) => {
    const { tx } = openFlow(station, 0);
    station.wire.send(pause(0xffff));
    tx.send(ethernet(STRANGER));
    assert.equal(station.wire.take().length, 1);
    assert.equal(station.get('FCRUC'), 1);
  },
);

conformance(
  'frames that wait beyond FCRTH send XOFF, and XON below FCRTL',
  { area: FLOW, evidence: '08 §8.8', ...flow },
  (station) => {
    const { rx } = openFlow(station, TFCE, { available: 1 });
    station.set('FCRTH', 0x800);
    station.set('FCRTL', 0x8000_0400);
    for (let n = 0; n < 4; n += 1) station.wire.send(ethernet(STATION, { length: 1000 }));
    const opcodes = (): number[][] => station.wire.take().map((frame) => [...frame.subarray(12, 18)]);
    assert.deepEqual(opcodes()[0], [0x88, 0x08, 0, 1, 0xff, 0xff]);
    rx.give(15);
    station.wait(1e6);
    assert.deepEqual(opcodes().at(-1), [0x88, 0x08, 0, 1, 0, 0]);
    assert.ok(station.get('XOFFTXC') > 0 && station.get('XONTXC') > 0);
  },
);

const LOW_LATENCY = 'immediate interrupts and timers';
const immediate = { expect: { qemu: 'q-immediate' } } as const;

/** Queue 0 on vector 1 with a long interval that runs already. */
function openImmediate(station: Station): ReturnType<Station['open']> {
  station.openMsix();
  const rings = station.open();
  station.set('IVAR', 0x81);
  station.set('EIAC', 2);
  station.set('EIMS', 2);
  station.set('EITR', 8000 << 2, 1);
  station.wire.send(ethernet(STATION));
  assert.deepEqual(station.pf.takeVectors(), [1]);
  rings.rx.take();
  return rings;
}

conformance(
  'an EtherType filter’s immediate interrupt goes past EITR',
  { area: LOW_LATENCY, evidence: '06 §6.8', ...immediate },
  (station) => {
    const { rx } = openImmediate(station);
    station.set('ETQF', (1 << 29) | (1 << 26) | 0x88b6, 1);
    station.wire.send(ethernet(STATION, { type: 0x88b6 }));
    assert.deepEqual(station.pf.takeVectors(), [1]);
    assert.equal(rx.take()[0]!.status & RX.DYNINT, RX.DYNINT);
  },
);

conformance('without a filter EITR holds', { area: LOW_LATENCY, evidence: '06 §6.7' }, (station) => {
  const { rx } = openImmediate(station);
  station.wire.send(ethernet(STATION, { type: 0x88b6 }));
  assert.deepEqual(station.pf.takeVectors(), []);
  assert.equal(rx.take()[0]!.status & RX.DYNINT, 0);
});

conformance(
  'a 5-tuple filter’s immediate interrupt (IMIR)',
  { area: LOW_LATENCY, evidence: '06 §6.8', ...immediate },
  (station) => {
    openImmediate(station);
    station.set('IMIR', (1 << 16) | 0x5000);
    station.set('IMIREXT', (1 << 12) | (1 << 19));
    station.set('FTQF', (0xe000_0000 | (1 << 15) | 6) >>> 0);
    station.wire.send(packet());
    assert.deepEqual(station.pf.takeVectors(), [1]);
  },
);

conformance(
  'a tag’s priority at IMIRVP’s threshold',
  { area: LOW_LATENCY, evidence: '06 §6.8 ds-mem', ...immediate },
  (station) => {
    openImmediate(station);
    station.set('IMIRVP', 8 | 5);
    station.wire.send(ethernet(STATION, { tags: [0x8005] }));
    assert.deepEqual(station.pf.takeVectors(), []);
    station.wire.send(ethernet(STATION, { tags: [0xa005] }));
    assert.deepEqual(station.pf.takeVectors(), [1]);
  },
);

conformance(
  'the TCP timer comes by IVAR_MISC 7:0',
  { area: LOW_LATENCY, evidence: '06 §6.8', ...immediate },
  (station) => {
    station.openMsix();
    station.set('IVAR_MISC', 0x85);
    station.set('EIMS', 0x3ff);
    station.set('TCPTIMER', (1 << 9) | (1 << 8) | 20);
    assert.deepEqual(station.pf.takeVectors(), []);
    station.wait(60e6);
    assert.deepEqual(station.pf.takeVectors(), [5]);
  },
);

const REPLICATE = 'replicated headers';

for (const [name, type] of [
  ['always', DESCRIPTOR.replicate],
  ['large', DESCRIPTOR.replicateLarge],
] as const) {
  conformance(
    `replicate ${name}: the header buffer has the beginning, the packet buffer all`,
    { area: REPLICATE, evidence: '03 §3.7 ds-mem', expect: { qemu: 'q-replicate' } },
    (station) => {
      const { rx } = station.open({ rx: { srrctl: type | (2 << 8) | 2 } });
      const frame = packet({ payload: Array.from({ length: 300 }, (_, n) => n & 0xff) });
      station.wire.send(frame);
      const [got] = rx.take();
      assert.deepEqual(got!.bytes, frame);
      assert.deepEqual(rx.header(0, 54), frame.subarray(0, 54));
    },
  );
}

conformance(
  'replicate large: a small frame is in the header buffer',
  { area: REPLICATE, evidence: '03 §3.7 ds-mem', expect: { qemu: 'q-replicate' } },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.replicateLarge | (2 << 8) | 2 } });
    const frame = ethernet(STATION);
    station.wire.send(frame);
    assert.equal(rx.take().length, 1);
    assert.deepEqual(rx.header(0, 60), frame);
  },
);

conformance(
  'PSRTYPE 0: nothing is split',
  { area: REPLICATE, evidence: '03 §3.7', expect: { qemu: 'q-psrtype' } },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.split | (2 << 8) | 2 } });
    station.set('PSRTYPE', 0);
    const frame = packet({ payload: [1, 2, 3, 4, 5, 6, 7, 8] });
    station.wire.send(frame);
    assert.deepEqual(rx.take()[0]!.bytes.subarray(0, frame.length), frame);
  },
);

conformance(
  'TXDCTL.WTHRESH: write-backs wait for their number while the interval runs',
  { area: 'write-back', evidence: '03 §3.4', expect: { qemu: 'q-wthresh' } },
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
    assert.ok(tx.isDone(3));
    const held = tx.send(ethernet(STRANGER));
    assert.ok(!tx.isDone(held));
    station.wait(40e6);
    assert.ok(tx.isDone(held));
  },
);

conformance('TXDCTL.SWFLSH writes back what is held', { area: 'write-back', evidence: '03 §3.4' }, (station) => {
  station.openMsix();
  const { tx } = station.open();
  station.set('IVAR', 0x8100);
  station.set('EITR', 8000 << 2, 1);
  station.set('EIMS', 2);
  station.set('TXDCTL', (1 << 25) | (4 << 16));
  for (let n = 0; n < 4; n += 1) tx.data(ethernet(STRANGER));
  tx.go();
  const held = tx.send(ethernet(STRANGER));
  // Read, so that the descriptor has been worked off before.
  assert.equal(station.get('TDH'), 5);
  station.set('TXDCTL', (1 << 25) | (1 << 26) | (4 << 16));
  assert.ok(tx.isDone(held));
});

conformance(
  'EXT_VLAN: an outer tag in the data stays in front of the inserted one',
  { area: 'transmit offloads', evidence: '05 §5.3', expect: { qemu: 'q-ext-vlan-tx' } },
  (station) => {
    const { tx } = station.open();
    station.set('VET', 0x88a8_8100);
    station.change('CTRL_EXT', 0, 1 << 26);
    const frame = ethernet(STRANGER, { tags: [9] });
    frame.set([0x88, 0xa8], 12);
    tx.context({ tag: 5 });
    tx.send(frame, TX.VLE);
    const [sent] = station.wire.take();
    assert.deepEqual([...sent!.subarray(12, 20)], [0x88, 0xa8, 0, 9, 0x81, 0, 0, 5]);
  },
);

conformance(
  'CTRL.GIO_MASTER_DISABLE stops the rings until it is cleared',
  { area: 'transmit rings', evidence: '01 §1.5', expect: { qemu: 'q-master-disable' } },
  (station) => {
    const { tx } = station.open();
    station.change('CTRL', 0, 4);
    tx.send(ethernet(STRANGER));
    assert.equal(station.wire.take().length, 0);
    station.change('CTRL', 4, 0);
    assert.equal(station.wire.take().length, 1);
  },
);

const WAKE = 'wake-up';
const wake = { expect: { qemu: 'q-wake' } } as const;
const magic = (address: string): Uint8Array => {
  const own = bytesOf(address);
  return ethernet(BROADCAST, {
    type: 0x0842,
    payload: [...Array.from({ length: 6 }, () => 0xff), ...Array.from({ length: 16 }, () => own).flat()],
  });
};

conformance('a magic packet wakes', { area: WAKE, evidence: '08 §8.6', ...wake }, (station) => {
  assert.equal(asleep(station, 2, magic(STATION)), 2);
});

conformance('a magic packet for another does not', { area: WAKE, evidence: '08 §8.6' }, (station) => {
  assert.equal(asleep(station, 2, magic(STRANGER)), 0);
});

conformance(
  'a directed frame wakes where WUFC.EX asks for it',
  { area: WAKE, evidence: '08 §8.6', ...wake },
  (station) => {
    assert.equal(asleep(station, 4, ethernet(STATION)), 4);
  },
);

conformance('a broadcast wakes where WUFC.BC asks for it', { area: WAKE, evidence: '08 §8.6', ...wake }, (station) => {
  assert.equal(asleep(station, 0x10, ethernet(BROADCAST)), 0x10);
});

const UDP_PTP = 'time stamps';

conformance(
  'event V2 over UDP is stamped by its 5-tuple filter',
  { area: UDP_PTP, evidence: '08 §8.7, linux', expect: { qemu: 'q-ptp-udp' } },
  (station) => {
    const { rx } = station.open();
    station.set('TIMINCA', 0x0180_0000);
    station.set('TSYNCRXCTL', 0x1a);
    station.set('IMIR', 0x3f01, 3);
    station.set('IMIREXT', 0x0008_1000, 3);
    station.set('SPQF', 0x3f01, 3);
    station.set('FTQF', 0x6800_8011, 3);
    station.wait(1e6);
    const message = [1, 2, 0, 44, ...Array.from({ length: 40 }, (_, n) => n)];
    station.wire.send(packet({ protocol: 'udp', ports: [319, 319], payload: message }));
    assert.equal(rx.take()[0]!.status & RX.TS, RX.TS);
    station.wire.send(packet({ protocol: 'udp', ports: [320, 320], payload: message }));
    assert.equal(rx.take()[0]!.status & RX.TS, 0);
  },
);

conformance('TIMADJ moves SYSTIM once', { area: UDP_PTP, evidence: '02 §2.14 ds-mem' }, (station) => {
  station.set('TIMINCA', 0);
  station.get('SYSTIML');
  const before = station.get('SYSTIMH');
  station.set('TIMADJL', 0);
  station.set('TIMADJH', 0x1000);
  station.get('SYSTIML');
  assert.equal(station.get('SYSTIMH') - before, 0x1000);
});

conformance(
  'MPC counts frames that the packet buffer could not take',
  { area: 'receive rings', evidence: '08 §8.10', expect: { qemu: 'q-drop-counters' } },
  (station) => {
    const { rx } = station.openPools({ pools: [1, 2], rx: { available: 1 } });
    rx[2]!.give(7);
    for (let n = 0; n < 40; n += 1) station.wire.send(ethernet('02:00:00:00:00:11', { length: 1500 }));
    assert.ok(station.get('MPC') > 0);
  },
);

const AUXILIARY = 'auxiliary clock functions';
const pins = { expect: { qemu: 'q-tsauxc' } } as const;

conformance(
  'SAMP_AUT0 takes an auxiliary stamp, AUXSTMPH releases it',
  { area: AUXILIARY, evidence: '02 §2.14 ds-mem', ...pins },
  (station) => {
    station.set('TIMINCA', 0x0180_0000);
    station.wait(5e6);
    station.set('TSAUXC', 1 << 3);
    assert.equal(station.get('TSAUXC') & (1 << 9), 1 << 9);
    const low = station.pf.read32(0xb65c);
    assert.ok((station.pf.read32(0xb660) * 2 ** 32 + low) / 2 ** 19 >= 5e6);
    assert.equal(station.get('TSAUXC') & (1 << 9), 0);
  },
);

conformance(
  'a target time ends its wait when it has come',
  { area: AUXILIARY, evidence: '02 §2.14 ds-mem', ...pins },
  (station) => {
    station.set('TIMINCA', 0x0180_0000);
    // 100 ms in units of 2^-19 ns: 100e6 * 2^19 = 2^32 * 12207 and a bit.
    station.pf.write32(0xb644, 0);
    station.pf.write32(0xb648, 12_208);
    station.set('TSAUXC', 1);
    assert.equal(station.get('TSAUXC') & 1, 1);
    station.wait(200e6);
    assert.equal(station.get('TSAUXC') & 1, 0);
  },
);

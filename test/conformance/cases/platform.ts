/** PHY, link, NVM, semaphores, loopback, time. */
import assert from 'node:assert/strict';
import { BROADCAST, ethernet, STATION } from '../frames.ts';
import { phyRead, phyReadPaged, phyWrite, phyWritePaged, restartNegotiation } from '../phy.ts';
import { RX, TX } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const PHY = 'PHY and link';
const NEGOTIATION_NS = 700e6;

for (const [name, register, value, mask] of [
  ['identifier, high half', 2, 0x02a8, 0xffff],
  ['identifier, low half', 3, 0x0390, 0xfff0],
  ['status: all of 10 and 100, extended status, negotiation', 1, 0x7949, 0x7949],
  ['advertisement', 4, 0x0de1, 0xffff],
  ['1000BASE-T extended status', 15, 0x3000, 0xf000],
  ['link up: negotiation complete', 1, 0x0024, 0x0024],
  ['the partner’s acknowledgement', 5, 0x4000, 0x4000],
  ['port status: 1000 Mb/s', 17, 0xc000, 0xc000],
  ['1000BASE-T status: both receivers fine', 10, 0x3000, 0x3000],
] as const) {
  conformance(`register ${register}: ${name}`, { area: PHY, evidence: '08 §8.2' }, (station) => {
    station.start();
    phyRead(station.pf, register);
    assert.equal(phyRead(station.pf, register) & mask, value);
  });
}

conformance('MDIC to another PHY is an error', { area: PHY, evidence: '08 §8.1' }, (station) => {
  station.set('MDIC', (1 << 27) | (2 << 21) | (2 << 16));
  const answer = station.get('MDIC');
  assert.equal(answer & (3 << 28) & (1 << 28), 1 << 28);
  assert.equal(answer & (1 << 30), 1 << 30);
});

conformance('register 0: reset and restart bits read 0', { area: PHY, evidence: '08 §8.2' }, (station) => {
  restartNegotiation(station.pf);
  assert.equal(phyRead(station.pf, 0), 0x1140);
  station.wait(NEGOTIATION_NS);
});

conformance(
  'negotiation takes the link away for a while, and ends with LSC',
  { area: PHY, evidence: '08 §8.2' },
  (station) => {
    station.start();
    restartNegotiation(station.pf);
    assert.equal(station.get('STATUS') & 2, 0);
    station.get('ICR');
    station.wait(NEGOTIATION_NS);
    assert.equal(station.get('STATUS') & 2, 2);
    assert.equal(station.get('ICR') & 4, 4);
  },
);

conformance('STATUS: 1000 Mb/s, full duplex', { area: PHY, evidence: '02 §2.3.2' }, (station) => {
  station.start();
  assert.equal(station.get('STATUS') & 0xc3, 0x83);
});

for (const [speed, bits] of [
  [0, 0x00],
  [1, 0x40],
  [2, 0x80],
] as const) {
  conformance(`CTRL.FRCSPD shows speed ${speed} in STATUS`, { area: PHY, evidence: '02 §2.3.2' }, (station) => {
    station.start();
    station.change('CTRL', 0x300, (1 << 11) | (speed << 8));
    assert.equal(station.get('STATUS') & 0xc0, bits);
  });
}

conformance(
  'advertising no gigabit gives 100 Mb/s',
  { area: PHY, evidence: '08 §8.2', expect: { qemu: 'q-phy-speed' } },
  (station) => {
    station.start();
    phyWrite(station.pf, 9, 0);
    restartNegotiation(station.pf);
    station.wait(NEGOTIATION_NS);
    const status = station.get('STATUS') & 0xc2;
    phyWrite(station.pf, 9, 0x0f00);
    restartNegotiation(station.pf);
    assert.equal(status, 0x42);
  },
);

conformance(
  'BMCR power down takes the link',
  { area: PHY, evidence: '08 §8.2, linux', expect: { qemu: 'q-phy-power' } },
  (station) => {
    station.start();
    phyWrite(station.pf, 0, 0x1940);
    const status = station.get('STATUS') & 2;
    restartNegotiation(station.pf);
    assert.equal(status, 0);
  },
);

for (const [pair, number] of [
  ['A', 0x11b1],
  ['B', 0x12b1],
  ['C', 0x14b1],
  ['D', 0x18b1],
] as const) {
  conformance(
    `the gain of pair ${pair} is one that drivers know a length for`,
    { area: PHY, evidence: '08 §8.2, linux, dpdk' },
    (station) => {
      station.start();
      const gain = phyReadPaged(station.pf, number) >>> 9;
      assert.ok(gain > 0 && gain < 113, `${gain}`);
    },
  );
}

conformance('the polarity of no pair is reversed', { area: PHY, evidence: '08 §8.2, linux, dpdk' }, (station) => {
  station.start();
  assert.equal(phyReadPaged(station.pf, 0xb4) & 0x78, 0);
  assert.equal(phyRead(station.pf, 17) & 2, 0);
});

conformance('register 19: no downshift', { area: PHY, evidence: '08 §8.2, linux, dpdk' }, (station) => {
  station.start();
  assert.equal(phyRead(station.pf, 19) & 0x8000, 0);
});

conformance(
  'MDI-X: forced by register 18, and shown in 17',
  { area: PHY, evidence: '08 §8.2, linux, dpdk', expect: { qemu: 'q-phy-mdix' } },
  (station) => {
    station.start();
    const shown = [0x2000, 0, 0x1000].map((control) => {
      phyWrite(station.pf, 18, control);
      return phyRead(station.pf, 17) & 0x0800;
    });
    phyWrite(station.pf, 18, 0);
    assert.deepEqual(shown, [0x0800, 0, 0]);
  },
);

conformance(
  'registers 20 and 27 keep what the set-up script writes (igb_phy_init_script_igp3), until the PHY is reset',
  { area: PHY, evidence: 'linux, dpdk', expect: { qemu: 'q-phy-pages' } },
  (station) => {
    station.start();
    phyWrite(station.pf, 20, 0x0045);
    phyWrite(station.pf, 27, 0x2080);
    const kept = [phyRead(station.pf, 20), phyRead(station.pf, 27)];
    phyWrite(station.pf, 0, 0x9140);
    station.wait(NEGOTIATION_NS);
    assert.deepEqual([...kept, phyRead(station.pf, 20), phyRead(station.pf, 27)], [0x0045, 0x2080, 0, 0]);
  },
);

conformance(
  'a register of a page is none of page 0, and keeps what is written',
  { area: PHY, evidence: '08 §8.2, linux, dpdk', expect: { qemu: 'q-phy-pages' } },
  (station) => {
    station.start();
    const before = phyRead(station.pf, 25);
    phyWritePaged(station.pf, 0x2f59, 0x9018);
    assert.deepEqual([phyReadPaged(station.pf, 0x2f59), phyRead(station.pf, 25)], [0x9018, before]);
  },
);

conformance(
  'PHY loopback: what is sent comes back, nothing is on the wire',
  { area: PHY, evidence: '08 §8.2, linux self-test' },
  (station) => {
    const { tx, rx } = station.open();
    phyWrite(station.pf, 0, 0x4140);
    station.wait(1e6);
    const frame = ethernet(STATION);
    tx.send(frame);
    const back = rx.frames();
    const wire = station.wire.take().length;
    restartNegotiation(station.pf);
    assert.deepEqual([back, wire], [[frame], 0]);
  },
);

conformance('MAC loopback: the same by RCTL.LBM', { area: PHY, evidence: '05 §5.7' }, (station) => {
  const { tx, rx } = station.open({ rctl: 1 << 6 });
  const frame = ethernet(BROADCAST);
  tx.send(frame);
  assert.deepEqual([rx.frames(), station.wire.take()], [[frame], []]);
});

const NVM = 'NVM';
function eerd(station: Station, word: number): number {
  station.set('EERD', (word << 2) | 1);
  const answer = station.get('EERD');
  assert.equal(answer & 2, 2, 'DONE');
  return answer >>> 16;
}

conformance('words 0 to 2 are the address', { area: NVM, evidence: '08 §8.3' }, (station) => {
  assert.deepEqual(
    [0, 1, 2].map((word) => eerd(station, word)),
    [0x5452, 0x1200, 0x5634],
  );
});

conformance('words 0 to 3F add up to BABA', { area: NVM, evidence: '08 §8.3, linux' }, (station) => {
  let sum = 0;
  for (let word = 0; word < 64; word += 1) sum += eerd(station, word);
  assert.equal(sum & 0xffff, 0xbaba);
});

for (const [name, word, value] of [
  ['compatibility', 0x03, 0x0d34],
  ['device', 0x0d, 0x10c9],
  ['subsystem vendor', 0x0c, 0x8086],
  ['VF device', 0x26, 0x10ca],
  ['no alternate address', 0x37, 0xffff],
] as const) {
  conformance(`word ${word.toString(16)}: ${name}`, { area: NVM, evidence: '08 §8.3' }, (station) => {
    assert.equal(eerd(station, word), value);
  });
}

conformance(
  'EECD.GNT follows REQ',
  { area: NVM, evidence: '08 §8.3, linux', expect: { qemu: 'q-eecd' } },
  (station) => {
    station.change('EECD', 0, 0x40);
    assert.equal(station.get('EECD') & 0x80, 0x80);
    station.change('EECD', 0x40, 0);
    assert.equal(station.get('EECD') & 0x80, 0);
  },
);

/** Clocks bytes out to the serial part; CS is bit 1, low selects. */
function spi(station: Station, out: readonly number[], answers: number): number[] {
  const base = station.get('EECD') & ~0xf;
  const pins = (bits: number): void => station.set('EECD', base | bits);
  pins(0);
  for (const byte of out) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const data = ((byte >>> bit) & 1) << 2;
      pins(data);
      pins(data | 1);
    }
  }
  const got: number[] = [];
  for (let n = 0; n < answers; n += 1) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      pins(0);
      pins(1);
      byte = (byte << 1) | ((station.get('EECD') >>> 3) & 1);
    }
    got.push(byte);
  }
  pins(0);
  pins(2);
  return got;
}

conformance(
  'the serial part reads what EERD reads',
  { area: NVM, evidence: '08 §8.3, linux', expect: { qemu: 'q-eecd' } },
  (station) => {
    station.change('EECD', 0, 0x42);
    assert.deepEqual(spi(station, [3, 0, 0], 6), [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]);
  },
);

conformance(
  'the serial part is written after WREN, and EERD sees it',
  { area: NVM, evidence: '08 §8.3, linux ethtool -E', expect: { qemu: 'q-eecd' } },
  (station) => {
    station.change('EECD', 0, 0x42);
    const before = eerd(station, 0x50);
    const write = (value: number): void => {
      spi(station, [6], 0);
      spi(station, [2, 0, 0xa0, value & 0xff, value >>> 8], 0);
      station.wait(10e6);
    };
    write(0xbeef);
    const written = eerd(station, 0x50);
    write(before);
    assert.equal(written, 0xbeef);
  },
);

conformance('the serial part ignores WRITE without WREN', { area: NVM, evidence: '08 §8.3' }, (station) => {
  station.change('EECD', 0, 0x42);
  const before = eerd(station, 0x50);
  spi(station, [2, 0, 0xa0, 0x12, 0x34], 0);
  station.wait(10e6);
  assert.equal(eerd(station, 0x50), before);
});

const SEMAPHORES = 'semaphores';

conformance(
  'SWSM.SMBI: who reads 0 has it, all others read 1',
  { area: SEMAPHORES, evidence: '08 §8.3, linux' },
  (station) => {
    assert.deepEqual([station.get('SWSM') & 1, station.get('SWSM') & 1], [0, 1]);
    station.set('SWSM', 0);
    assert.equal(station.get('SWSM') & 1, 0);
    station.set('SWSM', 0);
  },
);

conformance('SWSM.SWESMBI sticks without firmware', { area: SEMAPHORES, evidence: '08 §8.3, linux' }, (station) => {
  station.get('SWSM');
  station.change('SWSM', 0, 2);
  assert.equal(station.get('SWSM') & 2, 2);
  station.set('SWSM', 0);
});

conformance('SW_FW_SYNC keeps who owns what', { area: SEMAPHORES, evidence: '08 §8.3, linux' }, (station) => {
  station.set('SW_FW_SYNC', 2);
  assert.equal(station.get('SW_FW_SYNC'), 2);
  station.set('SW_FW_SYNC', 0);
});

const TIME = 'time stamps';
/** 16 ns a period, 2^19 to the nanosecond. */
const NANOSECONDS = 0x0180_0000;

function systim(station: Station): number {
  const low = station.get('SYSTIML');
  return (station.get('SYSTIMH') * 2 ** 32 + low) / 2 ** 19;
}

conformance('SYSTIM stands still while TIMINCA is 0', { area: TIME, evidence: '08 §8.7' }, (station) => {
  const before = systim(station);
  station.wait(1e6);
  assert.equal(systim(station), before);
});

conformance(
  'SYSTIM counts nanoseconds as Linux sets it',
  { area: TIME, evidence: '08 §8.7, linux', without: { 'vfio-user': 'exact only in virtual time' } },
  (station) => {
    station.set('TIMINCA', NANOSECONDS);
    const before = systim(station);
    station.wait(1e6);
    assert.ok(Math.abs(systim(station) - before - 1e6) <= 16);
  },
);

conformance(
  'TIMINCA scales the rate',
  { area: TIME, evidence: '08 §8.7', without: { 'vfio-user': 'exact only in virtual time' } },
  (station) => {
    station.set('TIMINCA', NANOSECONDS + 0x0080_0000 / 2);
    const before = systim(station);
    station.wait(1e6);
    assert.ok(Math.abs(systim(station) - before - 1.5e6) <= 32);
  },
);

conformance(
  'TIMINCA rewritten does not make SYSTIM jump',
  { area: TIME, evidence: '08 §8.7, linux adjfine', expect: { qemu: 'q-timinca' } },
  (station) => {
    station.set('TIMINCA', NANOSECONDS);
    station.wait(10e6);
    const before = systim(station);
    station.set('TIMINCA', NANOSECONDS + 0x0040_0000);
    const after = systim(station);
    assert.ok(after >= before && after - before < 3e6, `${after - before} ns`);
  },
);

conformance('reading SYSTIML holds SYSTIMH', { area: TIME, evidence: '08 §8.7' }, (station) => {
  station.set('TIMINCA', NANOSECONDS);
  station.get('SYSTIML');
  const high = station.get('SYSTIMH');
  station.wait(20e6);
  assert.equal(station.get('SYSTIMH'), high);
});

conformance(
  'a transmitted frame with TSTAMP is stamped, and TXSTMPH frees the stamp',
  { area: TIME, evidence: '08 §8.7, linux' },
  (station) => {
    const { tx } = station.open();
    station.set('TIMINCA', NANOSECONDS);
    station.set('TSYNCTXCTL', 0x10);
    station.wait(1e6);
    tx.send(ethernet(STATION), TX.TSTAMP);
    station.wire.take();
    assert.equal(station.get('TSYNCTXCTL') & 1, 1);
    const low = station.get('TXSTMPL');
    assert.ok((station.get('TXSTMPH') * 2 ** 32 + low) / 2 ** 19 > 0);
    assert.equal(station.get('TSYNCTXCTL') & 1, 0);
  },
);

conformance('without TSTAMP nothing is stamped', { area: TIME, evidence: '08 §8.7' }, (station) => {
  const { tx } = station.open();
  station.set('TSYNCTXCTL', 0x10);
  tx.send(ethernet(STATION));
  station.wire.take();
  assert.equal(station.get('TSYNCTXCTL') & 1, 0);
});

/** A PTP message over Ethernet. */
const ptp = (type: number): Uint8Array =>
  ethernet('01:1b:19:00:00:00', {
    type: 0x88f7,
    payload: [type, 2, 0, 44, ...Array.from({ length: 40 }, (_, n) => n)],
    length: 64,
  });

/** As Linux sets L2 event messages of version 2 up. */
function openPtp(station: Station): ReturnType<Station['open']> {
  const rings = station.open({ rctl: 1 << 4 });
  station.set('TIMINCA', NANOSECONDS);
  station.set('ETQF', 0x4400_88f7, 3);
  station.set('TSYNCRXCFG', 0);
  station.set('TSYNCRXCTL', 0x1a);
  station.wait(1e6);
  return rings;
}

for (const [name, type, qemu] of [
  ['Sync', 0, undefined],
  ['Delay_Req', 1, 'q-ptp-messages'],
  ['Pdelay_Req', 2, 'q-ptp-messages'],
  ['Pdelay_Resp', 3, 'q-ptp-messages'],
] as const) {
  conformance(
    `event V2: ${name} is stamped`,
    { area: TIME, evidence: '08 §8.7, linux', ...(qemu === undefined ? {} : { expect: { qemu } }) },
    (station) => {
      const { rx } = openPtp(station);
      station.wire.send(ptp(type));
      assert.equal(rx.take()[0]!.status & RX.TS, RX.TS);
      assert.equal(station.get('TSYNCRXCTL') & 1, 1);
    },
  );
}

conformance('event V2: Follow_Up is not stamped', { area: TIME, evidence: '08 §8.7' }, (station) => {
  const { rx } = openPtp(station);
  station.wire.send(ptp(8));
  assert.equal(rx.take()[0]!.status & RX.TS, 0);
});

conformance(
  'one stamp at a time: it waits for RXSTMPH',
  { area: TIME, evidence: '08 §8.7, linux', expect: { qemu: 'q-rx-stamp-release' } },
  (station) => {
    const { rx } = openPtp(station);
    station.wire.send(ptp(0));
    station.wire.send(ptp(0));
    assert.deepEqual(
      rx.take().map(({ status }) => (status & RX.TS) !== 0),
      [true, false],
    );
    station.get('RXSTMPL');
    station.get('RXSTMPH');
    station.wire.send(ptp(0));
    assert.equal(rx.take()[0]!.status & RX.TS, RX.TS);
  },
);

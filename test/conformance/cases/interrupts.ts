/** Causes, masks, vectors, throttles, in the three modes. */
import assert from 'node:assert/strict';
import { ethernet, poolAddress, STATION } from '../frames.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const LEGACY = 'legacy causes';
const MSIX = 'MSI-X';
const THROTTLE = 'throttles';
const TXDW = 1;
const LSC = 4;
const RXDMT0 = 0x10;
const RXO = 0x40;
const RXDW = 0x80;
const MDAC = 0x200;
const INTA = 0x8000_0000;
const EIAME = 1 << 30;
const NSICR = 1;
const frame = ethernet(STATION);

conformance('ICS sets causes', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.set('ICS', LSC | RXDW);
  assert.equal(station.get('ICR') & 0x7fff_ffff, LSC | RXDW);
});

conformance(
  'ICS reads as ICR, without clearing',
  { area: LEGACY, evidence: '06 §6.5, linux ethtool -d', expect: { qemu: 'q-ics-read' } },
  (station) => {
    station.set('ICS', LSC);
    assert.equal(station.get('ICS') & 0x7fff_ffff, LSC);
    assert.equal(station.get('ICR') & LSC, LSC);
  },
);

conformance(
  'EICS reads as EICR, without clearing',
  { area: LEGACY, evidence: '06 §6.5, linux ethtool -d', expect: { qemu: 'q-ics-read' } },
  (station) => {
    station.openMsix();
    station.set('EICS', 0x12);
    assert.equal(station.get('EICS'), 0x12);
    assert.equal(station.get('EICR'), 0x12);
  },
);

conformance(
  'reading ICR clears it while nothing is enabled',
  { area: LEGACY, evidence: '06 §6.5, ipxe' },
  (station) => {
    station.set('ICS', LSC);
    station.get('ICR');
    assert.equal(station.get('ICR'), 0);
  },
);

conformance('writing ones to ICR clears them', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.set('ICS', LSC | RXDW);
  station.set('ICR', LSC);
  assert.equal(station.get('ICR') & (LSC | RXDW), RXDW);
});

conformance('IMS adds, IMC takes away, both read the mask', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.set('IMS', 0x94);
  station.set('IMS', 0x101);
  station.set('IMC', 0x14);
  assert.deepEqual([station.get('IMS'), station.get('IMC')], [0x181, 0x181]);
});

conformance('IMS keeps the causes that the chip has', { area: LEGACY, evidence: '06 §6.2, linux' }, (station) => {
  station.set('IMS', 0xffff_ffff);
  assert.equal(station.get('IMS'), 0x77d4_fbfd);
});

conformance(
  'a transmitted frame raises TXDW',
  { area: LEGACY, evidence: '06 §6.2, 11.2', expect: { qemu: 'q-txdw' } },
  (station) => {
    const { tx } = station.open();
    station.get('ICR');
    tx.send(frame);
    assert.equal(station.get('ICR') & TXDW, TXDW);
  },
);

conformance('a transmitted frame raises TXDW with its IVAR set', { area: LEGACY, evidence: '06 §6.2' }, (station) => {
  const { tx } = station.open();
  station.set('IVAR', 0x8080);
  station.get('ICR');
  tx.send(frame);
  assert.equal(station.get('ICR') & TXDW, TXDW);
});

conformance('a received frame raises RXDW', { area: LEGACY, evidence: '06 §6.2' }, (station) => {
  station.open();
  station.get('ICR');
  station.wire.send(frame);
  assert.equal(station.get('ICR') & RXDW, RXDW);
});

conformance('a frame that finds no descriptor raises RXO', { area: LEGACY, evidence: '04 §4.7' }, (station) => {
  // A second queue with room, so that the wire is not held.
  const { rx } = station.openPools({ pools: [1, 2], rx: { available: 1 } });
  rx[2]!.give(7);
  station.wire.send(ethernet(poolAddress(1)));
  station.get('ICR');
  station.wire.send(ethernet(poolAddress(1)));
  assert.equal(station.get('ICR') & RXO, RXO);
});

conformance(
  'RXDMT0 when the free descriptors come down to RDMTS times 16',
  { area: LEGACY, evidence: '03 §3.9' },
  (station) => {
    station.open({ rx: { size: 32, available: 18, srrctl: (1 << 25) | (1 << 20) | 2 } });
    station.get('ICR');
    station.wire.send(frame);
    assert.equal(station.get('ICR') & RXDMT0, 0);
    station.wire.send(frame);
    assert.equal(station.get('ICR') & RXDMT0, RXDMT0);
  },
);

conformance('MDIC.INT_EN raises MDAC', { area: LEGACY, evidence: '08 §8.1' }, (station) => {
  station.get('ICR');
  station.set('MDIC', (1 << 29) | (1 << 27) | (1 << 21) | (2 << 16));
  assert.equal(station.get('ICR') & MDAC, MDAC);
});

conformance('MSI: an enabled cause sends a message', { area: LEGACY, evidence: '06 §6.6' }, (station) => {
  station.machine.enableMsi();
  station.set('IMS', LSC);
  assert.deepEqual(station.pf.takeVectors(), []);
  station.set('ICS', LSC);
  assert.deepEqual(station.pf.takeVectors(), [0]);
});

conformance(
  'MSI: a masked cause sends nothing until it is enabled',
  { area: LEGACY, evidence: '06 §6.5' },
  (station) => {
    station.machine.enableMsi();
    station.set('ICS', LSC);
    assert.deepEqual(station.pf.takeVectors(), []);
    station.set('IMS', LSC);
    assert.deepEqual(station.pf.takeVectors(), [0]);
  },
);

conformance(
  'MSI: IAM masks what reading ICR acknowledges',
  { area: LEGACY, evidence: '06 §6.5, linux', expect: { qemu: 'q-iam' } },
  (station) => {
    station.machine.enableMsi();
    station.set('IMS', LSC | RXDW);
    station.set('IAM', LSC | RXDW);
    station.set('ICS', LSC);
    assert.deepEqual(station.pf.takeVectors(), [0]);
    assert.equal(station.get('ICR') & LSC, LSC);
    assert.equal(station.get('IMS'), 0);
  },
);

conformance('MSI: ICR.INTA is set with an enabled cause', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.machine.enableMsi();
  station.set('IMS', LSC);
  station.set('ICS', LSC);
  assert.equal((station.get('ICR') & INTA) >>> 0, INTA);
});

conformance(
  'ICR.INTA is not set with a masked cause',
  { area: LEGACY, evidence: '06 §6.5', expect: { qemu: 'q-inta' } },
  (station) => {
    station.machine.enableMsi();
    station.set('ICS', LSC);
    assert.equal(station.get('ICR') & INTA, 0);
  },
);

conformance(
  'MSI-X without GPIE.MULTIPLE_MSIX: every cause sends vector 0',
  { area: LEGACY, evidence: '06 §6.6, linux self-test' },
  (station) => {
    station.pf.enableMsix();
    station.set('IMS', LSC);
    station.set('ICS', LSC);
    assert.deepEqual(station.pf.takeVectors(), [0]);
    assert.equal(station.get('ICR') & LSC, LSC);
  },
);

for (const vector of [0, 1, 5, 9]) {
  conformance(`EICS sends vector ${vector}`, { area: MSIX, evidence: '06 §6.6' }, (station) => {
    station.openMsix();
    station.set('EIMS', 1 << vector);
    station.set('EICS', 1 << vector);
    assert.deepEqual(station.pf.takeVectors(), [vector]);
  });
}

conformance(
  'a vector that EIMS does not have is pending in EICR and comes with EIMS',
  { area: MSIX, evidence: '06 §6.6, linux' },
  (station) => {
    station.openMsix();
    station.set('EICS', 4);
    assert.deepEqual(station.pf.takeVectors(), []);
    station.set('EIMS', 4);
    assert.deepEqual(station.pf.takeVectors(), [2]);
  },
);

conformance('EIMS adds, EIMC takes away', { area: MSIX, evidence: '06 §6.5' }, (station) => {
  station.openMsix();
  station.set('EIMS', 0x31);
  station.set('EIMS', 0x100);
  station.set('EIMC', 0x11);
  assert.equal(station.get('EIMS'), 0x120);
});

conformance('a cause that stays in EICR sends no further message', { area: MSIX, evidence: '06 §6.6' }, (station) => {
  station.openMsix();
  station.set('EIMS', 2);
  station.set('EICS', 2);
  assert.deepEqual(station.pf.takeVectors(), [1]);
  station.set('EICS', 2);
  assert.deepEqual(station.pf.takeVectors(), []);
  station.set('EICR', 2);
  station.set('EICS', 2);
  assert.deepEqual(station.pf.takeVectors(), [1]);
});

conformance('EIAC clears the cause with its message', { area: MSIX, evidence: '06 §6.6' }, (station) => {
  station.openMsix();
  station.set('EIAC', 2);
  station.set('EIMS', 6);
  station.set('EICS', 6);
  station.pf.takeVectors();
  assert.equal(station.get('EICR'), 4);
});

conformance('EIAC can be cleared again', { area: MSIX, evidence: '06 §6.5', expect: { qemu: 'q-eiac' } }, (station) => {
  station.openMsix();
  station.set('EIAC', 6);
  station.set('EIAC', 2);
  assert.equal(station.get('EIAC'), 2);
});

conformance(
  'EIAC is stored without MULTIPLE_MSIX too',
  { area: MSIX, evidence: '06 §6.5', expect: { qemu: 'q-eiac' } },
  (station) => {
    station.set('EIAC', 6);
    assert.equal(station.get('EIAC'), 6);
  },
);

conformance(
  'EIAM stores what is written',
  { area: MSIX, evidence: '06 §6.5, linux', expect: { qemu: 'q-eiam' } },
  (station) => {
    station.openMsix();
    station.set('EIAM', 6);
    assert.equal(station.get('EIAM'), 6);
    station.set('EIAM', 1);
    assert.equal(station.get('EIAM'), 1);
  },
);

conformance(
  'EIAM with GPIE.EIAME masks the vector with its message',
  { area: MSIX, evidence: '06 §6.6, linux', expect: { qemu: 'q-eiam' } },
  (station) => {
    station.openMsix(EIAME);
    station.set('EIAC', 6);
    station.set('EIAM', 2);
    station.set('EIMS', 6);
    station.set('EICS', 6);
    assert.deepEqual(station.pf.takeVectors(), [1, 2]);
    assert.equal(station.get('EIMS'), 4);
  },
);

conformance('EIAM without GPIE.EIAME masks nothing', { area: MSIX, evidence: '06 §6.6' }, (station) => {
  station.openMsix();
  station.set('EIAC', 6);
  station.set('EIAM', 2);
  station.set('EIMS', 6);
  station.set('EICS', 6);
  assert.equal(station.get('EIMS'), 6);
});

conformance('reading EICR clears it', { area: MSIX, evidence: '06 §6.5' }, (station) => {
  station.openMsix();
  station.set('EICS', 0x1f);
  assert.deepEqual([station.get('EICR'), station.get('EICR')], [0x1f, 0]);
});

for (const [name, queue, shift] of [
  ['receive queue 0', 0, 0],
  ['receive queue 8', 8, 16],
] as const) {
  conformance(`IVAR gives ${name} its vector`, { area: MSIX, evidence: '06 §6.4' }, (station) => {
    station.openMsix();
    station.set('MRQC', queue === 0 ? 0 : 2);
    station.set('RXCSUM', 0x2300);
    const rx = station.rx(queue);
    station.start();
    if (queue !== 0) {
      station.set('RXDCTL', 0, 0);
      station.set('MRQC', 2 | (1 << 17));
      for (let word = 0; word < 32; word += 1) station.set('RETA', 0x0808_0808, word);
      for (let word = 0; word < 10; word += 1) station.set('RSSRK', 0x1234_5678, word);
    }
    station.set('IVAR', 0x83 << shift, 0);
    station.set('EIMS', 0x3ff);
    const ip = ethernet(STATION, {
      type: 0x0800,
      payload: [
        0x45,
        0,
        0,
        40,
        0,
        0,
        0x40,
        0,
        64,
        6,
        0,
        0,
        10,
        0,
        0,
        1,
        10,
        0,
        0,
        2,
        ...Array.from({ length: 12 }, () => 0),
        0x50,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
      ],
    });
    station.wire.send(ip);
    assert.equal(rx.take().length, 1);
    assert.deepEqual(station.pf.takeVectors(), [3]);
  });
}

for (const [queue, shift] of [
  [0, 8],
  [8, 24],
] as const) {
  conformance(`IVAR gives transmit queue ${queue} its vector`, { area: MSIX, evidence: '06 §6.4' }, (station) => {
    station.openMsix();
    station.start();
    const tx = station.tx(queue);
    station.set('IVAR', 0x84 << shift, 0);
    station.set('EIMS', 0x3ff);
    tx.send(frame);
    station.wire.take();
    assert.deepEqual(station.pf.takeVectors(), [4]);
  });
}

conformance('an IVAR entry that is not valid sends nothing', { area: MSIX, evidence: '06 §6.4' }, (station) => {
  station.openMsix();
  const { tx } = station.open();
  station.set('IVAR', 0x0404);
  station.set('EIMS', 0x3ff);
  tx.send(frame);
  station.wire.take();
  assert.deepEqual(station.pf.takeVectors(), []);
});

conformance('IVAR_MISC 15:8 gives other causes their vector', { area: MSIX, evidence: '06 §6.4, linux' }, (station) => {
  station.openMsix();
  station.set('IVAR_MISC', 0x87 << 8);
  station.set('EIMS', 0x3ff);
  station.set('IMS', LSC);
  station.set('ICS', LSC);
  assert.deepEqual(station.pf.takeVectors(), [7]);
});

conformance(
  'DRSTA is one of the other causes',
  { area: MSIX, evidence: '11.1 no. 11', expect: { qemu: 'q-drsta' } },
  (station) => {
    station.openMsix();
    station.set('IVAR_MISC', 0x87 << 8);
    station.set('EIMS', 0x3ff);
    station.set('IMS', 1 << 30);
    station.set('ICS', 1 << 30);
    assert.deepEqual(station.pf.takeVectors(), [7]);
  },
);

conformance('a masked legacy cause sends no vector', { area: MSIX, evidence: '06 §6.6' }, (station) => {
  station.openMsix();
  station.set('IVAR_MISC', 0x87 << 8);
  station.set('EIMS', 0x3ff);
  station.set('ICS', LSC);
  assert.deepEqual(station.pf.takeVectors(), []);
});

conformance('GPIE.NSICR: reading ICR clears with MSI-X too', { area: MSIX, evidence: '06 §6.5' }, (station) => {
  station.openMsix(NSICR);
  station.set('IMS', LSC);
  station.set('ICS', LSC);
  station.get('ICR');
  assert.equal(station.get('ICR'), 0);
});

conformance('without NSICR reading ICR leaves it with MSI-X', { area: MSIX, evidence: '06 §6.5' }, (station) => {
  station.openMsix();
  station.set('IMS', LSC);
  station.set('ICS', LSC);
  station.get('ICR');
  assert.equal(station.get('ICR') & LSC, LSC);
});

conformance(
  'a vector that is masked in its table is pending, and comes when it is unmasked',
  { area: MSIX, evidence: 'PCI' },
  (station) => {
    station.openMsix();
    station.pf.maskVector(1, true);
    station.set('EIMS', 2);
    station.set('EICS', 2);
    assert.deepEqual([station.pf.takeVectors(), station.pf.isPending(1)], [[], true]);
    station.pf.maskVector(1, false);
    assert.deepEqual([station.pf.takeVectors(), station.pf.isPending(1)], [[1], false]);
  },
);

conformance('PBACLR takes a pending vector back', { area: MSIX, evidence: '06 §6.6' }, (station) => {
  station.openMsix();
  station.pf.maskVector(1, true);
  station.set('EIMS', 2);
  station.set('EICS', 2);
  station.set('PBACLR', 2);
  assert.equal(station.pf.isPending(1), false);
  station.pf.maskVector(1, false);
  assert.deepEqual(station.pf.takeVectors(), []);
});

/** An event on vector 1, at once acknowledged. */
function event(station: Station): number[] {
  station.set('EICS', 2);
  return station.pf.takeVectors();
}

function openThrottled(station: Station, microseconds: number): void {
  station.openMsix();
  station.set('EIAC', 2);
  station.set('EIMS', 2);
  station.set('EITR', microseconds << 2, 1);
}

conformance(
  'a second event within EITR’s interval waits for its end',
  { area: THROTTLE, evidence: '06 §6.7' },
  (station) => {
    openThrottled(station, 8000);
    assert.deepEqual(event(station), [1]);
    assert.deepEqual(event(station), []);
    station.wait(40e6);
    assert.deepEqual(station.pf.takeVectors(), [1]);
  },
);

conformance(
  'EITR counts microseconds',
  {
    area: THROTTLE,
    evidence: '06 §6.7, linux',
    expect: { qemu: 'q-eitr-unit' },
    without: { 'vfio-user': 'exact only in virtual time' },
  },
  (station) => {
    openThrottled(station, 1000);
    event(station);
    event(station);
    station.wait(998e3);
    assert.deepEqual(station.pf.takeVectors(), []);
    station.wait(4e3);
    assert.deepEqual(station.pf.takeVectors(), [1]);
  },
);

conformance(
  'an interval without a second event ends without a message',
  { area: THROTTLE, evidence: '11.2', expect: { qemu: 'q-eitr-spurious' } },
  (station) => {
    openThrottled(station, 2000);
    assert.deepEqual(event(station), [1]);
    station.wait(20e6);
    assert.deepEqual(station.pf.takeVectors(), []);
  },
);

conformance('after the interval an event is sent at once', { area: THROTTLE, evidence: '06 §6.7' }, (station) => {
  openThrottled(station, 1000);
  event(station);
  station.wait(20e6);
  station.pf.takeVectors();
  station.wait(20e6);
  assert.deepEqual(event(station), [1]);
});

conformance('an EITR of 0 throttles nothing', { area: THROTTLE, evidence: '06 §6.7' }, (station) => {
  openThrottled(station, 0);
  assert.deepEqual([event(station), event(station), event(station)], [[1], [1], [1]]);
});

conformance('EITR holds back its own vector only', { area: THROTTLE, evidence: '06 §6.7' }, (station) => {
  openThrottled(station, 8000);
  station.set('EIAC', 6);
  station.set('EIMS', 6);
  event(station);
  station.set('EICS', 4);
  assert.deepEqual(station.pf.takeVectors(), [2]);
});

conformance(
  'many events in an interval are one message',
  {
    area: THROTTLE,
    evidence: '06 §6.7',
    without: { 'vfio-user': 'exact only in virtual time' },
    expect: { qemu: 'q-eitr-unit' },
  },
  (station) => {
    openThrottled(station, 100);
    let messages = 0;
    for (let step = 0; step < 1000; step += 1) {
      messages += event(station).length;
      station.wait(10e3);
      messages += station.pf.takeVectors().length;
    }
    assert.ok(messages > 95 && messages < 105, `${messages} messages in 10 ms`);
  },
);

conformance(
  'CTRL.RST lets a waiting message go nowhere',
  { area: THROTTLE, evidence: '11.2', expect: { qemu: 'q-eitr-reset' } },
  (station) => {
    openThrottled(station, 8000);
    event(station);
    event(station);
    station.set('CTRL', 1 << 26);
    station.wait(40e6);
    assert.deepEqual(station.pf.takeVectors(), []);
  },
);

/** MSI-X vectors: extended causes, masks, IVAR. */
import assert from 'node:assert/strict';
import { ethernet, STATION } from '../frames.ts';
import { conformance } from '../suite.ts';

const MSIX = 'MSI-X';
const LSC = 4;
const EIAME = 1 << 30;
const NSICR = 1;
const frame = ethernet(STATION);

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
